//! The upkeep against everything that may go on beside it: nothing that is referred to ever goes, and nothing
//! that is not stays beyond the rules.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod faults;
mod model;
mod races;
mod repairs;
mod world;
