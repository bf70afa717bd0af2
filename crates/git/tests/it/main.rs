//! The crate against git itself: what git wrote is read, and what git says is what we say.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::string_slice,
    reason = "helpers of tests may panic; what is sliced is hexadecimal"
)]

mod archives;
mod directories;
mod held;
mod histories;
mod hostile;
mod http;
mod limits;
mod local;
mod other_transports;
mod packs;
mod support;
