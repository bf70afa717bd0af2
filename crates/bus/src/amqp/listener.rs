//! A subscription to events: a consumer that acknowledges by itself.
//!
//! The broker could do without acknowledgements, but would then send as fast as it can, and everything
//! would pile up in this process. This way no more than the prefetch is under way, and the queue on the
//! broker drops the oldest.

use async_trait::async_trait;

use super::consumer::AmqpConsumer;
use crate::{BusError, Consumer, Delivery};

pub(super) const PREFETCH: u16 = 256;
/// Acknowledged together. Less than the prefetch, or the last ones would never come.
const AT_ONCE: usize = 64;

pub(super) struct Listener {
    consumer: AmqpConsumer,
    taken: Vec<u64>,
}

impl Listener {
    pub(super) fn new(consumer: AmqpConsumer) -> Self {
        Self { consumer, taken: Vec::with_capacity(AT_ONCE) }
    }
}

#[async_trait]
impl Consumer for Listener {
    async fn next(&mut self) -> Option<Delivery> {
        if self.taken.len() >= AT_ONCE {
            let taken = std::mem::take(&mut self.taken);
            // Only a closed bus refuses, and then there is no next one either.
            self.consumer.ack(&taken).await.ok()?;
        }
        let delivery = self.consumer.next().await?;
        self.taken.push(delivery.tag);
        Some(delivery)
    }

    async fn ack(&mut self, _tags: &[u64]) -> Result<(), BusError> {
        Ok(())
    }

    async fn nack(&mut self, _tags: &[u64]) -> Result<(), BusError> {
        Ok(())
    }
}
