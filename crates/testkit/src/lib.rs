//! What tests of more than one crate need: whole stacks to run on, and git repositories to feed them.
//!
//! For tests only: everything here panics when it cannot do what was asked, with the reason.
//!
//! ```no_run
//! # async fn test() {
//! testkit::on_each_stack(async |stack| {
//!     let repository = testkit::GitFixture::odd();
//!     // … use stack.store, stack.bus, stack.depot and repository.url()
//! })
//! .await;
//! # }
//! ```
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "this is part of tests, which fail and speak like this"
)]

mod git;
mod receiver;
mod servers;
mod stack;

pub use git::{GitFixture, TreeEntry};
pub use receiver::{Hit, Receiver, Reply};
pub use servers::Servers;
pub use stack::{Stack, on_each_stack, stacks};
