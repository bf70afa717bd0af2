//! Who may work on a task, and for how long.

use std::time::Duration;

use contracts::TaskId;
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use super::{
    Task, TaskState,
    row::{self, not_found},
};
use crate::{
    StoreError, Tx,
    schema::tasks,
    types::{Id, Instant},
};

/// The right to work on a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The task as it stands now, claimed. When `cancel_requested` is set, only its partial output is
    /// to be removed and its end to be written.
    pub task: Task,
    /// What the claimer shows in every transaction.
    pub fence: i64,
}

/// What a heartbeat was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heartbeat {
    /// The lease is renewed.
    Alive,
    /// The lease is renewed, and somebody has asked that the task stop.
    CancelRequested,
    /// Another worker has the task, or it has ended.
    Lost,
}

/// Claims a task for `owner` until `lease` from now. `None` when it cannot be claimed: there is no such
/// task, it has ended, a living worker holds it, or it is not to be tried yet.
///
/// # Errors
/// When the database does not answer.
pub fn claim(
    tx: &mut Tx,
    id: TaskId,
    owner: &str,
    lease: Duration,
    now: Timestamp,
) -> Result<Option<Claim>, StoreError> {
    let Some(row) = row::locked(tx, id)? else { return Ok(None) };
    let mut task = row.task()?;
    if !is_claimable(&task, now) {
        return Ok(None);
    }
    task.state = TaskState::Running;
    task.attempt += 1;
    task.fence += 1;
    task.owner = Some(owner.to_owned());
    task.lease_until = Some(now + lease);
    task.not_before = None;
    task.started_at = task.started_at.or(Some(now));
    diesel::update(tasks::table.find(Id::from(id)))
        .set((
            tasks::state.eq(task.state.as_str()),
            tasks::attempt.eq(i32::try_from(task.attempt).unwrap_or(i32::MAX)),
            tasks::fence.eq(task.fence),
            tasks::owner.eq(Some(owner)),
            tasks::lease_until.eq(Some(Instant(now + lease))),
            tasks::not_before.eq(None::<Instant>),
            tasks::started_at.eq(task.started_at.map(Instant)),
        ))
        .execute(tx.conn())?;
    Ok(Some(Claim { fence: task.fence, task }))
}

fn is_claimable(task: &Task, now: Timestamp) -> bool {
    match task.state {
        TaskState::Created => task.not_before.is_none_or(|time| time <= now),
        TaskState::Running => task.lease_until.is_none_or(|time| time <= now),
        _ => false,
    }
}

/// Renews the lease until `lease` from now, whether or not it has run out, unless somebody else has
/// claimed the task. `progress` is (done, total), in the job's own unit, total 0 while unknown.
///
/// # Errors
/// When the database does not answer.
pub fn heartbeat(
    tx: &mut Tx,
    id: TaskId,
    fence: i64,
    lease: Duration,
    progress: (i64, i64),
    now: Timestamp,
) -> Result<Heartbeat, StoreError> {
    let held = tasks::table
        .find(Id::from(id))
        .filter(tasks::fence.eq(fence))
        .filter(tasks::state.eq(TaskState::Running.as_str()));
    let renewed = diesel::update(held)
        .set((
            tasks::lease_until.eq(Some(Instant(now + lease))),
            tasks::progress_done.eq(progress.0),
            tasks::progress_total.eq(progress.1),
        ))
        .execute(tx.conn())?;
    if renewed == 0 {
        return Ok(Heartbeat::Lost);
    }
    let cancel: bool = tasks::table.find(Id::from(id)).select(tasks::cancel_requested).first(tx.conn())?;
    Ok(if cancel { Heartbeat::CancelRequested } else { Heartbeat::Alive })
}

/// Locks the task until the transaction ends and makes sure that `fence` is still the newest. The
/// first call in every transaction of a job.
///
/// # Errors
/// [`StoreError::Conflict`] when another worker has claimed the task or it has ended,
/// [`StoreError::NotFound`] when there is no such task.
pub fn guard(tx: &mut Tx, id: TaskId, fence: i64) -> Result<(), StoreError> {
    held(tx, id, fence).map(drop)
}

/// As [`guard`], with the task as it is now.
///
/// # Errors
/// As [`guard`].
pub fn guarded(tx: &mut Tx, id: TaskId, fence: i64) -> Result<Task, StoreError> {
    held(tx, id, fence)
}

pub(super) fn held(tx: &mut Tx, id: TaskId, fence: i64) -> Result<Task, StoreError> {
    let task = row::locked(tx, id)?.ok_or_else(|| not_found(id))?.task()?;
    if task.fence != fence {
        let newer = task.fence;
        return Err(StoreError::Conflict(format!(
            "task {id} was taken over: it has been claimed {newer} times, this was claim {fence}"
        )));
    }
    if task.state != TaskState::Running {
        return Err(StoreError::Conflict(format!("task {id} is {} and no longer running", task.state)));
    }
    Ok(task)
}
