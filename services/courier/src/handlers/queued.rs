//! Takes `webhooks.queued.v1`.
//! Reads nothing.
//! Writes that something is due to these destinations, and wakes the dispatcher.
//! Emits nothing.

use async_trait::async_trait;
use contracts::{Failure, messages::WebhooksQueued};
use store::{Store, webhooks::destinations};
use worker::{Commit, Handler, Meta};

use crate::webhooks::Context;

pub(crate) struct Queued {
    pub(crate) webhooks: Context,
    pub(crate) store: Store,
}

#[async_trait]
impl Handler for Queued {
    type Message = WebhooksQueued;

    async fn handle(&self, message: WebhooksQueued, meta: &Meta) -> Result<Commit, Failure> {
        // At once and not with the commit: the dispatcher that is woken here must find it. A second time
        // changes nothing.
        let now = meta.now;
        self.store
            .write(move |tx| destinations::touch(tx, &message.destinations, now).map_err(Failure::from))
            .await?;
        self.webhooks.bell.notify_one();
        Ok(Commit::skip("the dispatcher is woken"))
    }
}
