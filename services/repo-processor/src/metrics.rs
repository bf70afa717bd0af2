//! What the repo-processor counts. `docs/metrics.md` says what each figure means.

use std::time::Instant;

use metrics::{counter, histogram};
use runtime::metrics::names::{
    COMMITS_STORED, CONTENTS_STORED, FETCH_SECONDS, FETCHED_BYTES, NODES_STORED, PACKED_BYTES, VISITS,
};
use store::contents::ContentState;

/// What one transaction stores.
pub(crate) struct Stored {
    pub(crate) nodes: u64,
    /// The states of contents that were met for the first time.
    pub(crate) contents: Vec<ContentState>,
    /// Bytes of the pack.
    pub(crate) packed: u64,
}

impl Stored {
    /// It is committed.
    pub(crate) fn record(&self) {
        counter!(NODES_STORED).increment(self.nodes);
        counter!(PACKED_BYTES).increment(self.packed);
        for state in &self.contents {
            counter!(CONTENTS_STORED, "state" => state.as_str()).increment(1);
        }
    }
}

/// A visit went well; failures are counted as ended tasks.
pub(crate) fn visited(unchanged: bool) {
    counter!(VISITS, "outcome" => if unchanged { "unchanged" } else { "stored" }).increment(1);
}

/// So many commits of a history are stored.
pub(crate) fn commits(fresh: u64) {
    counter!(COMMITS_STORED).increment(fresh);
}

/// A fetch that was begun then is over.
pub(crate) fn fetched(begun: Instant) {
    histogram!(FETCH_SECONDS).record(begun.elapsed());
}

/// So many more bytes came.
pub(crate) fn received(bytes: u64) {
    counter!(FETCHED_BYTES).increment(bytes);
}
