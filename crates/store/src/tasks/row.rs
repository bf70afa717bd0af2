//! A task as its row holds it.

use contracts::{ErrorKind, Failure, Outgoing, TaskId, samples};
use diesel::{OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};

use super::{Task, TaskState};
use crate::{
    StoreError, Tx,
    connection::AnyConnection,
    lanes,
    schema::tasks,
    types::{Id, Instant},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = tasks)]
pub(super) struct Row {
    pub(super) id: Id,
    kind: String,
    subject: Id,
    label: String,
    lane: String,
    state: String,
    attempt: i32,
    fence: i64,
    owner: Option<String>,
    lease_until: Option<Instant>,
    not_before: Option<Instant>,
    progress_done: i64,
    progress_total: i64,
    cancel_requested: bool,
    error_kind: Option<String>,
    error_reason: Option<String>,
    wake_kind: String,
    wake_body: String,
    created_at: Instant,
    started_at: Option<Instant>,
    finished_at: Option<Instant>,
}

impl Row {
    pub(super) fn task(self) -> Result<Task, StoreError> {
        let failure = match (&self.error_kind, self.error_reason) {
            (Some(kind), Some(reason)) => {
                let kind =
                    ErrorKind::from_name(kind).ok_or_else(|| StoreError::unknown("an error kind", kind))?;
                Some(Failure { kind, reason })
            }
            _ => None,
        };
        Ok(Task {
            id: self.id.into(),
            kind: self.kind,
            subject: self.subject.into(),
            label: self.label,
            lane: lanes::parse(&self.lane)?,
            state: TaskState::parse(&self.state)?,
            attempt: self.attempt.unsigned_abs(),
            fence: self.fence,
            owner: self.owner,
            lease_until: self.lease_until.map(Into::into),
            not_before: self.not_before.map(Into::into),
            progress_done: self.progress_done.unsigned_abs(),
            progress_total: self.progress_total.unsigned_abs(),
            cancel_requested: self.cancel_requested,
            failure,
            created_at: self.created_at.into(),
            started_at: self.started_at.map(Into::into),
            finished_at: self.finished_at.map(Into::into),
        })
    }

    /// The message that wakes it.
    pub(super) fn wake(&self) -> Result<Outgoing, StoreError> {
        let entry = samples::MESSAGES
            .iter()
            .find(|entry| entry.kind == self.wake_kind)
            .ok_or_else(|| StoreError::unknown("a kind of message", &self.wake_kind))?;
        let body = serde_json::from_str(&self.wake_body)
            .map_err(|error| StoreError::Corrupt(format!("a wake message that is no JSON: {error}")))?;
        Ok(Outgoing { kind: entry.kind, lane: lanes::parse(&self.lane)?, body })
    }
}

/// The row of a task, locked until the transaction ends.
pub(super) fn locked(tx: &mut Tx, id: TaskId) -> Result<Option<Row>, StoreError> {
    let found = tasks::table.find(Id::from(id));
    let row = match tx.conn() {
        AnyConnection::Postgres(conn) => found.select(Row::as_select()).for_update().first(conn),
        // A write transaction has the database for itself.
        AnyConnection::Sqlite(conn) => found.select(Row::as_select()).first(conn),
    };
    Ok(row.optional()?)
}

pub(super) fn not_found(id: TaskId) -> StoreError {
    StoreError::NotFound(format!("there is no task {id}"))
}
