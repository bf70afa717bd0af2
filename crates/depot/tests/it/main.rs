//! What every depot must do, whatever it is kept in: one suite on a local directory and in memory, and on an S3
//! server when `STOCKTAKE_TEST_S3` names a bucket (`http://key:secret@host:port/bucket`).

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail and speak as tests do")]

mod backends;
mod crash;
mod damage;
mod hostile;
mod names;
mod owner;
mod samples;
mod suite;
