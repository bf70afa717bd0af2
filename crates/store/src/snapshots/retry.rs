//! Repositories of a snapshot that failed are visited again.

use contracts::{Outgoing, RevisionId, SnapshotId};
use jiff::Timestamp;

use super::{SnapshotState, lock, set_state};
use crate::{
    StoreError, Tx,
    revisions::{self, RevisionState},
    tasks::{self, TaskFilter},
};

/// Revisions that are read at once.
const PAGE: u32 = 500;

/// Visits those repositories of the snapshot again that failed, and no other. What its audit found, if it has one,
/// is out of date then. Returns how many, and what is to be said.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such snapshot; [`StoreError::Conflict`] when it has ended, is being
/// audited, or nothing of it failed; when the database does not answer.
pub fn retry_failed(tx: &mut Tx, id: SnapshotId, now: Timestamp) -> Result<(u64, Vec<Outgoing>), StoreError> {
    use SnapshotState::{Audited, Indexing, Processing, Ready};
    let failed = failed(tx, id)?;
    // The order of locks is everyone's: task, snapshot, revision.
    let mut outgoing = Vec::new();
    for revision in &failed {
        let filter = TaskFilter { subject: Some(revision.0), ..TaskFilter::default() };
        let task = tasks::list(tx, &filter, None, 1)?.pop();
        let task = task.filter(|task| task.state.has_ended()).ok_or_else(|| {
            StoreError::Conflict(format!("revision {revision} has no visit that could be made again"))
        })?;
        outgoing.push(tasks::rerun(tx, task.id, now)?);
    }
    let snapshot = lock(tx, id)?.ok_or_else(|| StoreError::NotFound(format!("there is no snapshot {id}")))?;
    match snapshot.state {
        Indexing | Processing => {}
        Ready | Audited => {
            set_state(tx, id, &[Ready, Audited], Processing, now)?;
        }
        state => {
            let text = format!("snapshot {id} is {state}: nothing of it can be visited again now");
            return Err(StoreError::Conflict(text));
        }
    }
    if failed.is_empty() {
        return Err(StoreError::Conflict(format!("no repository of snapshot {id} has failed")));
    }
    for revision in &failed {
        revisions::start(tx, *revision)?;
    }
    Ok((failed.len() as u64, outgoing))
}

fn failed(tx: &mut Tx, id: SnapshotId) -> Result<Vec<RevisionId>, StoreError> {
    let (mut failed, mut after) = (Vec::new(), None);
    loop {
        let page = revisions::of_snapshot(tx, id, Some(RevisionState::Failed), after, PAGE)?;
        let Some(last) = page.last() else { return Ok(failed) };
        after = Some(last.id);
        failed.extend(page.iter().map(|revision| revision.id));
    }
}
