//! Takes messages from one queue of the broker, through lost connections.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, try_join_all},
};
use lapin::{
    Channel,
    options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions},
    types::{FieldTable, ShortString},
};
use tokio::time::sleep;

use super::{
    attributes,
    failure::explain,
    link::{Link, Pauses},
    unacked::{Settlement, Unacked},
};
use crate::{BusError, Consumer, Delivery, telemetry};

/// What is consumed.
#[derive(Clone)]
pub(super) enum Source {
    /// A durable queue, by its name on the broker.
    Queue(ShortString),
    /// A queue of our own, bound to the consumer's kinds.
    Listener,
}

/// A subscription on one channel; nothing of it outlives the channel.
struct Subscription {
    channel: Channel,
    stream: lapin::Consumer,
}

pub(super) struct AmqpConsumer {
    link: Arc<Link>,
    label: &'static str,
    source: Source,
    kinds: Arc<[String]>,
    prefetch: u16,
    unacked: Unacked,
    subscription: Option<Subscription>,
    /// Kept here while it runs, so that a dropped [`Consumer::next`] does not leave half of one behind.
    opening: Option<BoxFuture<'static, Result<Subscription, BusError>>>,
    pauses: Pauses,
}

impl AmqpConsumer {
    pub(super) fn new(
        link: Arc<Link>,
        label: &'static str,
        source: Source,
        kinds: Vec<String>,
        prefetch: u16,
    ) -> Self {
        Self {
            link,
            label,
            source,
            kinds: kinds.into(),
            prefetch: prefetch.max(1),
            unacked: Unacked::default(),
            subscription: None,
            opening: None,
            pauses: Pauses::default(),
        }
    }

    /// Subscribes now, on the present connection.
    pub(super) async fn subscribe(&mut self) -> Result<(), BusError> {
        self.subscription = Some(self.open().await?);
        Ok(())
    }

    fn open(&self) -> BoxFuture<'static, Result<Subscription, BusError>> {
        let (link, source, kinds) = (self.link.clone(), self.source.clone(), self.kinds.clone());
        let (prefetch, label) = (self.prefetch, self.label);
        async move {
            let session = link.session_whenever().await?;
            let channel = session.channel().await?;
            let queue = match source {
                Source::Queue(name) => name,
                Source::Listener => link.topology.declare_listener(&channel, &kinds).await?,
            };
            let doing = || format!("cannot consume {label}");
            channel
                .basic_qos(prefetch, BasicQosOptions::default())
                .await
                .map_err(|error| explain(&doing(), &error))?;
            let options = BasicConsumeOptions::default();
            let stream = channel
                .basic_consume(queue, ShortString::default(), options, FieldTable::default())
                .await
                .map_err(|error| explain(&doing(), &error))?;
            Ok(Subscription { channel, stream })
        }
        .boxed()
    }

    /// Opens again after a pause, declaring what may have been deleted.
    fn reopen(&mut self) -> BoxFuture<'static, Result<Subscription, BusError>> {
        let (pause, opening, link) = (self.pauses.next(), self.open(), self.link.clone());
        async move {
            sleep(pause).await;
            let session = link.session_whenever().await?;
            link.declare(&session).await?;
            opening.await
        }
        .boxed()
    }

    fn lost(&mut self, reason: Option<lapin::Error>) {
        match reason {
            Some(error) => tracing::warn!(queue = self.label, %error, "consuming interrupted"),
            None => tracing::warn!(queue = self.label, "consuming interrupted by the broker"),
        }
        self.subscription = None;
        self.unacked.restart();
        self.link.suspect();
    }

    fn take(&mut self, delivery: lapin::message::Delivery) -> Delivery {
        self.pauses = Pauses::default();
        let tag = self.unacked.hold(delivery.delivery_tag);
        telemetry::consumed(self.label);
        Delivery {
            tag,
            redelivered: delivery.redelivered,
            content: attributes::read(
                delivery.routing_key.as_str(),
                &delivery.properties,
                delivery.data,
                &self.kinds,
            ),
        }
    }

    /// Sends one frame for a run and one for each of the rest. A frame that cannot be sent is on a lost
    /// channel, where everything unacknowledged comes again anyway.
    async fn settle(&mut self, settlement: Settlement, how: How) {
        let Some(subscription) = &self.subscription else { return };
        let run = settlement.up_to.map(|tag| (tag, true));
        let single = settlement.single.iter().map(|tag| (*tag, false));
        let frames = run.into_iter().chain(single).map(|(tag, multiple)| {
            let channel = &subscription.channel;
            async move {
                match how {
                    How::Done => channel.basic_ack(tag, BasicAckOptions { multiple }).await,
                    How::Again => channel.basic_nack(tag, BasicNackOptions { multiple, requeue: true }).await,
                }
            }
        });
        if let Err(error) = try_join_all(frames).await {
            self.lost(Some(error));
        }
    }

    fn check_open(&self) -> Result<(), BusError> {
        if self.link.is_closed() { Err(BusError::Closed) } else { Ok(()) }
    }
}

/// What is said about a delivery.
#[derive(Clone, Copy)]
enum How {
    Done,
    Again,
}

#[async_trait]
impl Consumer for AmqpConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        let link = self.link.clone();
        loop {
            let Some(subscription) = &mut self.subscription else {
                let opening = match self.opening.take() {
                    Some(opening) => opening,
                    None => self.reopen(),
                };
                let opened = tokio::select! {
                    biased;
                    () = link.closed() => return None,
                    opened = self.opening.insert(opening) => opened,
                };
                self.opening = None;
                match opened {
                    Ok(subscription) => self.subscription = Some(subscription),
                    Err(BusError::Closed) => return None,
                    Err(error) => tracing::warn!(queue = self.label, %error, "cannot consume, trying again"),
                }
                continue;
            };
            let item = tokio::select! {
                biased;
                () = link.closed() => return None,
                item = subscription.stream.next() => item,
            };
            match item {
                Some(Ok(delivery)) => return Some(self.take(delivery)),
                Some(Err(error)) => self.lost(Some(error)),
                None => self.lost(None),
            }
        }
    }

    async fn ack(&mut self, tags: &[u64]) -> Result<(), BusError> {
        self.check_open()?;
        let settlement = self.unacked.settle(tags);
        telemetry::acked(self.label, settlement.count);
        self.settle(settlement, How::Done).await;
        Ok(())
    }

    async fn nack(&mut self, tags: &[u64]) -> Result<(), BusError> {
        self.check_open()?;
        let settlement = self.unacked.settle(tags);
        telemetry::returned(self.label, settlement.count);
        self.settle(settlement, How::Again).await;
        Ok(())
    }
}
