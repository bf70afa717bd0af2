//! How work on a task ends: well, badly, on request, or for another try.

use contracts::{Failure, Outgoing, TaskId};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use super::{
    TaskState,
    claim::held,
    row::{self, not_found},
};
use crate::{
    StoreError, Tx, keys,
    schema::tasks,
    types::{Id, Instant},
};

/// How a task ends.
#[derive(Clone, Debug, PartialEq)]
pub enum TaskEnd {
    /// It is done.
    Finished,
    /// It failed for good.
    Error {
        /// Whether it could not even begin, because what it was to work on was wrong.
        trigger: bool,
        /// Why.
        failure: Failure,
    },
    /// It was stopped on request.
    Cancelled,
}

impl TaskEnd {
    /// The state of a task that has ended so.
    pub const fn state(&self) -> TaskState {
        match self {
            Self::Finished => TaskState::Finished,
            Self::Error { trigger: true, .. } => TaskState::ErrorTrigger,
            Self::Error { trigger: false, .. } => TaskState::ErrorRuntime,
            Self::Cancelled => TaskState::Cancelled,
        }
    }
}

/// What a request to stop came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// No worker had begun: the task is cancelled.
    Cancelled,
    /// Whoever works on it, or takes it up next, removes its partial output and ends it.
    Requested,
    /// It had ended before.
    Ended(TaskState),
}

/// Writes the end of a task.
///
/// # Errors
/// As [`super::guard`].
pub fn finish(tx: &mut Tx, id: TaskId, fence: i64, end: &TaskEnd, now: Timestamp) -> Result<(), StoreError> {
    held(tx, id, fence)?;
    let failure = match end {
        TaskEnd::Error { failure, .. } => Some(failure),
        TaskEnd::Finished | TaskEnd::Cancelled => None,
    };
    diesel::update(tasks::table.find(Id::from(id)))
        .set((
            tasks::state.eq(end.state().as_str()),
            tasks::owner.eq(None::<&str>),
            tasks::lease_until.eq(None::<Instant>),
            tasks::error_kind.eq(failure.map(|failure| failure.kind.as_str())),
            tasks::error_reason.eq(failure.map(|failure| keys::storable(&failure.reason).into_owned())),
            tasks::finished_at.eq(Some(Instant(now))),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Gives a task back for another try that begins at `not_before`. Its attempts stay counted and its
/// failure is kept to be seen.
///
/// # Errors
/// As [`super::guard`].
pub fn retry_later(
    tx: &mut Tx,
    id: TaskId,
    fence: i64,
    failure: &Failure,
    not_before: Timestamp,
) -> Result<(), StoreError> {
    held(tx, id, fence)?;
    diesel::update(tasks::table.find(Id::from(id)))
        .set((
            tasks::state.eq(TaskState::Created.as_str()),
            tasks::owner.eq(None::<&str>),
            tasks::lease_until.eq(None::<Instant>),
            tasks::not_before.eq(Some(Instant(not_before))),
            // Before then nobody need be reminded of it.
            tasks::woken_at.eq(Instant(not_before)),
            tasks::error_kind.eq(Some(failure.kind.as_str())),
            tasks::error_reason.eq(Some(keys::storable(&failure.reason).into_owned())),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Asks that a task stop. Asking twice changes nothing.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such task.
pub fn request_cancel(tx: &mut Tx, id: TaskId, now: Timestamp) -> Result<Cancel, StoreError> {
    let task = row::locked(tx, id)?.ok_or_else(|| not_found(id))?.task()?;
    let this = tasks::table.find(Id::from(id));
    match task.state {
        // Nobody has claimed it yet, so that there is nothing to remove.
        TaskState::Created if task.attempt == 0 => {
            diesel::update(this)
                .set((
                    tasks::state.eq(TaskState::Cancelled.as_str()),
                    tasks::cancel_requested.eq(true),
                    tasks::finished_at.eq(Some(Instant(now))),
                ))
                .execute(tx.conn())?;
            Ok(Cancel::Cancelled)
        }
        TaskState::Created | TaskState::Running => {
            // One that waits for another try need not wait any longer to be cleaned up.
            diesel::update(this)
                .set((
                    tasks::cancel_requested.eq(true),
                    tasks::not_before.eq(None::<Instant>),
                    tasks::woken_at.eq(Instant(Timestamp::UNIX_EPOCH)),
                ))
                .execute(tx.conn())?;
            Ok(Cancel::Requested)
        }
        ended => Ok(Cancel::Ended(ended)),
    }
}

/// Makes a task that has ended wait for a worker again, as if it were new. Returns the message that
/// wakes it, for the caller to say in the same transaction.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such task, [`StoreError::Conflict`] when it has not ended.
pub fn rerun(tx: &mut Tx, id: TaskId, now: Timestamp) -> Result<Outgoing, StoreError> {
    let row = row::locked(tx, id)?.ok_or_else(|| not_found(id))?;
    let wake = row.wake()?;
    let state = row.task()?.state;
    if !state.has_ended() {
        return Err(StoreError::Conflict(format!(
            "task {id} is {state}; only one that has ended can be run again"
        )));
    }
    diesel::update(tasks::table.find(Id::from(id)))
        .set((
            tasks::state.eq(TaskState::Created.as_str()),
            tasks::attempt.eq(0),
            tasks::progress_done.eq(0_i64),
            tasks::progress_total.eq(0_i64),
            tasks::cancel_requested.eq(false),
            tasks::not_before.eq(None::<Instant>),
            tasks::error_kind.eq(None::<&str>),
            tasks::error_reason.eq(None::<&str>),
            tasks::woken_at.eq(Instant(now)),
            tasks::started_at.eq(None::<Instant>),
            tasks::finished_at.eq(None::<Instant>),
        ))
        .execute(tx.conn())?;
    Ok(wake)
}
