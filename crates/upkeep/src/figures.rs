//! What the upkeep counts. `docs/metrics.md` says what each figure means.

use metrics::{counter, gauge};
use runtime::metrics::names::{
    DEPOT_BYTES, DEPOT_COLLECTED_BYTES, DEPOT_COLLECTED_PACKS, DEPOT_COMPACTED_BYTES, DEPOT_COMPACTED_PACKS,
    DEPOT_DAMAGED_PACKS, DEPOT_DEAD_BYTES, DEPOT_KEPT_AFTER_ALL, DEPOT_PACKS, DEPOT_VERIFIED_BYTES,
};
use store::packs::{PackState, Totals};

use crate::{Collected, Compacted, Verified};

/// How much there is. A gauge has no need of more than 52 bits.
#[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
pub(crate) fn totals(totals: &[Totals]) {
    for state in PackState::ALL {
        let found = totals.iter().find(|one| one.state == *state);
        gauge!(DEPOT_PACKS, "state" => state.as_str()).set(found.map_or(0, |one| one.packs) as f64);
        gauge!(DEPOT_BYTES, "state" => state.as_str()).set(found.map_or(0, |one| one.bytes) as f64);
    }
    gauge!(DEPOT_DAMAGED_PACKS).set(totals.iter().map(|one| one.damaged).sum::<u64>() as f64);
}

/// A collection has ended.
pub(crate) fn collected(sum: &Collected) {
    counter!(DEPOT_COLLECTED_PACKS).increment(sum.packs);
    counter!(DEPOT_COLLECTED_BYTES).increment(sum.bytes);
    counter!(DEPOT_KEPT_AFTER_ALL).increment(sum.kept_after_all);
}

/// A compaction has ended.
#[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
pub(crate) fn compacted(sum: &Compacted) {
    counter!(DEPOT_COMPACTED_PACKS).increment(sum.emptied);
    counter!(DEPOT_COMPACTED_BYTES).increment(sum.emptied_bytes);
    gauge!(DEPOT_DEAD_BYTES).set(sum.dead_bytes as f64);
}

/// A verification has ended, of everything or of some packs.
#[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
pub(crate) fn verified(sum: &Verified, all: bool) {
    counter!(DEPOT_VERIFIED_BYTES).increment(sum.bytes);
    if all {
        gauge!(DEPOT_DAMAGED_PACKS).set(sum.damaged as f64);
    }
}
