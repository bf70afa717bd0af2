//! Takes `revision.analyzed.v1`, `reanalysis.finished.v1` and `task.ended.v1`.
//! Reads the repair that waits for it, if one does.
//! Writes the repair's end; drops the snapshot of a repair that only mended contents.
//! Emits `repair.done.v1`.

use async_trait::async_trait;
use contracts::{
    Failure, Outgoing, RepairId, RevisionId,
    messages::{ReanalysisFinished, RevisionAnalyzed, TaskEnded},
};
use jiff::Timestamp;
use store::{
    Tx, batches,
    metrics::{self, Outcome},
    repairs::{self, RepairState},
    revisions::{self, Revision, RevisionState},
    snapshots::{self, SnapshotState},
    tasks,
};
use worker::{Commit, Handler, Meta};

use super::repair::end;

/// Repairs that one sweep looks at.
const MOST: u32 = 200;
/// Batches that are read at once.
const PAGE: u32 = 20;

pub(crate) struct RevisionDone;

#[async_trait]
impl Handler for RevisionDone {
    type Message = RevisionAnalyzed;

    async fn handle(&self, message: RevisionAnalyzed, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| match revisions::get(tx, message.revision)? {
            Some(revision) => end_of(tx, &revision, trouble_of(&revision).as_deref(), now),
            None => Ok(Vec::new()),
        }))
    }
}

pub(crate) struct ReanalysisDone;

#[async_trait]
impl Handler for ReanalysisDone {
    type Message = ReanalysisFinished;

    async fn handle(&self, message: ReanalysisFinished, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            if !is_running(tx, message.repair)? {
                return Ok(Vec::new());
            }
            let failed = still_failing(tx, message.repair)?;
            let trouble = (failed > 0).then(|| format!("{failed} contents could still not be analysed"));
            Ok(vec![end(tx, message.repair, trouble.as_deref(), now)?])
        }))
    }
}

pub(crate) struct TaskFailed;

#[async_trait]
impl Handler for TaskFailed {
    type Message = TaskEnded;

    async fn handle(&self, message: TaskEnded, meta: &Meta) -> Result<Commit, Failure> {
        if message.kind != "process" || message.state == "finished" {
            return Ok(Commit::skip("no repair waits for this"));
        }
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            let Some(task) = tasks::get(tx, message.task)? else { return Ok(Vec::new()) };
            match revisions::get(tx, RevisionId(task.subject))? {
                Some(revision) => {
                    let reason = message.reason.as_deref().unwrap_or("the visit was cancelled");
                    end_of(tx, &revision, Some(reason), now)
                }
                None => Ok(Vec::new()),
            }
        }))
    }
}

/// The check that a repair of analyses has to pass: how many of its contents have failed again.
fn still_failing(tx: &mut Tx, repair: RepairId) -> Result<usize, Failure> {
    let versions = analysis::versions();
    let (mut failed, mut after) = (0, None);
    loop {
        let page = batches::of_repair(tx, repair, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(failed) };
        after = Some(last.id);
        for batch in page {
            let ids: Vec<i64> = batch.items.iter().map(|(id, _)| *id).collect();
            for metric in metrics::of_contents(tx, &ids, &versions)? {
                let ours =
                    batch.items.iter().any(|(id, hint)| *id == metric.content && *hint == *metric.hint);
                failed += usize::from(ours && matches!(metric.outcome, Outcome::Failed(_)));
            }
        }
    }
}

/// Ends the repairs whose work has ended and whose message was lost. Runs with the sweep.
pub(crate) fn end_owed(tx: &mut Tx, older_than: Timestamp, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let mut outgoing = Vec::new();
    for repair in repairs::list(tx, Some(RepairState::Running), None, MOST)? {
        if repair.requested_at > older_than {
            continue;
        }
        match revisions::newest_of_repair(tx, repair.id)? {
            Some(revision) if revision.state == RevisionState::Analyzed => {
                outgoing.extend(end_of(tx, &revision, trouble_of(&revision).as_deref(), now)?);
            }
            Some(revision) if revision.state == RevisionState::Failed => {
                let reason = revision.failure.as_ref().map_or("the visit failed", |failure| &failure.reason);
                outgoing.extend(end_of(tx, &revision, Some(reason), now)?);
            }
            None if batches::open_of_repair(tx, repair.id)? == 0 => {
                let failed = still_failing(tx, repair.id)?;
                let trouble = (failed > 0).then(|| format!("{failed} contents could still not be analysed"));
                outgoing.push(end(tx, repair.id, trouble.as_deref(), now)?);
            }
            _ => {}
        }
    }
    Ok(outgoing)
}

/// The check that a repair has to pass: every content of the revision is there and analysed.
fn trouble_of(revision: &Revision) -> Option<String> {
    (revision.failed > 0).then(|| format!("{} contents could still not be analysed", revision.failed))
}

fn end_of(
    tx: &mut Tx,
    revision: &Revision,
    trouble: Option<&str>,
    now: Timestamp,
) -> Result<Vec<Outgoing>, Failure> {
    let Some(repair) = revision.repair else { return Ok(Vec::new()) };
    if !is_running(tx, repair)? {
        return Ok(Vec::new());
    }
    if revision.pinned_commit.is_some() || trouble.is_some() {
        // Only the contents were wanted; an old commit must not become the stock's newest.
        let open = [
            SnapshotState::Indexing,
            SnapshotState::Processing,
            SnapshotState::Ready,
            SnapshotState::Auditing,
            SnapshotState::Audited,
        ];
        snapshots::set_state(tx, revision.snapshot, &open, SnapshotState::Aborted, now)?;
    }
    Ok(vec![end(tx, repair, trouble, now)?])
}

/// A message that comes twice, and a sweep that was as quick, must not end a repair twice.
fn is_running(tx: &mut Tx, repair: RepairId) -> Result<bool, Failure> {
    Ok(repairs::get(tx, repair)?.is_some_and(|repair| repair.state == RepairState::Running))
}
