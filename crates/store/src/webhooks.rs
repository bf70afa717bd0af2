//! Webhooks: who is told what over HTTP, and each try to tell it.
//!
//! Three aggregates. A [`subscriptions::Webhook`] is someone who wants to be told. A
//! [`deliveries::Delivery`] is one thing that one of them is told; it is written in the transaction that
//! makes it true, and its id stays the same at every try. A [`destinations::Destination`] is an origin
//! that deliveries go to: whoever holds its lease sends to it and nobody else, so that what an origin is
//! asked to bear is counted in one place, whoever submitted it.

pub mod deliveries;
pub mod destinations;
pub mod subscriptions;
