//! Takes `cancel.requested.v1` from anyone.
//! Reads the task, or the snapshot with its audit, its revisions and their tasks.
//! Writes that they are to stop; the end of what nobody has begun; that the snapshot is aborted.
//! Emits `task.ended.v1` for each task that nobody had begun.

use async_trait::async_trait;
use contracts::{
    Failure, Outgoing, SnapshotId,
    messages::{CancelRequested, CancelSubject},
};
use jiff::Timestamp;
use store::{StoreError, Tx, cancel};
use worker::{Commit, Handler, Meta};

/// Revisions whose tasks are looked for at once.
const PAGE: u32 = 500;

pub(crate) struct Cancel;

#[async_trait]
impl Handler for Cancel {
    type Message = CancelRequested;

    async fn handle(&self, message: CancelRequested, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| stop(tx, message.subject, now)))
    }
}

fn stop(tx: &mut Tx, subject: CancelSubject, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let stopped = match subject {
        CancelSubject::Task(id) => cancel::task(tx, id, now).map(|(_, outgoing)| outgoing),
        CancelSubject::AuditOf(snapshot) => cancel::audit(tx, snapshot, now),
        CancelSubject::Snapshot(id) => abort(tx, id, now),
    };
    match stopped {
        // It was over before anybody could hear of the wish: there is nothing left that could stop.
        Err(StoreError::Conflict(reason)) => {
            tracing::info!(?subject, reason, "nothing to cancel");
            Ok(Vec::new())
        }
        stopped => Ok(stopped?),
    }
}

fn abort(tx: &mut Tx, id: SnapshotId, now: Timestamp) -> Result<Vec<Outgoing>, StoreError> {
    cancel::abort(tx, id, now)?;
    let (mut outgoing, mut after) = (Vec::new(), None);
    loop {
        let (more, last) = cancel::tasks_of(tx, id, after, PAGE, now)?;
        outgoing.extend(more);
        match last {
            Some(last) => after = Some(last),
            None => return Ok(outgoing),
        }
    }
}
