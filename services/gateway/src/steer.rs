//! What a person does to work that is under way or over: run it again, abort the snapshot it is for.
//!
//! What has ended cannot be run again without what it left behind being opened again, in the transaction that changes
//! the task. The order of locks is everyone's: task, snapshot, revision. How work is cancelled is the store's matter
//! ([`store::cancel`]), as messages ask for it, too.

use contracts::{ErrorKind, Failure, Outgoing, RevisionId, SnapshotId, SourceId, TaskId};
use jiff::Timestamp;
use store::{
    Tx, cancel,
    revisions::{self, RevisionState},
    snapshots::{self, SnapshotState},
    sources,
    tasks::{self, Task},
};
use worker::Engine;

use SnapshotState::{Aborted, Audited, Auditing, Indexing, Processing, Ready};

/// Revisions whose tasks are cancelled in one transaction.
const PAGE: u32 = 200;

fn conflict(reason: String) -> Failure {
    Failure::new(ErrorKind::Conflict, reason)
}

fn gone(what: &str, id: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::NotFound, format!("there is no {what} {id}"))
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
    engine.store.write(move |tx| cancel::abort(tx, id, now).map_err(Failure::from)).await?;
    // In transactions of their own: there may be many. A job that is not reached in time works in vain;
    // what it finds does not enter a stock.
    let mut after = None;
    loop {
        let from = after;
        let submitted = engine.submit("gateway", move |tx| {
            let (outgoing, last) = cancel::tasks_of(tx, id, from, PAGE, now)?;
            Ok((last, outgoing))
        });
        after = submitted.await?;
        if after.is_none() {
            return Ok(());
        }
    }
}
