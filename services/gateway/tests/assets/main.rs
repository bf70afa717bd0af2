//! Assets and webhooks over HTTP: the old paths and the new ones, from a request to the last hook.

#![cfg(test)]

#[expect(dead_code, reason = "the other test program uses the rest of it")]
#[path = "../it/client.rs"]
mod client;
mod new;
mod old;
#[expect(dead_code, reason = "the courier's own tests use all of it")]
#[path = "../../../courier/tests/webhooks/receiver.rs"]
mod receiver;
mod support;
mod webhooks;
#[expect(dead_code, reason = "the other tests use all of it")]
#[path = "../it/world.rs"]
mod world;
