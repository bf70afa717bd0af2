//! What Stocktake's services say to each other: ids, messages, envelopes, routes and error kinds.
//!
//! This crate knows no database, no broker and no HTTP. Everything on the wire is declared here, and
//! `proto/` is generated from it.

pub mod envelope;
pub mod error;
pub mod events;
pub mod facts;
pub mod ids;
pub mod message;
pub mod messages;
pub mod oid;
pub mod policy;
pub mod repair;
pub mod route;
pub mod samples;

pub use envelope::{Envelope, Lane, Outgoing};
pub use error::{ErrorKind, Failure};
pub use facts::Facts;
pub use ids::*;
pub use message::Message;
pub use oid::Oid;
