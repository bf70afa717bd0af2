//! The bus: how messages get from one service to another.
//!
//! One trait, [`Bus`], with two implementations that pass the same conformance suite (`tests/it`):
//! [`memory()`] for everything in one process, and [`amqp()`] over RabbitMQ for services that run apart.
//! The routes and queues are those of [`contracts::route`]; nothing here knows what a message means.
//!
//! What a caller may rely on, whichever it is:
//! - **At least once.** A message that [`Bus::publish`] accepted is delivered until it is acknowledged.
//!   It may come twice; its id tells.
//! - **Nothing is unbounded.** Queues have a length, consumers a prefetch. A full queue makes the
//!   publisher wait, and in the end fail with a transient error; the outbox tries again.
//! - **Poison ends.** A message that was handed back too often goes to the dead-letter queue, which can
//!   be consumed like any other ([`DEAD`]).
//! - **Breaks are survived.** A lost connection is made again; publishing waits for it, consuming goes
//!   on after it, and acknowledgements from before it are void because their messages come again.

mod amqp;
mod error;
mod memory;
mod options;
mod reading;
mod telemetry;

use std::sync::Arc;

use async_trait::async_trait;
use contracts::{Envelope, Lane, route, route::Queue};

pub use amqp::{amqp, remove_topology};
pub use error::BusError;
pub use memory::memory;
pub use options::{AmqpOptions, MemoryOptions, OpenOptions};

/// The dead-letter queue as something to consume: what was handed back too often, of every kind.
pub static DEAD: Queue = Queue { name: route::DEAD, service: "", lane: Lane::Normal, kinds: &[] };

/// Carries messages between services.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Publishes every envelope: persistent, mandatory and confirmed. `Ok` means that each is safely in
    /// every queue that takes it, or that it is an event which no queue takes.
    ///
    /// Waits for a lost connection, and within one process for a full queue, but no longer than the
    /// configured patience; a broker refuses at once when a queue is full. After an error some of the
    /// envelopes may have been published all the same: publish all of them again later.
    ///
    /// # Errors
    /// [`BusError::Unroutable`] for a kind that no queue takes and that is no event;
    /// [`BusError::Unavailable`] when the broker does not take the messages now; [`BusError::Closed`]
    /// after [`Bus::close`].
    async fn publish(&self, envelopes: &[Envelope]) -> Result<(), BusError>;

    /// Tells whoever listens through [`Bus::events`] at this moment: not persistent, not confirmed, and not
    /// waiting for a lost connection. For progress, which may be lost.
    ///
    /// # Errors
    /// When it could not even be sent; most callers ignore that.
    async fn announce(&self, envelope: &Envelope) -> Result<(), BusError>;

    /// Consumes one of [`route::QUEUES`], or [`DEAD`], holding at most `prefetch` messages that are not
    /// acknowledged. 0 counts as 1.
    ///
    /// # Errors
    /// When the queue is unknown or its declaration is refused for good. An unreachable broker is no
    /// error here: the consumer starts once it is reached.
    async fn consume(&self, queue: &'static Queue, prefetch: u16) -> Result<Box<dyn Consumer>, BusError>;

    /// Listens to messages of these kinds from now on, in both lanes. Each listener gets its own copy of
    /// each. Transient: what is published while the listener is not connected is missed, and a listener
    /// that does not keep up loses the oldest. Nothing needs to be acknowledged.
    ///
    /// # Errors
    /// When the subscription is refused, or the broker cannot be reached within the patience.
    async fn events(&self, kinds: &[&str]) -> Result<Box<dyn Consumer>, BusError>;

    /// How much waits in each durable queue, the dead-letter queue last.
    ///
    /// # Errors
    /// When the broker cannot be reached within the patience.
    async fn depths(&self) -> Result<Vec<QueueDepth>, BusError>;

    /// Asks whether messages can be carried now, and by what: `in-process`, or `RabbitMQ 3.10.8`.
    ///
    /// # Errors
    /// When the broker does not answer within a few seconds.
    async fn check(&self) -> Result<String, BusError>;

    /// Stops: every [`Consumer::next`] gives `None`, nothing can be published any more, and what was not
    /// acknowledged stays in its queue. Finish and acknowledge work in hand before calling it.
    async fn close(&self);
}

/// Takes messages out of one queue.
#[async_trait]
pub trait Consumer: Send {
    /// The next message; waits for it, through lost connections too. `None` only after [`Bus::close`].
    /// Dropping the future before it is ready loses nothing.
    async fn next(&mut self) -> Option<Delivery>;

    /// Says that these messages are done. Tags that are unknown, or from before a lost connection, are
    /// ignored: in the latter case the message comes again.
    ///
    /// # Errors
    /// [`BusError::Closed`] after [`Bus::close`].
    async fn ack(&mut self, tags: &[u64]) -> Result<(), BusError>;

    /// Hands these messages back, to be delivered again; too often, and they go to [`DEAD`]. Tags are
    /// treated as in [`Consumer::ack`].
    ///
    /// # Errors
    /// [`BusError::Closed`] after [`Bus::close`].
    async fn nack(&mut self, tags: &[u64]) -> Result<(), BusError>;
}

/// A message that was taken and waits to be acknowledged.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Names this delivery to the consumer that gave it; never used twice by one consumer.
    pub tag: u64,
    /// Whether it may have been delivered before.
    pub redelivered: bool,
    /// The message, or what came instead of one.
    pub content: Result<Envelope, Foreign>,
}

/// Something in a queue that could not be understood as a message at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// The routing key it was published with.
    pub routing_key: String,
    /// Its headers and properties, as far as they have a JSON form.
    pub headers: serde_json::Value,
    /// Its body, untouched.
    pub body: Vec<u8>,
    /// Why it was not understood, in words for whoever published it.
    pub reason: String,
}

/// How much waits in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueDepth {
    /// The queue's name in [`route::QUEUES`], without the prefix.
    pub name: String,
    /// Messages that nobody has taken.
    pub ready: u64,
    /// Messages taken but not acknowledged, where the bus can tell.
    pub unacked: Option<u64>,
    /// How many consumers there are, in all processes.
    pub consumers: u64,
}

/// Opens the bus that `url` names: `memory:`, `amqp://…` or `amqps://…`.
///
/// # Errors
/// [`BusError::Invalid`] for another URL; otherwise as [`amqp()`].
pub async fn open(url: &str, options: OpenOptions) -> Result<Arc<dyn Bus>, BusError> {
    match url.split_once(':') {
        Some(("memory", _)) => Ok(memory(options.memory())),
        Some(("amqp" | "amqps", _)) => amqp(options.amqp(url)).await,
        _ => Err(BusError::Invalid(
            "the bus URL begins with none of the accepted forms: memory:, amqp://USER:PASSWORD@HOST:PORT/VHOST, \
             amqps://…"
                .to_owned(),
        )),
    }
}
