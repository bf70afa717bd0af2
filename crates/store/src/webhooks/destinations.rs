//! Destinations: origins, their leases, and how they have been doing.

use std::collections::BTreeMap;

use contracts::DestinationId;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable,
    RunQueryDsl, Selectable, SelectableHelper,
};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    schema::{webhook_deliveries as deliveries, webhook_destinations as destinations},
    types::{Id, Instant},
};

/// An origin that deliveries go to.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// Which one.
    pub id: DestinationId,
    /// `scheme://host:port`.
    pub origin: String,
    /// Whose lease it is: a write with an older number is refused.
    pub fence: i64,
    /// How it has been doing.
    pub health: Health,
    /// When it was switched off for having failed too long.
    pub switched_off_at: Option<Timestamp>,
}

impl Destination {
    /// In a word: `well`, `failing` or `switched_off`.
    pub const fn state(&self) -> &'static str {
        match (&self.switched_off_at, self.health.failures) {
            (Some(_), _) => "switched_off",
            (None, 0) => "well",
            (None, _) => "failing",
        }
    }
}

/// How a destination has been doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Failures since the last success.
    pub failures: u32,
    /// When the first of them was.
    pub failing_since: Option<Timestamp>,
    /// Until when nothing is sent.
    pub open_until: Option<Timestamp>,
}

#[derive(Insertable)]
#[diesel(table_name = destinations, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: Id,
    origin: &'a str,
    fence: i64,
    failures: i32,
    created_at: Instant,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = destinations)]
struct Row {
    id: Id,
    origin: String,
    fence: i64,
    failures: i32,
    failing_since: Option<Instant>,
    open_until: Option<Instant>,
    switched_off_at: Option<Instant>,
}

impl From<Row> for Destination {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.into(),
            origin: row.origin,
            fence: row.fence,
            health: Health {
                failures: row.failures.unsigned_abs(),
                failing_since: row.failing_since.map(Into::into),
                open_until: row.open_until.map(Into::into),
            },
            switched_off_at: row.switched_off_at.map(Into::into),
        }
    }
}

/// The ids of these origins; those that are new are made.
///
/// # Errors
/// When the database does not answer.
pub fn ensure(
    tx: &mut Tx,
    origins: &[&str],
    now: Timestamp,
) -> Result<BTreeMap<String, DestinationId>, StoreError> {
    // In the order of keys, so that two transactions cannot wait for each other in a circle.
    let mut wanted: Vec<&str> = origins.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    let mut known = ids_of(tx, &wanted)?;
    let missing: Vec<&str> = wanted.iter().copied().filter(|origin| !known.contains_key(*origin)).collect();
    if missing.is_empty() {
        return Ok(known);
    }
    for origin in &missing {
        let row = NewRow {
            id: DestinationId::new().into(),
            origin,
            fence: 0,
            failures: 0,
            created_at: Instant(now),
        };
        each!(tx, c => diesel::insert_into(destinations::table).values(&row).on_conflict_do_nothing().execute(c))?;
    }
    known.extend(ids_of(tx, &missing)?);
    Ok(known)
}

fn ids_of(tx: &mut Tx, origins: &[&str]) -> Result<BTreeMap<String, DestinationId>, StoreError> {
    let mut found = BTreeMap::new();
    for part in origins.chunks(crate::values::KEYS) {
        let rows: Vec<(String, Id)> = destinations::table
            .filter(destinations::origin.eq_any(part))
            .select((destinations::origin, destinations::id))
            .load(tx.conn())?;
        found.extend(rows.into_iter().map(|(origin, id)| (origin, id.into())));
    }
    Ok(found)
}

/// Notes that there is something to send to these destinations at `due`. To be called when what is to be
/// sent is committed: whoever has just found nothing to send then finds it.
///
/// # Errors
/// When the database does not answer.
pub fn touch(tx: &mut Tx, ids: &[DestinationId], due: Timestamp) -> Result<usize, StoreError> {
    let mut ids: Vec<Id> = ids.iter().map(|id| Id::from(*id)).collect();
    ids.sort_unstable_by_key(|id| id.0);
    ids.dedup();
    let mut touched = 0;
    for part in ids.chunks(crate::values::KEYS) {
        let late = destinations::next_due_at.is_null().or(destinations::next_due_at.gt(Instant(due)));
        let wanted = destinations::table.filter(destinations::id.eq_any(part)).filter(late);
        touched += each!(tx, c => diesel::update(wanted).set(destinations::next_due_at.eq(Instant(due))).execute(c))?;
    }
    Ok(touched)
}

/// When there is something to send next, to anyone; `None` when there is not.
///
/// # Errors
/// When the database does not answer.
pub fn next_due(tx: &mut Tx, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let free = destinations::leased_until.is_null().or(destinations::leased_until.le(Instant(now)));
    let due: Option<Option<Instant>> = destinations::table
        .filter(destinations::next_due_at.is_not_null())
        .filter(free)
        .order(destinations::next_due_at.asc())
        .select(destinations::next_due_at)
        .first(tx.conn())
        .optional()?;
    Ok(due.flatten().map(Into::into))
}

/// Takes the leases of up to `limit` destinations that something is due to, longest due first.
///
/// # Errors
/// When the database does not answer.
pub fn claim(
    tx: &mut Tx,
    limit: usize,
    now: Timestamp,
    until: Timestamp,
) -> Result<Vec<Destination>, StoreError> {
    let free = destinations::leased_until.is_null().or(destinations::leased_until.le(Instant(now)));
    let due = destinations::table
        .filter(destinations::next_due_at.le(Instant(now)))
        .filter(free)
        .order((destinations::next_due_at.asc(), destinations::id.asc()))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX));
    let mut rows: Vec<Row> = match tx.conn() {
        AnyConnection::Postgres(conn) => {
            due.select(Row::as_select()).for_update().skip_locked().load(conn)?
        }
        AnyConnection::Sqlite(conn) => due.select(Row::as_select()).load(conn)?,
    };
    for row in &mut rows {
        row.fence += 1;
        diesel::update(destinations::table.find(row.id))
            .set((destinations::leased_until.eq(Instant(until)), destinations::fence.eq(row.fence)))
            .execute(tx.conn())?;
    }
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Notes how a destination has been doing and that its lease goes on. Locks it.
///
/// # Errors
/// [`StoreError::Conflict`] when another has the lease by now: nothing of this transaction may be kept.
pub fn renew(
    tx: &mut Tx,
    id: DestinationId,
    fence: i64,
    health: &Health,
    until: Timestamp,
) -> Result<(), StoreError> {
    let ours = destinations::table.find(Id::from(id)).filter(destinations::fence.eq(fence));
    let changed = diesel::update(ours)
        .set((
            destinations::leased_until.eq(Instant(until)),
            destinations::failures.eq(i32::try_from(health.failures).unwrap_or(i32::MAX)),
            destinations::failing_since.eq(health.failing_since.map(Instant)),
            destinations::open_until.eq(health.open_until.map(Instant)),
        ))
        .execute(tx.conn())?;
    if changed == 0 {
        return Err(StoreError::Conflict(format!("another courier sends to destination {id} now")));
    }
    Ok(())
}

/// Ends the lease. What is still pending is due when it is due, and not before the circuit closes.
///
/// # Errors
/// When the database does not answer.
pub fn release(tx: &mut Tx, id: DestinationId, fence: i64) -> Result<(), StoreError> {
    // Locked first: what is committed while we wait for the lock is seen by what follows.
    let ours = destinations::table.find(Id::from(id)).filter(destinations::fence.eq(fence));
    let changed =
        diesel::update(ours).set(destinations::leased_until.eq(None::<Instant>)).execute(tx.conn())?;
    if changed == 0 {
        return Ok(());
    }
    let open_until: Option<Option<Instant>> = destinations::table
        .find(Id::from(id))
        .select(destinations::open_until)
        .first(tx.conn())
        .optional()?;
    let due = pending_due(tx, id)?;
    let due = match (due, open_until.flatten()) {
        (Some(due), Some(open)) => Some(due.max(open.0)),
        (due, _) => due,
    };
    diesel::update(destinations::table.find(Id::from(id)))
        .set(destinations::next_due_at.eq(due.map(Instant)))
        .execute(tx.conn())?;
    Ok(())
}

fn pending_due(tx: &mut Tx, id: DestinationId) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<Instant> = deliveries::table
        .filter(deliveries::destination_id.eq(Id::from(id)))
        .filter(deliveries::state.eq("pending"))
        .order(deliveries::due_at.asc())
        .select(deliveries::due_at)
        .first(tx.conn())
        .optional()?;
    Ok(due.map(Into::into))
}

/// Ends every lease. For a process that knows it is the only one.
///
/// # Errors
/// When the database does not answer.
pub fn release_all(tx: &mut Tx) -> Result<usize, StoreError> {
    let held = destinations::table.filter(destinations::leased_until.is_not_null());
    Ok(diesel::update(held).set(destinations::leased_until.eq(None::<Instant>)).execute(tx.conn())?)
}

/// Finds destinations that something was due to before `older_than` and that nobody knows of: the message
/// that should have told of it is lost. Notes that they are due.
///
/// # Errors
/// When the database does not answer.
pub fn recover(tx: &mut Tx, older_than: Timestamp, limit: i64) -> Result<Vec<DestinationId>, StoreError> {
    let idle: Vec<Id> = destinations::table
        .filter(destinations::next_due_at.is_null())
        .filter(diesel::dsl::exists(
            deliveries::table
                .filter(deliveries::destination_id.eq(destinations::id))
                .filter(deliveries::state.eq("pending"))
                .filter(deliveries::due_at.le(Instant(older_than))),
        ))
        .select(destinations::id)
        .limit(limit)
        .load(tx.conn())?;
    let ids: Vec<DestinationId> = idle.into_iter().map(Into::into).collect();
    touch(tx, &ids, older_than)?;
    Ok(ids)
}

/// Switches a destination off: nothing is sent to it until somebody switches it on.
///
/// # Errors
/// When the database does not answer.
pub fn switch_off(tx: &mut Tx, id: DestinationId, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(destinations::table.find(Id::from(id)))
        .set(destinations::switched_off_at.eq(Instant(now)))
        .execute(tx.conn())?;
    Ok(())
}

/// Switches the destination with this origin on, as if it had never failed. False when there is none.
///
/// # Errors
/// When the database does not answer.
pub fn switch_on(tx: &mut Tx, origin: &str) -> Result<bool, StoreError> {
    let changed = diesel::update(destinations::table.filter(destinations::origin.eq(origin)))
        .set((
            destinations::switched_off_at.eq(None::<Instant>),
            destinations::failures.eq(0),
            destinations::failing_since.eq(None::<Instant>),
            destinations::open_until.eq(None::<Instant>),
        ))
        .execute(tx.conn())?;
    Ok(changed > 0)
}

/// The destination with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: DestinationId) -> Result<Option<Destination>, StoreError> {
    let row: Option<Row> =
        destinations::table.find(Id::from(id)).select(Row::as_select()).first(tx.conn()).optional()?;
    Ok(row.map(Into::into))
}

/// Up to `limit` destinations by origin, those after `after`; all, or those that do not do well.
///
/// # Errors
/// When the database does not answer.
pub fn list(
    tx: &mut Tx,
    failing_only: bool,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Destination>, StoreError> {
    let mut query = destinations::table
        .order(destinations::origin.asc())
        .limit(limit.into())
        .select(Row::as_select())
        .into_boxed();
    if failing_only {
        query = query.filter(destinations::failures.gt(0).or(destinations::switched_off_at.is_not_null()));
    }
    if let Some(after) = after {
        query = query.filter(destinations::origin.gt(after));
    }
    Ok(query.load::<Row>(tx.conn())?.into_iter().map(Into::into).collect())
}
