//! What the analyzer counts. `docs/metrics.md` says what each figure means.

use std::time::Instant;

use metrics::{counter, histogram};
use runtime::metrics::names::{ANALYZED_BYTES, BATCH_SECONDS, CONTENTS_ANALYZED};
use store::metrics::{Metric, Outcome};

/// A batch of so many bytes was analysed since `begun`.
pub(crate) fn analyzed(results: &[Metric], bytes: u64, begun: Instant) {
    for result in results {
        let outcome = match result.outcome {
            Outcome::Ok(_) => "ok",
            Outcome::Failed(_) => "failed",
            Outcome::Skipped(_) => "skipped",
        };
        counter!(CONTENTS_ANALYZED, "analyzer" => result.analyzer.to_string(), "outcome" => outcome)
            .increment(1);
    }
    counter!(ANALYZED_BYTES).increment(bytes);
    histogram!(BATCH_SECONDS).record(begun.elapsed());
}
