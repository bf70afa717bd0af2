//! New tasks.

use contracts::{Outgoing, TaskId};
use diesel::{Insertable, RunQueryDsl};
use jiff::Timestamp;
use uuid::Uuid;

use super::TaskState;
use crate::{
    StoreError, Tx,
    connection::each,
    keys,
    schema::tasks,
    types::{Id, Instant},
};

/// A task that is to be created.
#[derive(Clone, Debug)]
pub struct NewTask<'a> {
    /// Its id, which the wake message holds too.
    pub id: TaskId,
    /// What is done: `index`, `process`, `audit`.
    pub kind: &'a str,
    /// The entity that it is done to.
    pub subject: Uuid,
    /// What people see as its subject: a name or URL, without a password.
    pub label: &'a str,
    /// The message that wakes a worker for it. The caller says it in the same transaction; it is kept
    /// so that it can be said again. The task takes its lane.
    pub wake: &'a Outgoing,
}

#[derive(Insertable)]
#[diesel(table_name = tasks, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: Id,
    kind: &'a str,
    subject: Id,
    label: &'a str,
    lane: &'static str,
    state: &'static str,
    attempt: i32,
    fence: i64,
    progress_done: i64,
    progress_total: i64,
    cancel_requested: bool,
    wake_kind: &'static str,
    wake_body: String,
    woken_at: Instant,
    created_at: Instant,
}

/// Creates a task that waits for a worker.
///
/// # Errors
/// When the database does not answer, or there is a task with this id.
pub fn create(tx: &mut Tx, new: NewTask<'_>, now: Timestamp) -> Result<TaskId, StoreError> {
    let row = NewRow {
        id: new.id.into(),
        kind: new.kind,
        subject: new.subject.into(),
        label: &keys::storable(new.label),
        lane: new.wake.lane.as_str(),
        state: TaskState::Created.as_str(),
        attempt: 0,
        fence: 0,
        progress_done: 0,
        progress_total: 0,
        cancel_requested: false,
        wake_kind: new.wake.kind,
        wake_body: new.wake.body.to_string(),
        woken_at: now.into(),
        created_at: now.into(),
    };
    each!(tx, c => diesel::insert_into(tasks::table).values(&row).execute(c))?;
    Ok(new.id)
}
