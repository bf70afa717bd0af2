//! What the indexer counts. `docs/metrics.md` says what each figure means.

use metrics::{counter, gauge};
use runtime::metrics::names::{FORGE_CALLS, FORGE_CALLS_LEFT, SOURCE_RECORDS, VISITS_PLANNED};
use store::{budgets::Budget, visits::PlanLane};

/// A call came to this.
pub(crate) fn called(forge: &str, outcome: &'static str) {
    counter!(FORGE_CALLS, "forge" => forge.to_owned(), "outcome" => outcome).increment(1);
}

/// What the ledger has after an answer.
pub(crate) fn left(budget: &Budget) {
    if let Some(remaining) = budget.remaining {
        let labels = [("forge", budget.key.forge.clone()), ("resource", budget.key.resource.clone())];
        gauge!(FORGE_CALLS_LEFT, &labels).set(remaining as f64);
    }
}

/// A page of a source of this kind is kept.
pub(crate) fn shown(kind: &'static str, found: u64, refused: u64) {
    for (outcome, count) in [("found", found), ("refused", refused)] {
        counter!(SOURCE_RECORDS, "kind" => kind, "outcome" => outcome).increment(count);
    }
}

/// Visits are put on their way.
pub(crate) fn planned(lane: PlanLane, visits: usize) {
    let lane = match lane {
        PlanLane::Asked => "asked",
        PlanLane::Fresh => "fresh",
        PlanLane::Due => "due",
    };
    counter!(VISITS_PLANNED, "lane" => lane).increment(visits as u64);
}
