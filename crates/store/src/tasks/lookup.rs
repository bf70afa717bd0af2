//! Looking tasks up.

use contracts::TaskId;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper};
use uuid::Uuid;

use super::{Task, TaskState, row::Row};
use crate::{StoreError, Tx, schema::tasks, types::Id};

/// Which tasks are listed. What is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Only those in this state.
    pub state: Option<TaskState>,
    /// Only those of this kind.
    pub kind: Option<String>,
    /// Only those about this entity.
    pub subject: Option<Uuid>,
}

/// The task with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: TaskId) -> Result<Option<Task>, StoreError> {
    let row: Option<Row> =
        tasks::table.find(Id::from(id)).select(Row::as_select()).first(tx.conn()).optional()?;
    row.map(Row::task).transpose()
}

/// The newest task of this kind about `subject`.
///
/// # Errors
/// When the database does not answer.
pub fn latest_of(tx: &mut Tx, kind: &str, subject: Uuid) -> Result<Option<Task>, StoreError> {
    let row: Option<Row> = tasks::table
        .filter(tasks::subject.eq(Id(subject)))
        .filter(tasks::kind.eq(kind))
        .order(tasks::id.desc())
        .select(Row::as_select())
        .first(tx.conn())
        .optional()?;
    row.map(Row::task).transpose()
}

/// Tasks, newest first, up to `limit`, from behind the task `after`.
///
/// # Errors
/// When the database does not answer.
pub fn list(
    tx: &mut Tx,
    filter: &TaskFilter,
    after: Option<TaskId>,
    limit: i64,
) -> Result<Vec<Task>, StoreError> {
    let mut query = tasks::table.into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(tasks::state.eq(state.as_str()));
    }
    if let Some(kind) = &filter.kind {
        query = query.filter(tasks::kind.eq(kind));
    }
    if let Some(subject) = filter.subject {
        query = query.filter(tasks::subject.eq(Id(subject)));
    }
    if let Some(after) = after {
        query = query.filter(tasks::id.lt(Id::from(after)));
    }
    let rows: Vec<Row> =
        query.order(tasks::id.desc()).limit(limit).select(Row::as_select()).load(tx.conn())?;
    rows.into_iter().map(Row::task).collect()
}

/// How many tasks have not ended.
///
/// # Errors
/// When the database does not answer.
pub fn count_open(tx: &mut Tx) -> Result<u64, StoreError> {
    let open = [TaskState::Created.as_str(), TaskState::Running.as_str()];
    let count: i64 = tasks::table.filter(tasks::state.eq_any(open)).count().get_result(tx.conn())?;
    Ok(count.unsigned_abs())
}

/// How many tasks of this kind have not ended.
///
/// # Errors
/// When the database does not answer.
pub fn count_open_of(tx: &mut Tx, kind: &str) -> Result<u64, StoreError> {
    let count: i64 = tasks::table
        .filter(tasks::kind.eq(kind))
        // In the words of the index of unfinished tasks, so that it serves.
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>("state IN ('created', 'running')"))
        .count()
        .get_result(tx.conn())?;
    Ok(count.unsigned_abs())
}
