//! Requests to addresses that strangers name: guarded, bounded in time and size.
//!
//! - A URL is `http` or `https`, without credentials.
//! - A name is resolved once for each connection, by us; answers that are not allowed are dropped, and
//!   what is left is what is connected to. A name that changes its mind between a check and the
//!   connection is judged by the answer that is connected to.
//! - Redirects are not followed ([`Client::post`]) or judged like the first URL ([`Client::get`]).
//! - No proxy of the environment, no cookies, no compression: what is counted is what comes.

mod answer;
mod client;
mod get;
mod resolver;
pub mod sign;

pub use answer::Answer;
pub use client::{Client, Options};
pub use get::{Fetched, Reach};
pub use resolver::{Lookup, System};
