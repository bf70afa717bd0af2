//! Asking work to stop: a task, an audit, everything that a snapshot is about.
//!
//! A task whose job has begun is ended by that job. What nobody has begun has nobody to end it, and is ended here, in
//! the transaction that changes the task. The order of locks is everyone's: task, snapshot, revision.

use contracts::{
    ErrorKind, Failure, Outgoing, RevisionId, SnapshotId, TaskId,
    messages::{SnapshotReady, TaskEnded},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    StoreError, Tx,
    audits::{self, AuditState},
    revisions::{self, RevisionState},
    snapshots::{self, SnapshotState},
    tasks::{self, Cancel, Task, TaskFilter, TaskState},
};

use SnapshotState::{Aborted, Audited, Auditing, Indexing, Processing, Ready};

/// Tasks about one entity: one of each kind that is open, and those before it.
const TASKS: i64 = 20;
const REASON: &str = "cancelled before it began";

/// Asks a task to stop. Asking again changes nothing. Returns the task as it is then, and what is to be said.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such task, [`StoreError::Conflict`] when it has ended otherwise; when the
/// database does not answer.
pub fn task(tx: &mut Tx, id: TaskId, now: Timestamp) -> Result<(Task, Vec<Outgoing>), StoreError> {
    let outcome = tasks::request_cancel(tx, id, now)?;
    let task = tasks::get(tx, id)?.ok_or_else(|| StoreError::NotFound(format!("there is no task {id}")))?;
    let outgoing = match outcome {
        Cancel::Cancelled => end_unbegun(tx, &task, now)?,
        Cancel::Requested | Cancel::Ended(TaskState::Cancelled) => Vec::new(),
        Cancel::Ended(state) => {
            return Err(StoreError::Conflict(format!("task {id} has ended before: it is {state}")));
        }
    };
    Ok((task, outgoing))
}

/// Asks the newest audit of a snapshot to stop. Asking again changes nothing.
///
/// # Errors
/// [`StoreError::NotFound`] when it was never audited; as [`task`].
pub fn audit(tx: &mut Tx, snapshot: SnapshotId, now: Timestamp) -> Result<Vec<Outgoing>, StoreError> {
    let never = || StoreError::NotFound(format!("snapshot {snapshot} was never audited"));
    let audit = audits::latest_of_snapshot(tx, snapshot)?.ok_or_else(never)?;
    Ok(task(tx, audit.task, now)?.1)
}

/// Ends a snapshot without it entering its stock. Its tasks are left to [`open_tasks`], which the caller may call
/// in other transactions: there may be many. Aborting again changes nothing.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such snapshot, [`StoreError::Conflict`] when it is committed; when the
/// database does not answer.
pub fn abort(tx: &mut Tx, id: SnapshotId, now: Timestamp) -> Result<(), StoreError> {
    let gone = || StoreError::NotFound(format!("there is no snapshot {id}"));
    match snapshots::lock(tx, id)?.ok_or_else(gone)?.state {
        Aborted => Ok(()),
        SnapshotState::Committed => {
            let text = format!("snapshot {id} is committed: a stock's versions stay as they are");
            Err(StoreError::Conflict(text))
        }
        _ => {
            let open = [Indexing, Processing, Ready, Auditing, Audited];
            snapshots::set_state(tx, id, &open, Aborted, now)?;
            Ok(())
        }
    }
}

/// Asks the tasks of an aborted snapshot to stop: with no `after` those of the snapshot itself, then those of up to
/// `limit` of its revisions at a time. Returns what is to be said, and behind which revision to go on; none when
/// there are no more.
///
/// # Errors
/// When the database does not answer.
pub fn tasks_of(
    tx: &mut Tx,
    id: SnapshotId,
    after: Option<RevisionId>,
    limit: u32,
    now: Timestamp,
) -> Result<(Vec<Outgoing>, Option<RevisionId>), StoreError> {
    let page = revisions::of_snapshot(tx, id, None, after, limit)?;
    let open = page
        .iter()
        .filter(|part| matches!(part.state, RevisionState::Pending | RevisionState::Fetching))
        .map(|part| part.id.0);
    let subjects: Vec<Uuid> = after.is_none().then_some(id.0).into_iter().chain(open).collect();
    let outgoing = open_tasks(tx, &subjects, now)?;
    Ok((outgoing, page.last().map(|last| last.id)))
}

/// Asks every task about these entities that has not ended to stop.
fn open_tasks(tx: &mut Tx, subjects: &[Uuid], now: Timestamp) -> Result<Vec<Outgoing>, StoreError> {
    let mut open = Vec::new();
    for subject in subjects {
        let filter = TaskFilter { subject: Some(*subject), ..TaskFilter::default() };
        open.extend(
            tasks::list(tx, &filter, None, TASKS)?.into_iter().filter(|task| !task.state.has_ended()),
        );
    }
    // Every task is locked before the first of their snapshots, as whoever works on them does.
    open.sort_by_key(|task| task.id);
    let mut unbegun = Vec::new();
    for task in open {
        if tasks::request_cancel(tx, task.id, now)? == Cancel::Cancelled {
            unbegun.push(Task { state: TaskState::Cancelled, ..task });
        }
    }
    let mut outgoing = Vec::new();
    for task in &unbegun {
        outgoing.extend(end_unbegun(tx, task, now)?);
    }
    Ok(outgoing)
}

/// What the job would have written, had it begun.
fn end_unbegun(tx: &mut Tx, task: &Task, now: Timestamp) -> Result<Vec<Outgoing>, StoreError> {
    let ended = TaskEnded {
        task: task.id,
        kind: task.kind.clone(),
        state: task.state.as_str().to_owned(),
        error: None,
        reason: None,
    };
    let mut outgoing = vec![Outgoing::new(&ended)];
    match task.kind.as_str() {
        "index" => {
            snapshots::set_state(tx, SnapshotId(task.subject), &[Indexing], Aborted, now)?;
        }
        "process" => {
            let id = RevisionId(task.subject);
            let Some(snapshot) = revisions::get(tx, id)?.map(|revision| revision.snapshot) else {
                return Ok(outgoing);
            };
            snapshots::lock(tx, snapshot)?;
            revisions::failed(tx, id, &Failure::new(ErrorKind::Cancelled, REASON), now)?;
            if snapshots::ready_if_done(tx, snapshot, now)? {
                outgoing.push(Outgoing::new(&SnapshotReady { snapshot }));
            }
        }
        audits::AUDIT => {
            if let Some(audit) = audits::by_task(tx, task.id)? {
                audits::break_off(tx, audit.id, AuditState::Cancelled, None, now)?;
            }
        }
        _ => {}
    }
    Ok(outgoing)
}
