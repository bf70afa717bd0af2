//! The exchanges and queues on the broker, all declared here.
//!
//! - `stocktake`: the durable topic exchange that everything is published to.
//! - One quorum queue per entry of [`route::QUEUES`], bound to its routing keys. When it holds its
//!   maximum length it refuses more (the publisher's confirm is negative), and what was delivered in vain
//!   too often moves, without ever being in no queue, to
//! - `stocktake.dead`, a fan-out exchange with one quorum queue of the same name, without a bound: what
//!   arrives there waits for a person.
//!
//! The broker refuses to declare a queue again with other properties, so these are chosen for life.

use contracts::{
    Lane, route,
    route::{QUEUES, Queue},
};
use lapin::{
    Channel, ExchangeKind,
    options::{
        ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions,
        QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable, ShortString},
};

use super::failure::{explain, short};
use crate::{AmqpOptions, BusError};

/// How many events wait for one listener before it loses the oldest.
const LISTENER_LENGTH: i32 = 10_000;

/// The names on the broker, and what the queues are declared with.
#[derive(Clone)]
pub(super) struct Topology {
    prefix: String,
    max_length: u32,
    delivery_limit: u32,
}

impl Topology {
    pub(super) fn new(options: &AmqpOptions) -> Self {
        let AmqpOptions { prefix, max_length, delivery_limit, .. } = options;
        Self { prefix: prefix.clone(), max_length: *max_length, delivery_limit: *delivery_limit }
    }

    /// The name of the exchange that everything is published to.
    pub(super) fn exchange(&self) -> Result<ShortString, BusError> {
        self.name(route::EXCHANGE)
    }

    /// The name on the broker of what we call `name`.
    pub(super) fn name(&self, name: &str) -> Result<ShortString, BusError> {
        short(&format!("{}{name}", self.prefix))
    }

    /// Declares everything that outlives a connection. Does nothing where it is there already.
    pub(super) async fn declare(&self, channel: &Channel) -> Result<(), BusError> {
        self.declare_exchange(channel, route::EXCHANGE, ExchangeKind::Topic).await?;
        self.declare_exchange(channel, route::DEAD, ExchangeKind::Fanout).await?;
        self.declare_queue(channel, route::DEAD, quorum(FieldTable::default())).await?;
        self.bind(channel, self.name(route::DEAD)?, route::DEAD, "").await?;
        for queue in QUEUES {
            self.declare_queue(channel, queue.name, self.arguments()).await?;
            for key in queue.routing_keys() {
                self.bind(channel, self.name(queue.name)?, route::EXCHANGE, &key).await?;
            }
        }
        Ok(())
    }

    /// Declares a queue that lives as long as this connection, bound to these kinds in both lanes.
    pub(super) async fn declare_listener(
        &self,
        channel: &Channel,
        kinds: &[String],
    ) -> Result<ShortString, BusError> {
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(LISTENER_LENGTH));
        arguments.insert("x-overflow".into(), text("drop-head"));
        let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..Default::default() };
        let queue = channel
            .queue_declare(ShortString::default(), options, arguments)
            .await
            .map_err(|error| explain("cannot declare a queue for events", &error))?;
        for kind in kinds {
            for lane in [Lane::Normal, Lane::Urgent] {
                self.bind(channel, queue.name().clone(), route::EXCHANGE, &route::key(kind, lane)).await?;
            }
        }
        Ok(queue.name().clone())
    }

    /// How many messages and consumers a durable queue has.
    pub(super) async fn depth(&self, channel: &Channel, name: &str) -> Result<(u32, u32), BusError> {
        let passive = QueueDeclareOptions { passive: true, durable: true, ..Default::default() };
        let queue = channel
            .queue_declare(self.name(name)?, passive, FieldTable::default())
            .await
            .map_err(|error| explain(&format!("cannot ask for the length of the queue {name}"), &error))?;
        Ok((queue.message_count(), queue.consumer_count()))
    }

    /// Removes everything that [`Self::declare`] makes, with every message in it.
    pub(super) async fn remove(&self, channel: &Channel) -> Result<(), BusError> {
        let queues = QUEUES.iter().map(|queue: &Queue| queue.name).chain([route::DEAD]);
        for name in queues {
            channel
                .queue_delete(self.name(name)?, QueueDeleteOptions::default())
                .await
                .map_err(|error| explain(&format!("cannot delete the queue {name}"), &error))?;
        }
        for name in [route::EXCHANGE, route::DEAD] {
            channel
                .exchange_delete(self.name(name)?, ExchangeDeleteOptions::default())
                .await
                .map_err(|error| explain(&format!("cannot delete the exchange {name}"), &error))?;
        }
        Ok(())
    }

    fn arguments(&self) -> FieldTable {
        let mut arguments = quorum(FieldTable::default());
        let mut set = |name: &str, value| {
            arguments.insert(name.into(), value);
        };
        set("x-delivery-limit", AMQPValue::LongUInt(self.delivery_limit));
        set("x-max-length", AMQPValue::LongUInt(self.max_length));
        // Refusing tells the publisher; the broker's default would drop the oldest and tell nobody.
        set("x-overflow", text("reject-publish"));
        set("x-dead-letter-exchange", text(&format!("{}{}", self.prefix, route::DEAD)));
        set("x-dead-letter-strategy", text("at-least-once"));
        arguments
    }

    async fn declare_exchange(
        &self,
        channel: &Channel,
        name: &str,
        kind: ExchangeKind,
    ) -> Result<(), BusError> {
        let options = ExchangeDeclareOptions { durable: true, ..Default::default() };
        channel
            .exchange_declare(self.name(name)?, kind, options, FieldTable::default())
            .await
            .map_err(|error| explain(&format!("cannot declare the exchange {}{name}", self.prefix), &error))
    }

    async fn declare_queue(
        &self,
        channel: &Channel,
        name: &str,
        arguments: FieldTable,
    ) -> Result<(), BusError> {
        let options = QueueDeclareOptions { durable: true, ..Default::default() };
        channel.queue_declare(self.name(name)?, options, arguments).await.map(drop).map_err(|error| {
            let name = format!("{}{name}", self.prefix);
            match explain(&format!("cannot declare the queue {name}"), &error) {
                BusError::Refused(reason) if reason.contains("PRECONDITION_FAILED") => {
                    BusError::Refused(format!(
                        "{reason}. It was made with other properties: stop every process, let the queue run \
                         empty, delete it (rabbitmqctl delete_queue {name}) and start again, or go back to \
                         the settings it was made with"
                    ))
                }
                other => other,
            }
        })
    }

    async fn bind(
        &self,
        channel: &Channel,
        queue: ShortString,
        exchange: &str,
        key: &str,
    ) -> Result<(), BusError> {
        let doing = format!("cannot bind the queue {queue} to {key:?}");
        channel
            .queue_bind(
                queue,
                self.name(exchange)?,
                short(key)?,
                QueueBindOptions::default(),
                FieldTable::default(),
            )
            .await
            .map_err(|error| explain(&doing, &error))
    }
}

fn quorum(mut arguments: FieldTable) -> FieldTable {
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}
