//! How a bus is set up. Every option has a default that suits production.

use std::time::Duration;

const CAPACITY: usize = 10_000;
const DELIVERY_LIMIT: u32 = 20;
const PATIENCE: Duration = Duration::from_secs(30);

/// Options of [`memory()`](crate::memory()).
#[derive(Clone, Debug)]
pub struct MemoryOptions {
    /// How many messages may wait in each queue before publishing has to wait. The dead-letter queue lets
    /// go of its oldest instead.
    pub capacity: usize,
    /// How often a message may be handed back before it goes to the dead-letter queue.
    pub delivery_limit: u32,
    /// How long publishing waits for room before it fails.
    pub patience: Duration,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self { capacity: CAPACITY, delivery_limit: DELIVERY_LIMIT, patience: PATIENCE }
    }
}

/// Options of [`amqp()`](crate::amqp()).
#[derive(Clone)]
pub struct AmqpOptions {
    /// `amqp://USER:PASSWORD@HOST:PORT/VHOST`; a virtual host of `/` is written `%2f`. With `amqps` the
    /// broker's certificate must be one that the system trusts, or the file in `SSL_CERT_FILE`.
    pub url: String,
    /// What this connection is called in the broker's lists, for instance `analyzer`.
    pub name: String,
    /// Put before the name of every exchange and queue, so that several can share a virtual host.
    pub prefix: String,
    /// How many messages may wait in each queue before the broker refuses more. A property of the
    /// queues: must be the same for every process that shares them.
    pub max_length: u32,
    /// How often a message may be handed back before it goes to the dead-letter queue. Also a property
    /// of the queues.
    pub delivery_limit: u32,
    /// How long publishing waits for a lost connection before it fails.
    pub patience: Duration,
    /// How many channels publish side by side.
    pub channels: usize,
}

impl AmqpOptions {
    /// The defaults for the broker at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            name: "stocktake".to_owned(),
            prefix: String::new(),
            max_length: 500_000,
            delivery_limit: DELIVERY_LIMIT,
            patience: PATIENCE,
            channels: 4,
        }
    }
}

/// Options of [`open()`](crate::open()): what makes sense for whichever bus the URL names.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// See [`AmqpOptions::name`].
    pub name: String,
    /// See [`AmqpOptions::prefix`].
    pub prefix: String,
    /// See [`MemoryOptions::capacity`].
    pub capacity: usize,
    /// How long publishing waits, see both.
    pub patience: Duration,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { name: "stocktake".to_owned(), prefix: String::new(), capacity: CAPACITY, patience: PATIENCE }
    }
}

impl OpenOptions {
    pub(crate) fn memory(self) -> MemoryOptions {
        MemoryOptions { capacity: self.capacity, patience: self.patience, ..MemoryOptions::default() }
    }

    pub(crate) fn amqp(self, url: &str) -> AmqpOptions {
        AmqpOptions { name: self.name, prefix: self.prefix, patience: self.patience, ..AmqpOptions::new(url) }
    }
}
