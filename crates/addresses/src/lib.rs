//! Which addresses of the network may be connected to on behalf of a stranger.
//!
//! Whoever hands us a URL chooses where we connect. [`is_internal`] knows the addresses that lead into
//! this machine, its network or nowhere; [`Allowed`] what an operator lets through all the same;
//! [`web_address`] reads a URL and refuses what can be refused without asking anyone. Pure functions:
//! whoever resolves a name has to ask [`Allowed::permits`] for each answer, and to connect to those
//! answers and no others.

mod allowed;
mod internal;
mod web;

pub use allowed::{Allowed, InvalidRange, Range};
pub use internal::is_internal;
pub use web::{Refused, origin_of, web_address};
