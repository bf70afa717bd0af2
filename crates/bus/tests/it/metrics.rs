//! The counters count.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use contracts::route;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::kit::*;

/// Keeps counters by name and label.
#[derive(Clone, Default)]
struct Counters(Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>);

impl Counters {
    fn read(&self) -> BTreeMap<String, u64> {
        let counters = self.0.lock().unwrap();
        counters.iter().map(|(name, value)| (name.clone(), value.load(Ordering::Relaxed))).collect()
    }
}

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<_> = key.labels().map(|label| label.value().to_owned()).collect();
        let name = format!("{} {}", key.name(), labels.join(","));
        Counter::from_arc(self.0.lock().unwrap().entry(name).or_default().clone())
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn every_queue_has_its_counters() {
    let counters = Counters::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&counters, || {
        runtime.block_on(async {
            let bus = bus::memory(bus::MemoryOptions::default());
            bus.publish(&batches(5)).await.unwrap();
            bus.announce(&envelope(route::PROGRESS_REPORTED, 1)).await.unwrap();
            let mut consumer = bus.consume(queue("analyzer"), 10).await.unwrap();
            let held = tags(&take(&mut consumer, 4).await);
            consumer.ack(&held[..2]).await.unwrap();
            consumer.nack(&held[2..]).await.unwrap();
        });
    });
    let expected = [
        ("stocktake_bus_acked_total analyzer", 2),
        ("stocktake_bus_consumed_total analyzer", 4),
        ("stocktake_bus_published_total analyzer", 5),
        ("stocktake_bus_published_total events", 1),
        ("stocktake_bus_returned_total analyzer", 2),
    ];
    assert_eq!(counters.read(), expected.map(|(name, count)| (name.to_owned(), count)).into());
}
