//! What happened, numbered: one sequence for every gateway.
//!
//! Each gateway hears each event from the bus and writes it here, and the first one wins. Numbers are given
//! under a lock, so that whoever has seen a number will never see a smaller one appear.

use std::collections::HashSet;

use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    bulk::upsert_many,
    connection::{AnyConnection, each},
    keys,
    schema::events,
    types::Instant,
    values::{KEYS, from_db, to_db},
};

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number; each is larger than all before it.
    pub seq: u64,
    /// What happened.
    pub kind: String,
    /// When it was said.
    pub time: Timestamp,
    /// The message, JSON.
    pub body: String,
}

/// Something that happened and has no number yet.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// The id of the message that told of it.
    pub message_id: String,
    /// What happened.
    pub kind: String,
    /// When it was said.
    pub time: Timestamp,
    /// The message, JSON.
    pub body: String,
}

#[derive(Insertable)]
#[diesel(table_name = events)]
struct NewRow<'a> {
    message_id: std::borrow::Cow<'a, str>,
    kind: &'a str,
    time: Instant,
    body: std::borrow::Cow<'a, str>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
struct Row {
    seq: i64,
    kind: String,
    time: Instant,
    body: String,
}

/// Writes events that are not written yet.
///
/// # Errors
/// When the database does not answer.
pub fn append(tx: &mut Tx, new: &[NewEvent]) -> Result<(), StoreError> {
    if let AnyConnection::Postgres(conn) = tx.conn() {
        diesel::sql_query("LOCK TABLE events IN SHARE ROW EXCLUSIVE MODE").execute(conn)?;
    }
    // Those that are known take no number: one that is missing is then one that is gone.
    let ids: Vec<std::borrow::Cow<'_, str>> = new.iter().map(|event| keys::of(&event.message_id)).collect();
    let mut known: HashSet<String> = HashSet::new();
    for part in ids.chunks(KEYS) {
        let part: Vec<&str> = part.iter().map(AsRef::as_ref).collect();
        let found: Vec<String> = each!(tx, c => events::table
            .filter(events::message_id.eq_any(part))
            .select(events::message_id)
            .load(c))?;
        known.extend(found);
    }
    let rows: Vec<NewRow<'_>> = new
        .iter()
        .filter(|event| known.insert(keys::of(&event.message_id).into_owned()))
        .map(|event| NewRow {
            message_id: keys::of(&event.message_id),
            kind: &event.kind,
            time: event.time.into(),
            body: keys::storable(&event.body),
        })
        .collect();
    upsert_many!(tx, &rows, part => diesel::insert_into(events::table)
        .values(part)
        .on_conflict(events::message_id)
        .do_nothing())?;
    Ok(())
}

/// Up to `limit` events behind `seq`, in their order.
///
/// # Errors
/// When the database does not answer.
pub fn after(tx: &mut Tx, seq: u64, limit: u32) -> Result<Vec<Event>, StoreError> {
    let rows: Vec<Row> = events::table
        .filter(events::seq.gt(to_db(seq)))
        .order(events::seq)
        .limit(limit.into())
        .select(Row::as_select())
        .load(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|row| Event { seq: from_db(row.seq), kind: row.kind, time: row.time.into(), body: row.body })
        .collect())
}

/// The smallest and the largest number that is kept; none when nothing is.
///
/// # Errors
/// When the database does not answer.
pub fn range(tx: &mut Tx) -> Result<Option<(u64, u64)>, StoreError> {
    use diesel::dsl::{max, min};
    let (first, last): (Option<i64>, Option<i64>) =
        events::table.select((min(events::seq), max(events::seq))).first(tx.conn())?;
    Ok(first.zip(last).map(|(first, last)| (from_db(first), from_db(last))))
}

/// Forgets the events up to this number.
///
/// # Errors
/// When the database does not answer.
pub fn purge(tx: &mut Tx, through: u64) -> Result<usize, StoreError> {
    Ok(diesel::delete(events::table.filter(events::seq.le(to_db(through)))).execute(tx.conn())?)
}
