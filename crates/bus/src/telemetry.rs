//! The bus's Prometheus counters.

use contracts::route::Queue;
use metrics::{counter, describe_counter};

const PUBLISHED: &str = "stocktake_bus_published_total";
const CONSUMED: &str = "stocktake_bus_consumed_total";
const ACKED: &str = "stocktake_bus_acked_total";
const RETURNED: &str = "stocktake_bus_returned_total";
const RECONNECTS: &str = "stocktake_bus_reconnects_total";

/// What stands in the `queue` label for messages that go to listeners and to no queue.
pub(crate) const EVENTS: &str = "events";

/// Says what each counter means; called whenever a bus is opened.
pub(crate) fn describe() {
    describe_counter!(PUBLISHED, "Messages accepted by the bus, per queue that took them");
    describe_counter!(CONSUMED, "Messages taken from a queue, counting every delivery");
    describe_counter!(ACKED, "Messages acknowledged");
    describe_counter!(RETURNED, "Messages handed back to be delivered again");
    describe_counter!(RECONNECTS, "Connections to the broker that were lost and made again");
}

/// Counts `count` messages with this routing key under each of the queues that take it.
pub(crate) fn published(queues: &[&'static Queue], count: u64) {
    if queues.is_empty() {
        counter!(PUBLISHED, "queue" => EVENTS).increment(count);
    }
    for queue in queues {
        counter!(PUBLISHED, "queue" => queue.name).increment(count);
    }
}

pub(crate) fn consumed(queue: &'static str) {
    counter!(CONSUMED, "queue" => queue).increment(1);
}

pub(crate) fn acked(queue: &'static str, count: usize) {
    counter!(ACKED, "queue" => queue).increment(count as u64);
}

pub(crate) fn returned(queue: &'static str, count: usize) {
    counter!(RETURNED, "queue" => queue).increment(count as u64);
}

pub(crate) fn reconnected() {
    counter!(RECONNECTS).increment(1);
}
