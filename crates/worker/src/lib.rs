//! The way of a message, written once: consume → inbox → handle → commit → publish → acknowledge.
//!
//! A service is a list of [`Handler`]s for short work and [`Job`]s for work that may take longer than a
//! minute. This crate knows neither messages nor services; it knows how their effects become durable:
//!
//! 1. A handler reads and works first. It returns a [`Commit`]: a closure that writes, and says what
//!    is to be published.
//! 2. One short transaction writes the inbox rows (these messages are done), the effects, and the
//!    outbox rows (what they say next). Deliveries that are ready together are committed together, and
//!    one by one when one of them fails.
//! 3. After the commit the deliveries are acknowledged, and the outbox rows go to the bus and are
//!    deleted once it has confirmed them.
//!
//! A crash between any two of these steps repeats what comes after it, and the inbox makes the
//! repetition a no-op. A [`Job`] holds a lease instead of a delivery: see [`job`].

mod commit;
pub mod engine;
mod group;
mod handler;
pub mod harness;
pub mod job;
pub mod process;
mod progress;
mod publisher;
mod queue;
mod retry;
mod service;
mod sweep;
mod telemetry;

pub use commit::Commit;
pub use engine::{Engine, Options, Recovery};
pub use handler::{Handler, Meta};
pub use job::{Job, Running, Wake};
pub use progress::Progress;
pub use retry::Retry;
pub use service::{Background, Service};
pub use sweep::{Periodic, Sweep, Tidy};
