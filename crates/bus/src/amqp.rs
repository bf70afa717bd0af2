//! The bus over RabbitMQ. The only module of the workspace that knows lapin.
//!
//! One connection ([`link`]), a few publishing channels ([`publisher`]), one channel per consumer
//! ([`consumer`]). What is on the broker is declared in [`topology`].

mod attributes;
mod consumer;
mod failure;
mod link;
mod listener;
mod publisher;
mod topology;
mod unacked;
mod version;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use contracts::{
    Envelope, route,
    route::{QUEUES, Queue},
};
use futures_util::future::try_join_all;
use lapin::{Channel, options::BasicPublishOptions};
use tokio::{
    sync::{OnceCell, mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use crate::{AmqpOptions, Bus, BusError, Consumer, DEAD, QueueDepth, reading::Routes, telemetry};
use consumer::{AmqpConsumer, Source};
use failure::short;
use link::{Link, Pauses};
use listener::Listener;
use publisher::{Outcome, Parcel, Publisher, Request, WINDOW};

/// How long [`Bus::check`] waits, and an announcement for the socket.
const SHORT_PATIENCE: Duration = Duration::from_secs(5);

/// A queue that was deleted is not made again before this: RabbitMQ would take the consumers of the old queue,
/// which it has not yet told of the end, for consumers of the new one, and then never deliver to them.
const GONE_PAUSE: Duration = Duration::from_secs(1);

/// A bus over the broker that the options name. Declares every exchange and queue.
///
/// # Errors
/// [`BusError::Invalid`] for a URL of another form; [`BusError::Refused`] when the broker refuses us or
/// has a queue with other properties; [`BusError::Unavailable`] when it cannot be reached within the
/// patience.
pub async fn amqp(options: AmqpOptions) -> Result<Arc<dyn Bus>, BusError> {
    telemetry::describe();
    let (link, session) = Link::connect(&options).await?;
    let (requests, waiting) = mpsc::channel(64);
    let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
    for _ in 0..options.channels.max(1) {
        tokio::spawn(Publisher::new(link.clone(), waiting.clone(), options.patience)?.run());
    }
    let keeper = tokio::spawn(link.clone().keep(session));
    Ok(Arc::new(AmqpBus {
        link,
        requests,
        routes: Routes::default(),
        patience: options.patience,
        announcer: Mutex::default(),
        version: OnceCell::new(),
        keeper: Mutex::new(Some(keeper)),
    }))
}

/// Removes every exchange and queue with the options' prefix, and all messages in them. For tests, and for
/// giving up an installation that shares its virtual host with others.
///
/// # Errors
/// [`BusError::Invalid`] without a prefix: nobody should lose a whole installation to a default. Otherwise
/// as [`amqp()`].
pub async fn remove_topology(options: &AmqpOptions) -> Result<(), BusError> {
    if options.prefix.is_empty() {
        return Err(BusError::Invalid("only queues with a prefix can be removed".to_owned()));
    }
    let link = Link::new(options)?;
    let session = link.dial(1).await?;
    let removed = link.topology.remove(&session.channel().await?).await;
    session.close().await;
    removed
}

struct AmqpBus {
    link: Arc<Link>,
    requests: mpsc::Sender<Request>,
    routes: Routes,
    patience: Duration,
    /// The channel for announcements, without confirms, and the connection it belongs to.
    announcer: Mutex<Option<(u64, Channel)>>,
    version: OnceCell<String>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

impl AmqpBus {
    /// Publishes one window's worth, again and again until it is confirmed, refused or too late.
    async fn deliver(&self, parcels: Arc<[Parcel]>, deadline: Instant) -> Result<(), BusError> {
        let mut pauses = Pauses::default();
        let mut declared_again = false;
        loop {
            let session = self.link.session(deadline).await?;
            let (reply, answer) = oneshot::channel();
            let request = Request { parcels: parcels.clone(), reply };
            let outcome = timeout_at(deadline, async {
                self.requests.send(request).await.map_err(|_gone| BusError::Closed)?;
                answer.await.map_err(|_gone| BusError::Closed)
            });
            let outcome = outcome.await.map_err(|_elapsed| self.link.silence())??;
            match outcome {
                Outcome::Confirmed => return Ok(()),
                Outcome::Refused(reason) => return Err(BusError::Unavailable(reason)),
                Outcome::Returned(key) if declared_again => return Err(BusError::Unroutable { key }),
                Outcome::Returned(key) => {
                    tracing::warn!(key, "broker has no queue for a message, declaring all queues again");
                    declared_again = true;
                    sleep_until((Instant::now() + GONE_PAUSE).min(deadline)).await;
                    self.link.declare(&session).await?;
                }
                Outcome::Lost(reason) => {
                    tracing::debug!(reason, "publishing interrupted, trying again");
                    sleep_until((Instant::now() + pauses.next()).min(deadline)).await;
                }
            }
        }
    }

    fn parcel(&self, envelope: &Envelope) -> Result<Parcel, BusError> {
        Ok(Parcel {
            id: envelope.id.clone(),
            key: short(&envelope.routing_key())?,
            mandatory: !self.routes.of(envelope)?.is_empty(),
            properties: attributes::properties(envelope, true),
            body: envelope.body.clone(),
        })
    }

    async fn announcer(&self) -> Result<Channel, BusError> {
        let unavailable = || BusError::Unavailable("no connection to the broker to announce over".to_owned());
        let session = self.link.session_now().ok_or_else(unavailable)?;
        if session.connection.status().blocked() {
            return Err(unavailable());
        }
        if let Some((generation, channel)) = &*self.announcer.lock().unwrap_or_else(PoisonError::into_inner)
            && *generation == session.generation
            && channel.status().connected()
        {
            return Ok(channel.clone());
        }
        let channel = session.channel().await?;
        let present = (session.generation, channel.clone());
        *self.announcer.lock().unwrap_or_else(PoisonError::into_inner) = Some(present);
        Ok(channel)
    }
}

#[async_trait]
impl Bus for AmqpBus {
    async fn publish(&self, envelopes: &[Envelope]) -> Result<(), BusError> {
        let deadline = Instant::now() + self.patience;
        let mut windows = Vec::with_capacity(envelopes.len().div_ceil(WINDOW));
        for window in envelopes.chunks(WINDOW) {
            let parcels: Result<Vec<_>, _> = window.iter().map(|envelope| self.parcel(envelope)).collect();
            windows.push(self.deliver(parcels?.into(), deadline));
        }
        try_join_all(windows).await?;
        for envelope in envelopes {
            telemetry::published(&self.routes.of(envelope)?, 1);
        }
        Ok(())
    }

    async fn announce(&self, envelope: &Envelope) -> Result<(), BusError> {
        let channel = self.announcer().await?;
        let exchange = self.link.topology.exchange()?;
        let key = short(&envelope.routing_key())?;
        let properties = attributes::properties(envelope, false);
        let options = BasicPublishOptions::default();
        let sending = channel.basic_publish(exchange, key, options, &envelope.body, properties);
        match timeout(SHORT_PATIENCE, sending).await {
            Ok(Ok(_not_requested)) => {
                telemetry::published(&[], 1);
                Ok(())
            }
            Ok(Err(error)) => {
                self.link.suspect();
                Err(failure::explain("cannot announce", &error))
            }
            Err(_elapsed) => {
                Err(BusError::Unavailable("the announcement could not be sent in time".to_owned()))
            }
        }
    }

    async fn consume(&self, queue: &'static Queue, prefetch: u16) -> Result<Box<dyn Consumer>, BusError> {
        if self.link.is_closed() {
            return Err(BusError::Closed);
        }
        if queue.name != DEAD.name && !QUEUES.iter().any(|known| known.name == queue.name) {
            return Err(BusError::Invalid(format!("there is no queue {:?}", queue.name)));
        }
        let source = Source::Queue(self.link.topology.name(queue.name)?);
        let kinds = queue.kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let mut consumer = AmqpConsumer::new(self.link.clone(), queue.name, source, kinds, prefetch);
        // Without a connection the consumer begins when there is one.
        if self.link.session_now().is_some() {
            match consumer.subscribe().await {
                Err(error @ (BusError::Refused(_) | BusError::Closed)) => return Err(error),
                Err(error) => {
                    tracing::warn!(queue = queue.name, %error, "cannot consume yet, trying again");
                    self.link.suspect();
                }
                Ok(()) => {}
            }
        }
        Ok(Box::new(consumer))
    }

    async fn events(&self, kinds: &[&str]) -> Result<Box<dyn Consumer>, BusError> {
        let deadline = Instant::now() + self.patience;
        let kinds: Vec<_> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let mut pauses = Pauses::default();
        loop {
            self.link.session(deadline).await?;
            let mut consumer = AmqpConsumer::new(
                self.link.clone(),
                telemetry::EVENTS,
                Source::Listener,
                kinds.clone(),
                listener::PREFETCH,
            );
            match consumer.subscribe().await {
                Ok(()) => return Ok(Box::new(Listener::new(consumer))),
                Err(error @ BusError::Unavailable(_)) if Instant::now() < deadline => {
                    tracing::debug!(%error, "cannot listen yet, trying again");
                    self.link.suspect();
                    sleep_until((Instant::now() + pauses.next()).min(deadline)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        let session = self.link.session(Instant::now() + self.patience).await?;
        let channel = session.channel().await?;
        let mut depths = Vec::with_capacity(QUEUES.len() + 1);
        for name in QUEUES.iter().map(|queue| queue.name).chain([route::DEAD]) {
            let (ready, consumers) = self.link.topology.depth(&channel, name).await?;
            let (ready, consumers) = (u64::from(ready), u64::from(consumers));
            depths.push(QueueDepth { name: name.to_owned(), ready, unacked: None, consumers });
        }
        Ok(depths)
    }

    async fn check(&self) -> Result<String, BusError> {
        let deadline = Instant::now() + SHORT_PATIENCE;
        let session = self.link.session(deadline).await?;
        // Opening a channel is a round trip.
        timeout_at(deadline, session.channel()).await.map_err(|_elapsed| {
            BusError::Unavailable(format!(
                "the broker at {} did not answer within {SHORT_PATIENCE:?}",
                self.link.place()
            ))
        })??;
        Ok(self.version.get_or_init(|| version::ask(self.link.uri())).await.clone())
    }

    async fn close(&self) {
        self.link.close();
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(keeper) = keeper
            && keeper.await.is_err()
        {
            tracing::error!("the task that kept the connection had failed");
        }
    }
}

impl Drop for AmqpBus {
    fn drop(&mut self) {
        self.link.close();
    }
}
