//! Answers to requests that carried an `Idempotency-Key`, so that the same request gets the same answer.

use contracts::KeyId;
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper,
};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::each,
    schema::idempotency,
    types::{Id, Instant},
};

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its HTTP status.
    pub status: u16,
    /// Its headers that matter, JSON.
    pub headers: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// What is known of a request when it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Nothing: it is to be answered, and the answer to be kept.
    Fresh,
    /// It was answered before.
    Answered(Answer),
    /// The same request is being answered.
    UnderWay,
    /// Another request had this key.
    Another,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = idempotency)]
struct Row {
    fingerprint: Vec<u8>,
    status: Option<i32>,
    headers: String,
    body: Vec<u8>,
}

/// Begins a request of `caller` under `token`. `fingerprint` tells this request from others. One that was
/// begun before `given_up` and never answered counts as not begun: whoever answered it is gone.
///
/// # Errors
/// When the database does not answer.
pub fn begin(
    tx: &mut Tx,
    (caller, token): (KeyId, &str),
    fingerprint: &[u8],
    given_up: Timestamp,
    now: Timestamp,
) -> Result<Begun, StoreError> {
    let row = (
        idempotency::key_id.eq(Id::from(caller)),
        idempotency::token.eq(token),
        idempotency::fingerprint.eq(fingerprint),
        idempotency::headers.eq(""),
        idempotency::body.eq(Vec::<u8>::new()),
        idempotency::begun_at.eq(Instant(now)),
    );
    let made = each!(tx, c => diesel::insert_into(idempotency::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if made == 1 {
        return Ok(Begun::Fresh);
    }
    let found: Option<Row> = idempotency::table
        .find((Id::from(caller), token))
        .select(Row::as_select())
        .first(tx.conn())
        .optional()?;
    let Some(found) = found else { return Ok(Begun::UnderWay) };
    if found.fingerprint != fingerprint {
        return Ok(Begun::Another);
    }
    if let Some(status) = found.status {
        let status = u16::try_from(status).unwrap_or(500);
        return Ok(Begun::Answered(Answer { status, headers: found.headers, body: found.body }));
    }
    // Only one of those who find it given up takes it over.
    let taken = diesel::update(idempotency::table.find((Id::from(caller), token)))
        .filter(idempotency::begun_at.le(Instant(given_up)))
        .filter(idempotency::status.is_null())
        .set(idempotency::begun_at.eq(Instant(now)))
        .execute(tx.conn())?;
    Ok(if taken == 1 { Begun::Fresh } else { Begun::UnderWay })
}

/// Keeps the answer to a request that was begun.
///
/// # Errors
/// When the database does not answer.
pub fn answered(tx: &mut Tx, (caller, token): (KeyId, &str), answer: &Answer) -> Result<(), StoreError> {
    diesel::update(idempotency::table.find((Id::from(caller), token)))
        .set((
            idempotency::status.eq(Some(i32::from(answer.status))),
            idempotency::headers.eq(&answer.headers),
            idempotency::body.eq(&answer.body),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Forgets a request that came to nothing, so that it can be made again.
///
/// # Errors
/// When the database does not answer.
pub fn forget(tx: &mut Tx, (caller, token): (KeyId, &str)) -> Result<(), StoreError> {
    diesel::delete(idempotency::table.find((Id::from(caller), token))).execute(tx.conn())?;
    Ok(())
}

/// Forgets requests that were begun before this.
///
/// # Errors
/// When the database does not answer.
pub fn purge(tx: &mut Tx, before: Timestamp) -> Result<usize, StoreError> {
    let old = idempotency::table.filter(idempotency::begun_at.lt(Instant(before)));
    Ok(diesel::delete(old).execute(tx.conn())?)
}
