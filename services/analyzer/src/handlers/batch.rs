//! Takes `batch.stored.v1`.
//! Reads the batch, what is missing of its contents' metrics, and their packs.
//! Writes the metrics and the end of the batch; with the last one the end of its revision.
//! Emits `revision.analyzed.v1`, `snapshot.ready.v1`, `reanalysis.finished.v1` when this was the last.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use contracts::{
    BatchId, Failure, Outgoing,
    messages::{BatchStored, ProgressReported, ReanalysisFinished, RevisionAnalyzed, SnapshotReady, Stage},
};
use jiff::Timestamp;
use store::{
    Tx,
    batches::{self, BatchEnd, BatchState},
    metrics::{self, Metric, Outcome},
    revisions::{self, Revision},
    snapshots,
};
use worker::{Commit, Handler, Meta};

use crate::{
    context::Context,
    work::{self, Missing},
};

pub(crate) struct Batch {
    pub(crate) context: Context,
}

#[async_trait]
impl Handler for Batch {
    type Message = BatchStored;

    async fn handle(&self, message: BatchStored, meta: &Meta) -> Result<Commit, Failure> {
        let Some(loaded) = self.load(message.batch).await? else {
            return Ok(Commit::skip("the batch is analysed, or its revision was started anew"));
        };
        let (bytes, begun) = (loaded.bytes(), Instant::now());
        let metrics = Arc::new(work::analyze(&self.context, loaded.missing).await?);
        crate::metrics::analyzed(&metrics, bytes, begun);
        let counted = count(&metrics);
        if let Some(revision) = &loaded.revision {
            self.context.progress.report(progress(revision, &counted, bytes)).await;
        }
        let (batch, now) = (message.batch, meta.now);
        Ok(Commit::save(move |tx| save(tx, batch, &metrics, &counted, now)))
    }
}

/// What one batch needs.
struct Loaded {
    missing: Vec<Missing>,
    revision: Option<Revision>,
}

impl Loaded {
    fn bytes(&self) -> u64 {
        self.missing.iter().map(|missing| missing.content.size).sum()
    }
}

/// How many contents of a batch were analysed, and how many not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted {
    analyzed: u64,
    failed: u64,
}

impl Batch {
    async fn load(&self, id: BatchId) -> Result<Option<Loaded>, Failure> {
        let loaded = self
            .context
            .store
            .read(move |tx| {
                let Some(batch) = batches::get(tx, id)?.filter(|batch| batch.state == BatchState::Stored)
                else {
                    return Ok(None);
                };
                let missing = work::missing(tx, &batch)?;
                let revision = match batch.revision {
                    Some(revision) => revisions::get(tx, revision)?,
                    None => None,
                };
                Ok(Some(Loaded { missing, revision }))
            })
            .await?;
        Ok(loaded)
    }
}

/// A content has failed when any of its analyzers has; skipped is no failure.
fn count(metrics: &[Metric]) -> Counted {
    let mut counted = Counted::default();
    for of_one in metrics.chunk_by(|one, next| (one.content, &one.hint) == (next.content, &next.hint)) {
        let failed = of_one.iter().any(|metric| matches!(metric.outcome, Outcome::Failed(_)));
        counted.failed += u64::from(failed);
        counted.analyzed += u64::from(!failed);
    }
    counted
}

fn save(
    tx: &mut Tx,
    batch: BatchId,
    metrics: &[Metric],
    counted: &Counted,
    now: Timestamp,
) -> Result<Vec<Outgoing>, Failure> {
    metrics::insert_many(tx, metrics)?;
    match batches::finish(tx, batch, counted.analyzed, counted.failed, now)? {
        BatchEnd::Gone | BatchEnd::Already | BatchEnd::More => Ok(Vec::new()),
        BatchEnd::LastOfRepair(repair) => Ok(vec![Outgoing::new(&ReanalysisFinished { repair })]),
        BatchEnd::LastOfRevision { revision, snapshot } => {
            let mut outgoing = vec![Outgoing::new(&RevisionAnalyzed { revision, snapshot })];
            if snapshots::ready_if_done(tx, snapshot, now)? {
                outgoing.push(Outgoing::new(&SnapshotReady { snapshot }));
            }
            Ok(outgoing)
        }
    }
}

/// Absolute figures as far as they are known before the commit: several batches of a revision may run at
/// once, so this lags by those.
fn progress(revision: &Revision, counted: &Counted, bytes: u64) -> ProgressReported {
    ProgressReported {
        snapshot: revision.snapshot,
        subject: revision.url.clone(),
        stage: Stage::Analyze,
        done: revision.analyzed + revision.failed + counted.analyzed + counted.failed,
        total: Some(revision.to_analyze),
        bytes,
        ended: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(content: i64, hint: &'static str, outcome: Outcome) -> Metric {
        Metric { content, hint: hint.into(), analyzer: "lines".into(), version: 1, outcome }
    }

    #[test]
    fn a_content_fails_once_however_many_analyzers_failed_on_it() {
        let failed = || Outcome::Failed("x".into());
        let ok = || Outcome::Ok("{}".into());
        let metrics = [
            metric(1, ".rs", ok()),
            metric(1, ".rs", failed()),
            metric(1, ".rs", failed()),
            metric(1, ".h", ok()),
            metric(2, ".rs", Outcome::Skipped("binary".into())),
        ];
        assert_eq!(count(&metrics), Counted { analyzed: 2, failed: 1 });
        assert_eq!(count(&[]), Counted::default());
    }
}
