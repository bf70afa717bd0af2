//! The calls that forges allow: one ledger for every process, so that together they stay within it.
//!
//! A row is one token's budget for one class of calls. A process leases some calls at a time; what is leased is
//! taken off at once, and what was not used is given back. Headers of answers correct the figures downwards
//! within a period, and anew in the next.

use std::time::Duration;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    keys::storable,
    schema::call_budgets,
    types::Instant,
};

/// How long a period is taken to last until the forge tells its end.
const PERIOD: Duration = Duration::from_secs(3600);
/// The same end of a period is not told to the second.
const SAME: i64 = 5;

/// Which budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The forge, by the host of its API.
    pub forge: String,
    /// A fingerprint of the token; never the token itself.
    pub token: String,
    /// The class of calls.
    pub resource: String,
}

/// One token's budget for one class of calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Which one.
    pub key: Key,
    /// Calls in one period, once the forge has told.
    pub limit: Option<i64>,
    /// What is left of it and not leased.
    pub remaining: Option<i64>,
    /// When the period ends.
    pub reset_at: Option<Timestamp>,
    /// No call before then, for this reason.
    pub blocked: Option<(Timestamp, String)>,
    /// How often it was passed in a row.
    pub strikes: u32,
    /// Why the token is set aside.
    pub bad: Option<String>,
    /// Calls made in all.
    pub calls: u64,
    /// When anything was last heard of it.
    pub updated_at: Timestamp,
}

#[derive(Queryable)]
struct Row {
    forge: String,
    token: String,
    resource: String,
    limit: Option<i64>,
    remaining: Option<i64>,
    reset_at: Option<Instant>,
    blocked_until: Option<Instant>,
    blocked_reason: Option<String>,
    strikes: i32,
    bad: Option<String>,
    calls: i64,
    updated_at: Instant,
}

impl From<Row> for Budget {
    fn from(row: Row) -> Self {
        Self {
            key: Key { forge: row.forge, token: row.token, resource: row.resource },
            limit: row.limit,
            remaining: row.remaining,
            reset_at: row.reset_at.map(Into::into),
            blocked: row.blocked_until.map(|until| (until.into(), row.blocked_reason.unwrap_or_default())),
            strikes: row.strikes.unsigned_abs(),
            bad: row.bad,
            calls: row.calls.unsigned_abs(),
            updated_at: row.updated_at.into(),
        }
    }
}

/// What asking for calls came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// So many calls with this token.
    Calls {
        /// Its fingerprint.
        token: String,
        /// How many.
        calls: i64,
        /// How often this budget was passed in a row before.
        strikes: u32,
    },
    /// None before then.
    Wait {
        /// The earliest time at which one of the tokens is good again.
        until: Timestamp,
        /// Why, for people.
        reason: String,
    },
    /// Every token is set aside.
    NoToken(String),
}

/// Leases up to `want` calls of one class with any of these tokens; `reserve` calls of each period are never
/// given out.
///
/// # Errors
/// When the database fails.
pub fn take(
    tx: &mut Tx,
    forge: &str,
    tokens: &[String],
    resource: &str,
    (want, reserve): (i64, i64),
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let mut tokens = tokens.to_vec();
    tokens.sort_unstable();
    let mut earliest: Option<(Timestamp, String)> = None;
    let mut bad = String::from("there is no token");
    let mut best: Option<(Budget, i64)> = None;
    for token in tokens {
        let key = Key { forge: forge.to_owned(), token, resource: resource.to_owned() };
        let budget = fresh(locked(tx, &key, now)?, now);
        match available(&budget, reserve, now) {
            Available::Calls(calls) => {
                if best.as_ref().is_none_or(|(_, most)| calls > *most) {
                    best = Some((budget, calls));
                }
            }
            Available::At(at, reason) => {
                if earliest.as_ref().is_none_or(|(first, _)| at < *first) {
                    earliest = Some((at, reason));
                }
            }
            Available::Never(reason) => bad = reason,
        }
    }
    if let Some((mut budget, calls)) = best {
        let calls = calls.min(want.max(1));
        budget.remaining = budget.remaining.map(|remaining| remaining - calls);
        let strikes = budget.strikes;
        save(tx, &budget, now)?;
        return Ok(Taken::Calls { token: budget.key.token, calls, strikes });
    }
    Ok(match earliest {
        Some((until, reason)) => Taken::Wait { until, reason },
        None => Taken::NoToken(bad),
    })
}

enum Available {
    Calls(i64),
    At(Timestamp, String),
    Never(String),
}

/// A period that has passed gives everything back.
fn fresh(mut budget: Budget, now: Timestamp) -> Budget {
    if budget.reset_at.is_some_and(|reset| reset <= now) {
        budget.remaining = budget.limit;
        budget.reset_at = budget.limit.map(|_| now + PERIOD);
    }
    if budget.blocked.as_ref().is_some_and(|(until, _)| *until <= now) {
        budget.blocked = None;
    }
    budget
}

fn available(budget: &Budget, reserve: i64, now: Timestamp) -> Available {
    if let Some(reason) = &budget.bad {
        return Available::Never(reason.clone());
    }
    if let Some((until, reason)) = &budget.blocked {
        return Available::At(*until, reason.clone());
    }
    let Some(remaining) = budget.remaining else {
        // Nobody knows yet how many there are: the first answer tells.
        return Available::Calls(if budget.calls == 0 { 1 } else { i64::MAX });
    };
    // A small budget keeps a tenth of it.
    let kept = reserve.min(budget.limit.unwrap_or(remaining) / 10);
    match remaining - kept {
        calls if calls > 0 => Available::Calls(calls),
        _ => {
            let at = budget.reset_at.unwrap_or(now + PERIOD);
            Available::At(
                at,
                format!("the calls of this period are used up, but for {kept} that are kept back"),
            )
        }
    }
}

/// Notes what the headers of an answer said: limit, remaining calls and the end of the period.
///
/// # Errors
/// When the database fails.
pub fn report(
    tx: &mut Tx,
    key: &Key,
    (limit, remaining, reset_at): (Option<i64>, Option<i64>, Option<Timestamp>),
    now: Timestamp,
) -> Result<Budget, StoreError> {
    let mut budget = fresh(locked(tx, key, now)?, now);
    budget.calls += 1;
    budget.strikes = 0;
    budget.limit = limit.or(budget.limit);
    if let Some(told) = remaining {
        let same = match (budget.reset_at, reset_at) {
            (Some(known), Some(told)) => (known.as_second() - told.as_second()).abs() <= SAME,
            (_, None) => true,
            (None, Some(_)) => false,
        };
        // Within a period the smaller figure counts: ours knows of leases, theirs of other users of the token.
        let known = budget.remaining.filter(|_| same);
        budget.remaining = Some(known.map_or(told, |known| known.min(told)));
    }
    budget.reset_at = reset_at.or(budget.reset_at);
    save(tx, &budget, now)?;
    Ok(budget)
}

/// Gives calls back that were leased and not made.
///
/// # Errors
/// When the database fails.
pub fn give_back(tx: &mut Tx, key: &Key, calls: i64, now: Timestamp) -> Result<(), StoreError> {
    let mut budget = locked(tx, key, now)?;
    budget.remaining = budget.remaining.map(|remaining| {
        let most = budget.limit.unwrap_or(i64::MAX);
        remaining.saturating_add(calls).min(most)
    });
    save(tx, &budget, now)
}

/// No calls of this budget until then, for this reason. `strikes` is how often in a row it was passed by now.
///
/// # Errors
/// When the database fails.
pub fn block(
    tx: &mut Tx,
    key: &Key,
    (until, reason): (Timestamp, &str),
    strikes: u32,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut budget = locked(tx, key, now)?;
    budget.strikes = strikes;
    budget.blocked = Some((until, reason.to_owned()));
    save(tx, &budget, now)
}

/// Sets a token aside, in every class of calls.
///
/// # Errors
/// When the database fails.
pub fn set_aside(tx: &mut Tx, key: &Key, reason: &str, now: Timestamp) -> Result<(), StoreError> {
    locked(tx, key, now)?;
    let rows = call_budgets::table
        .filter(call_budgets::forge.eq(&key.forge))
        .filter(call_budgets::token.eq(&key.token));
    diesel::update(rows)
        .set((
            call_budgets::bad_reason.eq(Some(storable(reason).into_owned())),
            call_budgets::updated_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Every budget of a forge; of every forge when none is named.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut Tx, forge: Option<&str>) -> Result<Vec<Budget>, StoreError> {
    let mut query = call_budgets::table
        .order((call_budgets::forge, call_budgets::token, call_budgets::resource))
        .limit(1_000)
        .into_boxed();
    if let Some(forge) = forge {
        query = query.filter(call_budgets::forge.eq(forge.to_owned()));
    }
    Ok(query.load::<Row>(tx.conn())?.into_iter().map(Budget::from).collect())
}

/// The row of a budget, made when there is none, which nobody else changes until this transaction ends.
fn locked(tx: &mut Tx, key: &Key, now: Timestamp) -> Result<Budget, StoreError> {
    if let Some(budget) = find(tx, key)? {
        return Ok(budget);
    }
    let row = (
        call_budgets::forge.eq(&key.forge),
        call_budgets::token.eq(&key.token),
        call_budgets::resource.eq(&key.resource),
        call_budgets::strikes.eq(0),
        call_budgets::calls.eq(0_i64),
        call_budgets::updated_at.eq(Instant(now)),
    );
    each!(tx, c => diesel::insert_into(call_budgets::table).values(row).on_conflict_do_nothing().execute(c))?;
    find(tx, key)?
        .ok_or_else(|| StoreError::NotFound(format!("no budget of {} for {}", key.forge, key.resource)))
}

fn find(tx: &mut Tx, key: &Key) -> Result<Option<Budget>, StoreError> {
    let row = call_budgets::table.find((key.forge.clone(), key.token.clone(), key.resource.clone()));
    let found: Option<Row> = match tx.conn() {
        AnyConnection::Postgres(conn) => row.for_update().first(conn).optional()?,
        AnyConnection::Sqlite(conn) => row.first(conn).optional()?,
    };
    Ok(found.map(Budget::from))
}

fn save(tx: &mut Tx, budget: &Budget, now: Timestamp) -> Result<(), StoreError> {
    let key = &budget.key;
    let blocked = budget.blocked.as_ref();
    diesel::update(call_budgets::table.find((key.forge.clone(), key.token.clone(), key.resource.clone())))
        .set((
            call_budgets::calls_limit.eq(budget.limit),
            call_budgets::remaining.eq(budget.remaining),
            call_budgets::reset_at.eq(budget.reset_at.map(Instant)),
            call_budgets::blocked_until.eq(blocked.map(|(until, _)| Instant(*until))),
            call_budgets::blocked_reason.eq(blocked.map(|(_, reason)| storable(reason).into_owned())),
            call_budgets::strikes.eq(i32::try_from(budget.strikes).unwrap_or(i32::MAX)),
            call_budgets::calls.eq(i64::try_from(budget.calls).unwrap_or(i64::MAX)),
            call_budgets::updated_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    Ok(())
}
