//! Runs of sources: how one is begun, and what is left when a source is removed.

use contracts::{Lane, Outgoing, SourceId, TaskId, messages::RunRequested};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Source, SourceState, Visits, get, status};
use crate::{
    StoreError, Tx,
    schema::{
        forge_facts, page_tags, snapshots as snapshot_rows, source_failures, source_states, sources,
        visit_plans,
    },
    snapshots::{self, NewSnapshot, Snapshot, SnapshotState},
    stocks,
    tasks::{self, NewTask, Task},
    types::Id,
};

/// The kind of the tasks that go through a source.
pub const INDEX: &str = "index";

/// A run that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The snapshot that it fills; none when visits are planned.
    pub snapshot: Option<Snapshot>,
    /// The task that goes through the source.
    pub task: TaskId,
    /// What wakes it, to be said in the same transaction.
    pub wake: Outgoing,
}

/// Begins a run of a source. A source has one run at a time.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such source, [`StoreError::Conflict`] when it is paused or a run of
/// it is under way.
pub fn begin_run(
    tx: &mut Tx,
    id: SourceId,
    auto_commit: bool,
    lane: Lane,
    now: Timestamp,
) -> Result<Begun, StoreError> {
    let missing = || StoreError::NotFound(format!("there is no source {id}"));
    let source = get(tx, id)?.ok_or_else(missing)?;
    // Two requests at once begin one run: the second waits here and then sees the first's.
    stocks::lock(tx, source.stock)?;
    if source.state == SourceState::Paused {
        return Err(StoreError::Conflict("the source is paused; set its state to `active` first".to_owned()));
    }
    let status = status(tx, id)?;
    if let Some(waiting) = status.waiting {
        let text = format!("a run of the source sleeps until {}: {}", waiting.until, waiting.reason);
        return Err(StoreError::Conflict(text));
    }
    let snapshot = match status.settings.visits {
        Visits::AtOnce => {
            // One that is audited waits for a person, not for work.
            let open = snapshots::open_of_source(tx, id)?.filter(|open| open.state != SnapshotState::Audited);
            if let Some(open) = open {
                let text =
                    format!("a run of the source is under way: snapshot {} is {}", open.id, open.state);
                return Err(StoreError::Conflict(text));
            }
            let new = NewSnapshot { stock: source.stock, source: Some(id), auto_commit, repair: None };
            Some(snapshots::create(tx, &new, now)?)
        }
        Visits::Planned => {
            if let Some(task) = open_task(tx, id.0)? {
                let text = format!("a run of the source is under way: task {} is {}", task.id, task.state);
                return Err(StoreError::Conflict(text));
            }
            None
        }
    };
    let subject = snapshot.as_ref().map_or(id.0, |snapshot| snapshot.id.0);
    let (task, wake) = index_task(tx, &source, subject, lane, now)?;
    Ok(Begun { snapshot, task, wake })
}

/// Lets a run that slept go on.
///
/// # Errors
/// When the database fails.
pub fn go_on(
    tx: &mut Tx,
    source: &Source,
    subject: Uuid,
    now: Timestamp,
) -> Result<Option<Outgoing>, StoreError> {
    super::set_waiting(tx, source.id, None)?;
    if open_task(tx, subject)?.is_some() {
        return Ok(None);
    }
    Ok(Some(index_task(tx, source, subject, Lane::Normal, now)?.1))
}

fn open_task(tx: &mut Tx, subject: Uuid) -> Result<Option<Task>, StoreError> {
    Ok(tasks::latest_of(tx, INDEX, subject)?.filter(|task| !task.state.has_ended()))
}

fn index_task(
    tx: &mut Tx,
    source: &Source,
    subject: Uuid,
    lane: Lane,
    now: Timestamp,
) -> Result<(TaskId, Outgoing), StoreError> {
    let id = TaskId::new();
    let wake = Outgoing::in_lane(&RunRequested { task: id }, lane);
    tasks::create(tx, NewTask { id, kind: INDEX, subject, label: &source.name, wake: &wake }, now)?;
    Ok((id, wake))
}

/// Removes a source. Its repositories, what is said of them, and its snapshots stay; visits that were planned
/// because of it are planned no longer. Returns whether there was one.
///
/// # Errors
/// [`StoreError::Conflict`] while a run of it is under way.
pub fn remove(tx: &mut Tx, id: SourceId) -> Result<bool, StoreError> {
    let Some(source) = get(tx, id)? else { return Ok(false) };
    stocks::lock(tx, source.stock)?;
    let snapshot = snapshots::open_of_source(tx, id)?.filter(|open| open.state != SnapshotState::Audited);
    let subject = snapshot.map_or(id.0, |snapshot| snapshot.id.0);
    if let Some(task) = open_task(tx, subject)? {
        let text = format!("a run of the source is under way: cancel task {} first", task.id);
        return Err(StoreError::Conflict(text));
    }
    let row = Id::from(id);
    diesel::update(snapshot_rows::table.filter(snapshot_rows::source_id.eq(row)))
        .set(snapshot_rows::source_id.eq(None::<Id>))
        .execute(tx.conn())?;
    diesel::update(forge_facts::table.filter(forge_facts::source_id.eq(row)))
        .set(forge_facts::source_id.eq(None::<Id>))
        .execute(tx.conn())?;
    diesel::delete(visit_plans::table.filter(visit_plans::source_id.eq(row))).execute(tx.conn())?;
    diesel::delete(page_tags::table.filter(page_tags::source_id.eq(row))).execute(tx.conn())?;
    diesel::delete(source_failures::table.filter(source_failures::source_id.eq(row))).execute(tx.conn())?;
    diesel::delete(source_states::table.find(row)).execute(tx.conn())?;
    diesel::delete(sources::table.find(row)).execute(tx.conn())?;
    Ok(true)
}
