//! Takes messages out of one queue in memory and keeps them until they are acknowledged.

use std::{collections::BTreeMap, mem, sync::Arc};

use async_trait::async_trait;
use tokio::sync::watch;

use super::queue::{Item, MemoryQueue};
use crate::{BusError, Consumer, Delivery, Foreign, reading, telemetry};

pub(super) struct MemoryConsumer {
    name: &'static str,
    queue: Arc<MemoryQueue>,
    /// Where messages go that were handed back more often than this; `None` hands back for ever.
    dead: Option<(Arc<MemoryQueue>, u32)>,
    kinds: Vec<String>,
    /// How many messages may be held; `None` for listeners, which hold none.
    prefetch: Option<usize>,
    held: BTreeMap<u64, Item>,
    last_tag: u64,
    closed: watch::Receiver<bool>,
}

impl MemoryConsumer {
    pub(super) fn new(
        name: &'static str,
        queue: Arc<MemoryQueue>,
        dead: Option<(Arc<MemoryQueue>, u32)>,
        kinds: Vec<String>,
        prefetch: u16,
        closed: watch::Receiver<bool>,
    ) -> Self {
        queue.consumer_came();
        let prefetch = Some(usize::from(prefetch.max(1)));
        Self { name, queue, dead, kinds, prefetch, held: BTreeMap::new(), last_tag: 0, closed }
    }

    /// One that needs no acknowledgement.
    pub(super) fn listener(
        name: &'static str,
        queue: Arc<MemoryQueue>,
        kinds: Vec<String>,
        closed: watch::Receiver<bool>,
    ) -> Self {
        let mut listener = Self::new(name, queue, None, kinds, 1, closed);
        listener.prefetch = None;
        listener
    }

    fn hold(&mut self, item: Item) -> Delivery {
        self.last_tag += 1;
        let redelivered = item.returns > 0;
        let envelope = item.envelope.clone();
        if self.prefetch.is_some() {
            self.held.insert(self.last_tag, item);
        } else {
            self.queue.done(1);
        }
        let content = match reading::objection(&envelope, &self.kinds) {
            None => Ok(envelope),
            Some(reason) => Err(Foreign {
                routing_key: envelope.routing_key(),
                headers: serde_json::json!({
                    "cloudEvents:id": envelope.id,
                    "cloudEvents:source": envelope.source,
                    "cloudEvents:type": envelope.kind,
                    "cloudEvents:time": envelope.time.to_string(),
                }),
                body: envelope.body,
                reason,
            }),
        };
        telemetry::consumed(self.name);
        Delivery { tag: self.last_tag, redelivered, content }
    }

    /// Puts messages back in front, or among the dead when that has happened too often.
    fn hand_back(&self, items: impl IntoIterator<Item = Item>) {
        let (mut again, mut buried) = (Vec::new(), 0);
        for mut item in items {
            item.returns += 1;
            match &self.dead {
                Some((dead, limit)) if item.returns > *limit => {
                    buried += 1;
                    tracing::warn!(
                        queue = self.name,
                        message_id = item.envelope.id,
                        returns = item.returns,
                        "message handed back too often, moved to the dead-letter queue"
                    );
                    if dead.add_dropping_oldest(item) {
                        tracing::warn!("dead-letter queue full, its oldest message was dropped");
                    }
                }
                _ => again.push(item),
            }
        }
        telemetry::returned(self.name, again.len() + buried);
        self.queue.done(buried);
        self.queue.put_back(again);
    }

    fn open(&self) -> Result<(), BusError> {
        if *self.closed.borrow() { Err(BusError::Closed) } else { Ok(()) }
    }
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        let full = self.prefetch.is_some_and(|prefetch| self.held.len() >= prefetch);
        let item = tokio::select! {
            biased;
            _ = self.closed.wait_for(|closed| *closed) => return None,
            // A full hand takes nothing, just as a broker gives nothing beyond the prefetch.
            item = self.queue.pop(), if !full => item,
        };
        Some(self.hold(item))
    }

    async fn ack(&mut self, tags: &[u64]) -> Result<(), BusError> {
        self.open()?;
        let done = tags.iter().filter(|tag| self.held.remove(tag).is_some()).count();
        self.queue.done(done);
        telemetry::acked(self.name, done);
        Ok(())
    }

    async fn nack(&mut self, tags: &[u64]) -> Result<(), BusError> {
        self.open()?;
        let mut tags = tags.to_vec();
        tags.sort_unstable();
        let items: Vec<_> = tags.iter().filter_map(|tag| self.held.remove(tag)).collect();
        self.hand_back(items);
        Ok(())
    }
}

impl Drop for MemoryConsumer {
    fn drop(&mut self) {
        let held = mem::take(&mut self.held);
        if !held.is_empty() {
            self.hand_back(held.into_values());
        }
        self.queue.consumer_went();
    }
}
