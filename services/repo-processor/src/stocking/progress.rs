//! Progress of a visit, for whoever watches.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use contracts::{
    SnapshotId,
    messages::{ProgressReported, Stage},
};
use git::Received;
use store::revisions::Revision;
use tokio::runtime::Handle;
use worker::{Progress, Running};

use crate::metrics;

/// Tells of bytes that come over the network.
pub(crate) struct FetchProgress {
    handle: Handle,
    progress: Progress,
    snapshot: SnapshotId,
    subject: Arc<str>,
    counted: AtomicU64,
}

impl FetchProgress {
    pub(crate) fn new(running: &Running, snapshot: SnapshotId) -> Self {
        Self {
            handle: Handle::current(),
            progress: running.progress.clone(),
            snapshot,
            subject: running.task.label.as_str().into(),
            counted: AtomicU64::new(0),
        }
    }
}

impl git::Progress for FetchProgress {
    fn received(&self, received: Received) {
        let before = self.counted.fetch_max(received.bytes, Ordering::Relaxed);
        metrics::received(received.bytes.saturating_sub(before));
        let report = ProgressReported {
            snapshot: self.snapshot,
            subject: self.subject.to_string(),
            stage: Stage::Fetch,
            done: received.objects,
            total: received.total_objects,
            bytes: received.bytes,
            ended: false,
        };
        self.handle.block_on(self.progress.report(report));
    }
}

/// Tells of files that are stored.
pub(super) struct StoreProgress<'a> {
    running: &'a Running,
    snapshot: SnapshotId,
    nodes: u64,
    bytes: u64,
}

impl<'a> StoreProgress<'a> {
    pub(super) fn new(running: &'a Running, revision: &Revision) -> Self {
        Self { running, snapshot: revision.snapshot, nodes: 0, bytes: 0 }
    }

    pub(super) async fn add(&mut self, nodes: u64, bytes: u64) {
        self.nodes += nodes;
        self.bytes += bytes;
        self.running.advance(self.nodes, 0);
        self.tell(false).await;
    }

    pub(super) async fn end(&mut self) {
        self.running.advance(self.nodes, self.nodes);
        self.tell(true).await;
    }

    async fn tell(&self, ended: bool) {
        let report = ProgressReported {
            snapshot: self.snapshot,
            subject: self.running.task.label.clone(),
            stage: Stage::Store,
            done: self.nodes,
            total: ended.then_some(self.nodes),
            bytes: self.bytes,
            ended,
        };
        self.running.progress.report(report).await;
    }
}
