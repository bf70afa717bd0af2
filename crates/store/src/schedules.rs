//! What is to happen once in a period, whatever the number of processes.

use std::time::Duration;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use crate::{StoreError, Tx, connection::each, schema::schedules, types::Instant};

/// True for exactly one caller in each period of `every`, among all processes.
///
/// # Errors
/// When the database does not answer.
pub fn take_due(tx: &mut Tx, name: &str, every: Duration, now: Timestamp) -> Result<bool, StoreError> {
    let first = each!(tx, c => diesel::insert_into(schedules::table)
        .values((schedules::name.eq(name), schedules::taken_at.eq(Instant(now))))
        .on_conflict_do_nothing()
        .execute(c))?;
    if first == 1 {
        return Ok(true);
    }
    // Whoever waits here for another's update looks at the time again when it has its turn.
    let due = schedules::table.find(name).filter(schedules::taken_at.le(Instant(now - every)));
    let taken = diesel::update(due).set(schedules::taken_at.eq(Instant(now))).execute(tx.conn())?;
    Ok(taken == 1)
}

/// As [`take_due`], but the first period only begins with the first call: true at its end at the earliest.
///
/// # Errors
/// When the database does not answer.
pub fn take_due_later(tx: &mut Tx, name: &str, every: Duration, now: Timestamp) -> Result<bool, StoreError> {
    let known = schedules::table.find(name).count().get_result::<i64>(tx.conn())?;
    Ok(take_due(tx, name, every, now)? && known > 0)
}

/// Whether [`take_due`] would find it due. Takes no lock.
///
/// # Errors
/// When the database does not answer.
pub fn is_due(tx: &mut Tx, name: &str, every: Duration, now: Timestamp) -> Result<bool, StoreError> {
    let taken: Option<Instant> =
        schedules::table.find(name).select(schedules::taken_at).first(tx.conn()).optional()?;
    Ok(taken.is_none_or(|taken| taken.0 <= now - every))
}
