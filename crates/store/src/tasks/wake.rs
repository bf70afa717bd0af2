//! Tasks whose message or worker was lost.

use contracts::Outgoing;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl, SelectableHelper, dsl::sql,
    sql_types::Bool,
};
use jiff::Timestamp;

use super::{TaskState, row::Row};
use crate::{StoreError, Tx, connection::AnyConnection, schema::tasks, types::Instant};

/// The messages that wake tasks of these `kinds` which nobody works on, up to `limit`, longest waiting
/// first: those whose lease has run out and, when `woken_before` is given, those that wait for a worker
/// and were last woken then or before. The tasks are noted as woken now, so that the next search does
/// not find them at once.
///
/// # Errors
/// When the database does not answer.
pub fn owed(
    tx: &mut Tx,
    kinds: &[&str],
    woken_before: Option<Timestamp>,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Outgoing>, StoreError> {
    let (created, running) = (TaskState::Created.as_str(), TaskState::Running.as_str());
    let now = Instant(now);
    let abandoned = tasks::state.eq(running).and(tasks::lease_until.is_null().or(tasks::lease_until.le(now)));
    // Without a time none was woken before it.
    let woken_before = Instant(woken_before.unwrap_or(Timestamp::UNIX_EPOCH));
    let forgotten = tasks::state
        .eq(created)
        .and(tasks::woken_at.le(woken_before))
        .and(tasks::not_before.is_null().or(tasks::not_before.le(now)));
    let found = tasks::table
        .filter(tasks::kind.eq_any(kinds))
        // In the words of the index of unfinished tasks, so that it serves.
        .filter(sql::<Bool>("state IN ('created', 'running')"))
        .filter(abandoned.or(forgotten))
        .order((tasks::woken_at, tasks::id))
        .limit(limit);
    let rows: Vec<Row> = match tx.conn() {
        // What another process is looking at is none of ours.
        AnyConnection::Postgres(conn) => {
            found.select(Row::as_select()).for_update().skip_locked().load(conn)?
        }
        AnyConnection::Sqlite(conn) => found.select(Row::as_select()).load(conn)?,
    };
    let mut wakes = Vec::with_capacity(rows.len());
    for row in rows {
        diesel::update(tasks::table.find(row.id)).set(tasks::woken_at.eq(now)).execute(tx.conn())?;
        match row.wake() {
            Ok(wake) => wakes.push(wake),
            // One row of a later version must not keep all others from being woken.
            Err(error) => tracing::warn!(%error, "task cannot be woken"),
        }
    }
    Ok(wakes)
}

/// Ends every lease now. For a process that knows it is the only one: whoever held a lease is gone.
/// Should it be wrong, fences keep the other from writing. Returns how many there were.
///
/// # Errors
/// When the database does not answer.
pub fn release_all(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    let held = tasks::table.filter(tasks::state.eq(TaskState::Running.as_str()));
    Ok(diesel::update(held).set(tasks::lease_until.eq(Some(Instant(now)))).execute(tx.conn())?)
}
