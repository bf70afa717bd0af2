//! Messages that are committed with the data they speak of, and published after.

use contracts::{Envelope, Lane};
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    lanes,
    schema::outbox,
    types::Instant,
};

/// The number of a row in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxId(pub i64);

#[derive(Insertable)]
#[diesel(table_name = outbox, treat_none_as_default_value = false)]
struct NewRow<'a> {
    message_id: &'a str,
    source: &'a str,
    kind: &'a str,
    time: Instant,
    traceparent: Option<&'a str>,
    lane: &'static str,
    attempt: i32,
    body: &'a [u8],
    due_at: Instant,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
struct Row {
    id: i64,
    message_id: String,
    source: String,
    kind: String,
    time: Instant,
    traceparent: Option<String>,
    lane: String,
    attempt: i32,
    body: Vec<u8>,
}

impl Row {
    fn envelope(self) -> Result<(OutboxId, Envelope), StoreError> {
        let lane: Lane = lanes::parse(&self.lane)?;
        let envelope = Envelope {
            id: self.message_id,
            source: self.source,
            kind: self.kind,
            time: self.time.0,
            traceparent: self.traceparent,
            lane,
            attempt: self.attempt.unsigned_abs(),
            body: self.body,
        };
        Ok((OutboxId(self.id), envelope))
    }
}

/// Rows of one multi-row insert; each binds nine values.
const ROWS: usize = 1_000;

/// Puts messages into the outbox. Those with a `not_before` are left to a relay from then on. Those
/// without are published by the caller itself once the transaction is committed; a relay takes them
/// from `claimed_until` on, should the caller not come to it. Returns their numbers in the same order.
///
/// # Errors
/// When the database does not answer.
pub fn push(
    tx: &mut Tx,
    envelopes: &[Envelope],
    not_before: Option<Timestamp>,
    claimed_until: Timestamp,
) -> Result<Vec<OutboxId>, StoreError> {
    let due_at = Instant(not_before.unwrap_or(claimed_until));
    let rows: Vec<NewRow<'_>> = envelopes
        .iter()
        .map(|envelope| NewRow {
            message_id: &envelope.id,
            source: &envelope.source,
            kind: &envelope.kind,
            time: Instant(envelope.time),
            traceparent: envelope.traceparent.as_deref(),
            lane: envelope.lane.as_str(),
            attempt: i32::try_from(envelope.attempt).unwrap_or(i32::MAX),
            body: &envelope.body,
            due_at,
        })
        .collect();
    let mut ids: Vec<i64> = Vec::with_capacity(rows.len());
    match tx.conn() {
        AnyConnection::Postgres(conn) => {
            for part in rows.chunks(ROWS) {
                let insert = diesel::insert_into(outbox::table).values(part);
                ids.extend(insert.returning(outbox::id).get_results::<i64>(conn)?);
            }
            // Numbers are given in the order of the rows, but need not be returned in it.
            ids.sort_unstable();
        }
        AnyConnection::Sqlite(conn) => {
            for row in &rows {
                let insert = diesel::insert_into(outbox::table).values(row);
                ids.push(insert.returning(outbox::id).get_result(conn)?);
            }
        }
    }
    Ok(ids.into_iter().map(OutboxId).collect())
}

/// Takes up to `limit` messages that are due, oldest first, for this caller alone until
/// `claimed_until`.
///
/// # Errors
/// When the database does not answer, or holds a message that this version cannot read.
pub fn claim_due(
    tx: &mut Tx,
    limit: usize,
    now: Timestamp,
    claimed_until: Timestamp,
) -> Result<Vec<(OutboxId, Envelope)>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let due = outbox::table
        .filter(outbox::due_at.le(Instant(now)))
        .order((outbox::due_at, outbox::id))
        .limit(limit);
    let rows: Vec<Row> = match tx.conn() {
        // What another relay is claiming is none of ours.
        AnyConnection::Postgres(conn) => {
            due.select(Row::as_select()).for_update().skip_locked().load(conn)?
        }
        // A write transaction has the database for itself.
        AnyConnection::Sqlite(conn) => due.select(Row::as_select()).load(conn)?,
    };
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    for ids in ids.chunks(ROWS) {
        let claimed = outbox::table.filter(outbox::id.eq_any(ids));
        each!(tx, c => diesel::update(claimed).set(outbox::due_at.eq(Instant(claimed_until))).execute(c))?;
    }
    rows.into_iter().map(Row::envelope).collect()
}

/// Removes messages that the bus has confirmed. Numbers that are gone already do not matter.
///
/// # Errors
/// When the database does not answer.
pub fn published(tx: &mut Tx, ids: &[OutboxId]) -> Result<(), StoreError> {
    let mut ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    for ids in ids.chunks(ROWS) {
        each!(tx, c => diesel::delete(outbox::table.filter(outbox::id.eq_any(ids))).execute(c))?;
    }
    Ok(())
}

/// Gives back messages that could not be published: a relay may take them from `due` on.
///
/// # Errors
/// When the database does not answer.
pub fn release(tx: &mut Tx, ids: &[OutboxId], due: Timestamp) -> Result<(), StoreError> {
    let mut ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    for ids in ids.chunks(ROWS) {
        let held = outbox::table.filter(outbox::id.eq_any(ids));
        each!(tx, c => diesel::update(held).set(outbox::due_at.eq(Instant(due))).execute(c))?;
    }
    Ok(())
}

/// Makes every message due at `now` that would be due later because of a claim or a pause. For a
/// process that knows it is the only one: whoever held a claim is gone.
///
/// # Errors
/// When the database does not answer.
pub fn release_all(tx: &mut Tx, now: Timestamp) -> Result<usize, StoreError> {
    let held = outbox::table.filter(outbox::due_at.gt(Instant(now)));
    Ok(diesel::update(held).set(outbox::due_at.eq(Instant(now))).execute(tx.conn())?)
}

/// How many messages are in the outbox.
///
/// # Errors
/// When the database does not answer.
pub fn len(tx: &mut Tx) -> Result<u64, StoreError> {
    let count: i64 = outbox::table.count().get_result(tx.conn())?;
    Ok(count.unsigned_abs())
}

/// When the next message is due; `None` when there is none.
///
/// # Errors
/// When the database does not answer.
pub fn next_due(tx: &mut Tx) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<Instant> =
        outbox::table.select(diesel::dsl::min(outbox::due_at)).get_result(tx.conn())?;
    Ok(due.map(Into::into))
}
