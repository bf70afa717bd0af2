//! Webhooks, from a row to a receiver: receivers of every kind, crashes at every point, and what is refused.

#![cfg(test)]

mod bad_receivers;
mod crashes;
mod limits;
mod subscriptions;
mod support;
