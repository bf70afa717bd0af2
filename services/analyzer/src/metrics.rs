//! What the analyzer counts. `docs/metrics.md` says what each figure means.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use metrics::{counter, histogram};
use runtime::metrics::names::{
    ANALYZED_BYTES, ASSET_FINDINGS, ASSET_SECONDS, ASSETS_CHECKED, BATCH_SECONDS, CONTENTS_ANALYZED,
};
use store::{
    assets::{Asset, AssetEnd},
    metrics::{Metric, Outcome},
};

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

/// Assets have gone through their checks, by now.
pub(crate) fn checked(ends: &[(Asset, AssetEnd)], now: Timestamp) {
    for (asset, end) in ends {
        let took = Duration::try_from(now.duration_since(asset.created_at)).unwrap_or_default();
        counter!(ASSETS_CHECKED, "kind" => asset.kind.clone(), "state" => end.state().as_str()).increment(1);
        histogram!(ASSET_SECONDS, "kind" => asset.kind.clone()).record(took);
        for (level, found) in [("error", &end.errors), ("warning", &end.warnings)] {
            for (key, texts) in found {
                counter!(ASSET_FINDINGS, "level" => level, "key" => key.clone())
                    .increment(texts.len() as u64);
            }
        }
    }
}
