//! What became of tries, and deliveries put on their way again.

use std::collections::BTreeMap;

use contracts::{DeliveryId, DestinationId, WebhookId};
use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Attempt, DeliveryState};
use crate::{
    StoreError, Tx,
    bulk::copy_in,
    connection::each,
    keys::storable,
    schema::{webhook_attempts as attempts, webhook_deliveries as deliveries},
    types::{Id, Instant},
    values::{KEYS, to_db},
};

/// What a try came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The destination has it.
    Delivered,
    /// It is tried again then.
    Again(Timestamp),
    /// It is given up, for this reason.
    Failed(String),
}

/// One try, and what it came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// What was tried.
    pub delivery: DeliveryId,
    /// How it went.
    pub attempt: Attempt,
    /// What it came to.
    pub ended: Ended,
}

#[derive(Insertable)]
#[diesel(table_name = attempts, treat_none_as_default_value = false)]
struct NewAttempt<'a> {
    delivery_id: Id,
    at: Instant,
    micros: i64,
    status: Option<i32>,
    error: Option<std::borrow::Cow<'a, str>>,
    answer: std::borrow::Cow<'a, str>,
}

/// Writes what became of tries. A delivery that is not pending any more, because a person ended it
/// meanwhile, stays as it is; its try is kept all the same.
///
/// # Errors
/// When the database does not answer.
pub fn record(tx: &mut Tx, tried: &[Tried], now: Timestamp) -> Result<(), StoreError> {
    let rows: Vec<NewAttempt<'_>> = tried
        .iter()
        .map(|one| NewAttempt {
            delivery_id: one.delivery.into(),
            at: Instant(one.attempt.at),
            micros: to_db(one.attempt.micros),
            status: one.attempt.status.map(i32::from),
            error: one.attempt.error.as_deref().map(storable),
            answer: storable(&one.attempt.answer),
        })
        .collect();
    copy_in!(tx, attempts::table, &rows)?;
    let delivered: Vec<Id> =
        tried.iter().filter(|one| one.ended == Ended::Delivered).map(|one| Id::from(one.delivery)).collect();
    for part in delivered.chunks(KEYS) {
        let pending = deliveries::table
            .filter(deliveries::id.eq_any(part))
            .filter(deliveries::state.eq(DeliveryState::Pending.as_str()));
        each!(tx, c => diesel::update(pending)
            .set((
                deliveries::state.eq(DeliveryState::Delivered.as_str()),
                deliveries::tries.eq(deliveries::tries + 1),
                deliveries::ended_at.eq(Instant(now)),
            ))
            .execute(c))?;
    }
    for one in tried {
        let pending = deliveries::table
            .find(Id::from(one.delivery))
            .filter(deliveries::state.eq(DeliveryState::Pending.as_str()));
        match &one.ended {
            Ended::Delivered => continue,
            Ended::Again(at) => diesel::update(pending)
                .set((deliveries::tries.eq(deliveries::tries + 1), deliveries::due_at.eq(Instant(*at))))
                .execute(tx.conn())?,
            Ended::Failed(reason) => diesel::update(pending)
                .set((
                    deliveries::state.eq(DeliveryState::Failed.as_str()),
                    deliveries::tries.eq(deliveries::tries + 1),
                    deliveries::reason.eq(storable(reason)),
                    deliveries::ended_at.eq(Instant(now)),
                ))
                .execute(tx.conn())?,
        };
    }
    Ok(())
}

/// Gives up everything that is pending for a destination. Returns how many.
///
/// # Errors
/// When the database does not answer.
pub fn switch_off(
    tx: &mut Tx,
    destination: DestinationId,
    reason: &str,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let pending = deliveries::table
        .filter(deliveries::destination_id.eq(Id::from(destination)))
        .filter(deliveries::state.eq(DeliveryState::Pending.as_str()));
    Ok(diesel::update(pending)
        .set((
            deliveries::state.eq(DeliveryState::Failed.as_str()),
            deliveries::reason.eq(reason),
            deliveries::ended_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?)
}

/// Puts one delivery on its way again, with the id that it has. Returns its destination, which has to be
/// told of; `None` when there is no such delivery.
///
/// # Errors
/// When the database does not answer.
pub fn replay(tx: &mut Tx, id: DeliveryId, now: Timestamp) -> Result<Option<DestinationId>, StoreError> {
    Ok(again(tx, &[Id::from(id)], now)?.into_iter().next())
}

/// Puts everything that a webhook was told since then on its way again: what was given up, or all. At most
/// `limit` of it, oldest first. Returns how many, and the destinations that have to be told of.
///
/// # Errors
/// When the database does not answer.
pub fn replay_since(
    tx: &mut Tx,
    webhook: WebhookId,
    since: Timestamp,
    failed_only: bool,
    limit: u32,
    now: Timestamp,
) -> Result<(usize, Vec<DestinationId>), StoreError> {
    let mut query = deliveries::table
        .filter(deliveries::webhook_id.eq(Id::from(webhook)))
        .filter(deliveries::created_at.ge(Instant(since)))
        .filter(deliveries::state.ne(DeliveryState::Pending.as_str()))
        .order(deliveries::id.asc())
        .limit(limit.into())
        .select(deliveries::id)
        .into_boxed();
    if failed_only {
        query = query.filter(deliveries::state.eq(DeliveryState::Failed.as_str()));
    }
    let ids: Vec<Id> = query.load(tx.conn())?;
    let touched = again(tx, &ids, now)?;
    Ok((ids.len(), touched))
}

/// Puts everything that was told about a subject on its way again. Returns the destinations that have to
/// be told of.
///
/// # Errors
/// When the database does not answer.
pub fn replay_subject(tx: &mut Tx, subject: Uuid, now: Timestamp) -> Result<Vec<DestinationId>, StoreError> {
    let ids: Vec<Id> = deliveries::table
        .filter(deliveries::subject.eq(Id::from(subject)))
        .select(deliveries::id)
        .load(tx.conn())?;
    again(tx, &ids, now)
}

fn again(tx: &mut Tx, ids: &[Id], now: Timestamp) -> Result<Vec<DestinationId>, StoreError> {
    let mut found = BTreeMap::new();
    for part in ids.chunks(KEYS) {
        let these = deliveries::table.filter(deliveries::id.eq_any(part));
        each!(tx, c => diesel::update(these)
            .set((
                deliveries::state.eq(DeliveryState::Pending.as_str()),
                deliveries::tries.eq(0),
                deliveries::reason.eq(None::<String>),
                deliveries::due_at.eq(Instant(now)),
                deliveries::ended_at.eq(None::<Instant>),
            ))
            .execute(c))?;
        let destinations: Vec<Id> = deliveries::table
            .filter(deliveries::id.eq_any(part))
            .select(deliveries::destination_id)
            .distinct()
            .load(tx.conn())?;
        found.extend(destinations.into_iter().map(|id| (id.0, DestinationId::from(id))));
    }
    Ok(found.into_values().collect())
}

/// Forgets up to `limit` deliveries that ended before `before`, with their tries. Returns how many.
///
/// # Errors
/// When the database does not answer.
pub fn purge(tx: &mut Tx, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
    // Ids sort by the time they were made: what is old is found without an index of its own.
    let ids: Vec<Id> = deliveries::table
        .filter(deliveries::state.ne(DeliveryState::Pending.as_str()))
        .filter(deliveries::created_at.lt(Instant(before)))
        .filter(deliveries::ended_at.lt(Instant(before)))
        .order(deliveries::id.asc())
        .limit(limit)
        .select(deliveries::id)
        .load(tx.conn())?;
    for part in ids.chunks(KEYS) {
        each!(tx, c => diesel::delete(attempts::table.filter(attempts::delivery_id.eq_any(part))).execute(c))?;
        each!(tx, c => diesel::delete(deliveries::table.filter(deliveries::id.eq_any(part))).execute(c))?;
    }
    Ok(ids.len())
}
