//! A bus of either kind with nothing in it, and how to look into it.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use bus::{AmqpOptions, Bus, BusError, Consumer, Delivery, MemoryOptions};
use contracts::{
    Envelope, Lane,
    route::{self, QUEUES, Queue},
};
use futures_util::FutureExt;
use jiff::Timestamp;
use uuid::Uuid;

/// Long enough that only something broken takes longer.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// What the bus of a test is opened with.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) capacity: usize,
    pub(crate) delivery_limit: u32,
    pub(crate) patience: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { capacity: 10_000, delivery_limit: 20, patience: SOON }
    }
}

/// One bus under test.
pub(crate) struct Kit {
    pub(crate) name: &'static str,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) amqp: Option<AmqpOptions>,
}

impl Kit {
    /// What a program does that is stopped and started: the broker keeps what was not acknowledged. The
    /// queues in memory live as long as their process, so there only the consumers are new.
    pub(crate) async fn reopen(&mut self) {
        if let Some(options) = &self.amqp {
            self.bus.close().await;
            self.bus = bus::amqp(options.clone()).await.unwrap();
        }
    }

    /// Waits until a queue holds `ready` messages that nobody has taken.
    pub(crate) async fn wait_for_depth(&self, queue: &str, ready: u64) {
        let mut last = None;
        let reached = tokio::time::timeout(SOON, async {
            loop {
                let depths = self.bus.depths().await.unwrap();
                let depth = depths.into_iter().find(|depth| depth.name == queue).unwrap();
                if depth.ready == ready {
                    return;
                }
                last = Some(depth);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert!(reached.await.is_ok(), "{}: {queue} should hold {ready}, holds {last:?}", self.name);
    }
}

/// Runs a case on every bus there is.
pub(crate) async fn on_each(settings: Settings, case: impl AsyncFn(&mut Kit)) {
    let options = MemoryOptions {
        capacity: settings.capacity,
        delivery_limit: settings.delivery_limit,
        patience: settings.patience,
    };
    let mut kit = Kit { name: "memory", bus: bus::memory(options), amqp: None };
    println!("on memory");
    case(&mut kit).await;
    on_amqp(settings, case).await;
}

/// Runs a case on RabbitMQ, under a prefix of its own, if there is one.
pub(crate) async fn on_amqp(settings: Settings, case: impl AsyncFn(&mut Kit)) {
    let Some(options) = amqp_options(settings) else { return };
    let bus = bus::amqp(options.clone()).await.unwrap();
    let mut kit = Kit { name: "RabbitMQ", bus, amqp: Some(options.clone()) };
    println!("on RabbitMQ, prefix {}", options.prefix);
    let outcome = AssertUnwindSafe(case(&mut kit)).catch_unwind().await;
    kit.bus.close().await;
    bus::remove_topology(&options).await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// Options with a fresh prefix; `None`, said once per test, when no broker is named.
pub(crate) fn amqp_options(settings: Settings) -> Option<AmqpOptions> {
    let Some(url) = variable("STOCKTAKE_TEST_AMQP") else {
        let required = variable("STOCKTAKE_TEST_REQUIRE_SERVERS").is_some_and(|value| value == "1");
        assert!(!required, "STOCKTAKE_TEST_AMQP is not set, but servers are required");
        println!("not run: RabbitMQ (STOCKTAKE_TEST_AMQP is not set)");
        return None;
    };
    let mut options = AmqpOptions::new(url);
    options.prefix = format!("test-{}.", Uuid::now_v7().simple());
    "bus conformance".clone_into(&mut options.name);
    options.max_length = u32::try_from(settings.capacity).unwrap();
    options.delivery_limit = settings.delivery_limit;
    options.patience = settings.patience;
    Some(options)
}

#[expect(clippy::disallowed_methods, reason = "a test's servers are named in the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The queue with this name.
pub(crate) fn queue(name: &str) -> &'static Queue {
    QUEUES.iter().find(|queue| queue.name == name).unwrap()
}

/// A message of this kind whose body names `number`.
pub(crate) fn envelope(kind: &str, number: usize) -> Envelope {
    Envelope {
        id: format!("{number}-{}", Uuid::now_v7()),
        source: "stocktake/test".to_owned(),
        kind: kind.to_owned(),
        time: Timestamp::now(),
        traceparent: None,
        lane: Lane::Normal,
        attempt: 0,
        body: format!("{{\"number\":{number}}}").into_bytes(),
    }
}

/// `count` messages for the queue `analyzer`, or for `analyzer.urgent`.
pub(crate) fn batches(count: usize) -> Vec<Envelope> {
    (0..count).map(|number| envelope(route::BATCH_STORED, number)).collect()
}

/// The next delivery, which must come soon.
pub(crate) async fn next(consumer: &mut Box<dyn Consumer>) -> Delivery {
    tokio::time::timeout(SOON, consumer.next()).await.expect("a delivery in time").expect("an open bus")
}

/// The next `count` deliveries.
pub(crate) async fn take(consumer: &mut Box<dyn Consumer>, count: usize) -> Vec<Delivery> {
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        all.push(next(consumer).await);
    }
    all
}

/// The next `count` deliveries, acknowledged together.
pub(crate) async fn take_and_ack(consumer: &mut Box<dyn Consumer>, count: usize) -> Vec<Delivery> {
    let all = take(consumer, count).await;
    consumer.ack(&tags(&all)).await.unwrap();
    all
}

pub(crate) fn tags(deliveries: &[Delivery]) -> Vec<u64> {
    deliveries.iter().map(|delivery| delivery.tag).collect()
}

/// The ids of deliveries that are messages, sorted.
pub(crate) fn ids(deliveries: &[Delivery]) -> Vec<String> {
    let mut ids: Vec<_> =
        deliveries.iter().map(|delivery| delivery.content.as_ref().unwrap().id.clone()).collect();
    ids.sort();
    ids
}

/// The ids of envelopes, sorted.
pub(crate) fn sent_ids(envelopes: &[Envelope]) -> Vec<String> {
    let mut ids: Vec<_> = envelopes.iter().map(|envelope| envelope.id.clone()).collect();
    ids.sort();
    ids
}

/// The only message of a delivery that must be one.
pub(crate) fn id(delivery: &Delivery) -> &str {
    &delivery.content.as_ref().unwrap().id
}

/// Whether nothing comes although everything that was published before has long arrived: `probe` is
/// published afterwards and must be the very next.
pub(crate) async fn nothing_before(kit: &Kit, consumer: &mut Box<dyn Consumer>, probe: Envelope) {
    kit.bus.publish(std::slice::from_ref(&probe)).await.unwrap();
    let delivery = next(consumer).await;
    assert_eq!(id(&delivery), probe.id, "{}: something came before", kit.name);
    consumer.ack(&[delivery.tag]).await.unwrap();
}

pub(crate) fn is_closed(result: &Result<(), BusError>) -> bool {
    matches!(result, Err(BusError::Closed))
}
