//! What `runtime` promises, seen from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    reason = "a test that panics has failed"
)]

mod admin;
mod config;
mod config_errors;
mod export;
mod faults;
mod health;
mod http;
mod supervise;
mod trace;
