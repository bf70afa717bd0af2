//! Takes what webhooks can be told of and nobody else here has to do with.
//! Reads the webhooks that want to know.
//! Writes deliveries to them.
//! Emits `webhooks.queued.v1`.

use std::marker::PhantomData;

use async_trait::async_trait;
use contracts::{
    Failure, Message,
    events::event_of,
    messages::{RevisionAnalyzed, SnapshotReady},
};
use serde_json::json;
use uuid::Uuid;
use worker::{Commit, Handler, Meta};

use crate::webhooks::fan_out::fan_out;

/// A message that is told on as it is.
pub(crate) trait Told: Message {
    /// What it is about.
    fn subject(&self) -> Uuid;
}

impl Told for RevisionAnalyzed {
    fn subject(&self) -> Uuid {
        self.revision.0
    }
}

impl Told for SnapshotReady {
    fn subject(&self) -> Uuid {
        self.snapshot.0
    }
}

pub(crate) struct Forward<M>(PhantomData<fn() -> M>);

impl<M> Forward<M> {
    pub(crate) const NEW: Self = Self(PhantomData);
}

#[async_trait]
impl<M: Told> Handler for Forward<M> {
    type Message = M;

    async fn handle(&self, message: M, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            fan_out(tx, event_of(M::KIND), Some(message.subject()), &json!(message), now)
        }))
    }
}
