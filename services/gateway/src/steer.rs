//! What a person does to work that is under way: cancel it, run it again, abort the snapshot it is for.
//!
//! A task whose job has begun is ended by that job. What nobody has begun has nobody to end it, and what
//! has ended cannot be run again without what it left behind being opened again; both are done here, in
//! the transaction that changes the task. The order of locks is everyone's: task, snapshot, revision.

use contracts::{
    ErrorKind, Failure, Outgoing, RevisionId, SnapshotId, SourceId, TaskId,
    messages::{SnapshotReady, TaskEnded},
};
use jiff::Timestamp;
use store::{
    Tx,
    audits::{self, AuditState},
    revisions::{self, RevisionState},
    snapshots::{self, SnapshotState},
    sources,
    tasks::{self, Cancel, Task, TaskFilter, TaskState},
};
use uuid::Uuid;
use worker::Engine;

use SnapshotState::{Aborted, Audited, Auditing, Indexing, Processing, Ready};

/// Tasks about one entity: one of each kind that is open, and those before it.
const TASKS: i64 = 20;
/// Revisions whose tasks are cancelled in one transaction.
const PAGE: u32 = 200;
const REASON: &str = "cancelled before it began";

fn conflict(reason: String) -> Failure {
    Failure::new(ErrorKind::Conflict, reason)
}

fn gone(what: &str, id: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::NotFound, format!("there is no {what} {id}"))
}

/// Asks a task to stop. Asking again changes nothing.
///
/// # Errors
/// [`ErrorKind::NotFound`] when there is no such task, [`ErrorKind::Conflict`] when it has ended otherwise; when the
/// store does not answer.
pub fn cancel(tx: &mut Tx, id: TaskId, now: Timestamp) -> Result<(Task, Vec<Outgoing>), Failure> {
    let outcome = tasks::request_cancel(tx, id, now)?;
    let task = tasks::get(tx, id)?.ok_or_else(|| gone("task", id))?;
    let outgoing = match outcome {
        Cancel::Cancelled => end_unbegun(tx, &task, now)?,
        Cancel::Requested | Cancel::Ended(TaskState::Cancelled) => Vec::new(),
        Cancel::Ended(state) => return Err(conflict(format!("task {id} has ended before: it is {state}"))),
    };
    Ok((task, outgoing))
}

/// Asks every task about these entities that has not ended to stop.
fn cancel_open(tx: &mut Tx, subjects: &[Uuid], now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
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
fn end_unbegun(tx: &mut Tx, task: &Task, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
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
        "audit" => {
            if let Some(audit) = audits::by_task(tx, task.id)? {
                audits::break_off(tx, audit.id, AuditState::Cancelled, None, now)?;
            }
        }
        _ => {}
    }
    Ok(outgoing)
}

/// Runs a task that has ended again, where that can still change something.
pub(crate) fn rerun(tx: &mut Tx, id: TaskId, now: Timestamp) -> Result<(Task, Vec<Outgoing>), Failure> {
    let wake = tasks::rerun(tx, id, now)?;
    let task = tasks::get(tx, id)?.ok_or_else(|| gone("task", id))?;
    match task.kind.as_str() {
        "index" if sources::get(tx, SourceId(task.subject))?.is_some() => only_run(tx, &task)?,
        "index" => reopen_index(tx, SnapshotId(task.subject), now)?,
        "process" => reopen_visit(tx, RevisionId(task.subject), now)?,
        "audit" => reopen_audit(tx, SnapshotId(task.subject), now)?,
        _ => {}
    }
    Ok((task, vec![wake]))
}

/// A source whose visits are planned has no snapshot to reopen: its pass goes on where it was kept from.
fn only_run(tx: &mut Tx, task: &Task) -> Result<(), Failure> {
    match tasks::latest_of(tx, &task.kind, task.subject)? {
        Some(other) if other.id != task.id && !other.state.has_ended() => {
            Err(conflict(format!("another run of the source is under way: task {}", other.id)))
        }
        _ => Ok(()),
    }
}

fn reopen_index(tx: &mut Tx, id: SnapshotId, now: Timestamp) -> Result<(), Failure> {
    let snapshot = snapshots::lock(tx, id)?.ok_or_else(|| gone("snapshot", id))?;
    if snapshot.state != Aborted {
        let text = format!(
            "snapshot {id} is {}: its index is done; start another run of the source",
            snapshot.state
        );
        return Err(conflict(text));
    }
    if let Some(source) = snapshot.source
        && let Some(open) = snapshots::open_of_source(tx, source)?
    {
        return Err(conflict(format!("another run of the source is open: snapshot {}", open.id)));
    }
    snapshots::set_state(tx, id, &[Aborted], Indexing, now)?;
    Ok(())
}

fn reopen_visit(tx: &mut Tx, id: RevisionId, now: Timestamp) -> Result<(), Failure> {
    let revision = revisions::get(tx, id)?.ok_or_else(|| gone("revision", id))?;
    let snapshot =
        snapshots::lock(tx, revision.snapshot)?.ok_or_else(|| gone("snapshot", revision.snapshot))?;
    if revision.state != RevisionState::Failed {
        let text = format!(
            "{} is {} already; to visit it anew request the repair `refetch`",
            revision.url, revision.state
        );
        return Err(conflict(text));
    }
    match snapshot.state {
        Indexing | Processing => {}
        // What its audit found, if it has one, is out of date then; it is audited again.
        Ready | Audited => {
            snapshots::set_state(tx, snapshot.id, &[Ready, Audited], Processing, now)?;
        }
        state => {
            return Err(conflict(format!(
                "snapshot {} is {state}: start another run of the source",
                snapshot.id
            )));
        }
    }
    revisions::start(tx, id)?;
    Ok(())
}

fn reopen_audit(tx: &mut Tx, id: SnapshotId, now: Timestamp) -> Result<(), Failure> {
    let snapshot = snapshots::lock(tx, id)?.ok_or_else(|| gone("snapshot", id))?;
    match snapshot.state {
        Auditing => {}
        Ready | Audited => {
            snapshots::set_state(tx, id, &[Ready, Audited], Auditing, now)?;
        }
        state => return Err(conflict(format!("snapshot {id} is {state} and cannot be audited"))),
    }
    Ok(())
}

/// Ends a snapshot without it entering its stock, and cancels its tasks. Doing so again changes nothing.
///
/// # Errors
/// [`ErrorKind::NotFound`] when there is no such snapshot, [`ErrorKind::Conflict`] when it is committed; when the
/// store does not answer.
pub async fn end_snapshot(engine: &Engine, id: SnapshotId, now: Timestamp) -> Result<(), Failure> {
    engine.store.write(move |tx| abort(tx, id, now)).await?;
    // In transactions of their own: there may be many. A job that is not reached in time works in vain;
    // what it finds does not enter a stock.
    engine.submit("gateway", move |tx| Ok(((), cancel_open(tx, &[id.0], now)?))).await?;
    let mut after = None;
    loop {
        let page = engine.store.read(move |tx| revisions::of_snapshot(tx, id, None, after, PAGE)).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let open: Vec<Uuid> = page
            .iter()
            .filter(|part| matches!(part.state, RevisionState::Pending | RevisionState::Fetching))
            .map(|part| part.id.0)
            .collect();
        engine.submit("gateway", move |tx| Ok(((), cancel_open(tx, &open, now)?))).await?;
    }
}

/// Ends a snapshot without it entering its stock. Its tasks are left to the caller.
fn abort(tx: &mut Tx, id: SnapshotId, now: Timestamp) -> Result<(), Failure> {
    let snapshot = snapshots::lock(tx, id)?.ok_or_else(|| gone("snapshot", id))?;
    match snapshot.state {
        Aborted => Ok(()),
        SnapshotState::Committed => {
            Err(conflict(format!("snapshot {id} is committed: a stock's versions stay as they are")))
        }
        _ => {
            let open = [Indexing, Processing, Ready, Auditing, Audited];
            snapshots::set_state(tx, id, &open, Aborted, now)?;
            Ok(())
        }
    }
}
