//! What the courier counts. `docs/metrics.md` says what each figure means.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use runtime::metrics::names::{WEBHOOK_DESTINATIONS, WEBHOOK_SECONDS, WEBHOOK_TRIES, WEBHOOK_WAIT_SECONDS};
use store::webhooks::deliveries::Ended;

/// A webhook was told, or not, after having waited.
pub(crate) fn tried(ended: &Ended, waited: Duration, took: Duration) {
    let outcome = match ended {
        Ended::Delivered => "delivered",
        Ended::Again(_) => "again",
        Ended::Failed(_) => "failed",
    };
    counter!(WEBHOOK_TRIES, "outcome" => outcome).increment(1);
    histogram!(WEBHOOK_WAIT_SECONDS).record(waited);
    histogram!(WEBHOOK_SECONDS).record(took);
}

/// So many destinations are sent to.
pub(crate) fn destinations(count: usize) {
    gauge!(WEBHOOK_DESTINATIONS).set(u32::try_from(count).unwrap_or(u32::MAX));
}
