//! How a source is run, and how far it is.

use std::time::Duration;

use contracts::SourceId;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, Queryable, RunQueryDsl,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::SourceState;
use crate::{
    StoreError, Tx,
    connection::each,
    keys::storable,
    names::names,
    schema::{source_states, sources},
    types::{Id, Instant},
    values::{from_db, to_db},
};

names! {
    /// When what a source finds is visited.
    pub enum Visits in "source_states.visits" {
        /// All of it by each run, in a snapshot of the run's own.
        AtOnce = "at_once",
        /// One by one, when each is worth it.
        Planned = "planned",
    }
}

/// How a source is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// When what it finds is visited.
    pub visits: Visits,
    /// By itself every so often; never when absent.
    pub every: Option<Duration>,
    /// How old what is held of a lively repository may be.
    pub freshness: Option<Duration>,
    /// Of sources that are due at once, the one with the higher number is run first.
    pub priority: i32,
    /// Whether the commits of what it finds are taken in too.
    pub history: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { visits: Visits::AtOnce, every: None, freshness: None, priority: 0, history: false }
    }
}

/// A source that sleeps because a forge said so.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// Until when.
    pub until: Timestamp,
    /// Why, for people.
    pub reason: String,
    /// The snapshot or source that its index task goes on with.
    pub subject: Uuid,
}

/// A pass through a source, from its first page to its last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pass {
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended; none while it is under way.
    pub ended_at: Option<Timestamp>,
    /// Calls that it took.
    pub calls: u64,
    /// Records that it showed.
    pub found: u64,
}

/// How a source is run, and how far it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// How it is run.
    pub settings: Settings,
    /// When it is run next by itself.
    pub next_run_at: Option<Timestamp>,
    /// Whether it sleeps.
    pub waiting: Option<Waiting>,
    /// The pass that is under way.
    pub pass: Option<Pass>,
    /// Records of it that could not be understood.
    pub refused: u64,
    /// The last pass that was completed.
    pub last: Option<Pass>,
}

#[derive(Queryable)]
struct Row {
    _source: Id,
    visits: String,
    every: Option<i64>,
    freshness: Option<i64>,
    priority: i32,
    next_run_at: Option<Instant>,
    waiting_until: Option<Instant>,
    waiting_reason: Option<String>,
    waiting_subject: Option<Id>,
    pass_began_at: Option<Instant>,
    pass_calls: i64,
    pass_found: i64,
    pass_refused: i64,
    last_began_at: Option<Instant>,
    last_ended_at: Option<Instant>,
    last_calls: Option<i64>,
    last_found: Option<i64>,
    history: bool,
}

impl TryFrom<Row> for Status {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let span = |seconds: Option<i64>| seconds.map(|seconds| Duration::from_secs(from_db(seconds)));
        let waiting = match (row.waiting_until, row.waiting_subject) {
            (Some(until), Some(subject)) => Some(Waiting {
                until: until.into(),
                reason: row.waiting_reason.unwrap_or_default(),
                subject: subject.into(),
            }),
            _ => None,
        };
        Ok(Self {
            settings: Settings {
                visits: Visits::stored(&row.visits)?,
                every: span(row.every),
                freshness: span(row.freshness),
                priority: row.priority,
                history: row.history,
            },
            next_run_at: row.next_run_at.map(Into::into),
            waiting,
            pass: row.pass_began_at.map(|began| Pass {
                began_at: began.into(),
                ended_at: None,
                calls: from_db(row.pass_calls),
                found: from_db(row.pass_found),
            }),
            refused: from_db(row.pass_refused),
            last: row.last_began_at.map(|began| Pass {
                began_at: began.into(),
                ended_at: row.last_ended_at.map(Into::into),
                calls: from_db(row.last_calls.unwrap_or(0)),
                found: from_db(row.last_found.unwrap_or(0)),
            }),
        })
    }
}

fn seconds(span: Option<Duration>) -> Option<i64> {
    span.map(|span| to_db(span.as_secs()))
}

/// Says how a source is run. One that is run by itself for the first time, or by another rhythm, is due now.
///
/// # Errors
/// When there is no such source, or the database fails.
pub fn configure(tx: &mut Tx, id: SourceId, settings: &Settings, now: Timestamp) -> Result<(), StoreError> {
    let before = status(tx, id)?;
    let next = match settings.every {
        None => None,
        Some(every) if before.settings.every == Some(every) => before.next_run_at,
        Some(_) => Some(now),
    };
    ensure(tx, id)?;
    diesel::update(source_states::table.find(Id::from(id)))
        .set((
            source_states::visits.eq(settings.visits.as_str()),
            source_states::every_seconds.eq(seconds(settings.every)),
            source_states::freshness_seconds.eq(seconds(settings.freshness)),
            source_states::priority.eq(settings.priority),
            source_states::history.eq(settings.history),
            source_states::next_run_at.eq(next.map(Instant)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// A source that nobody configured further has no row until something is to be noted of it.
fn ensure(tx: &mut Tx, id: SourceId) -> Result<(), StoreError> {
    let settings = Settings::default();
    let row = (
        source_states::source_id.eq(Id::from(id)),
        source_states::visits.eq(settings.visits.as_str()),
        source_states::priority.eq(settings.priority),
        source_states::history.eq(settings.history),
        source_states::pass_calls.eq(0_i64),
        source_states::pass_found.eq(0_i64),
        source_states::pass_refused.eq(0_i64),
    );
    each!(tx, c => diesel::insert_into(source_states::table).values(row).on_conflict_do_nothing().execute(c))?;
    Ok(())
}

/// How a source is run and how far it is; as by default when nothing was ever noted.
///
/// # Errors
/// When the database fails.
pub fn status(tx: &mut Tx, id: SourceId) -> Result<Status, StoreError> {
    let row = source_states::table.find(Id::from(id)).first::<Row>(tx.conn()).optional()?;
    row.map_or_else(|| Ok(Status::default()), Status::try_from)
}

/// Active sources that are to be run now, because their time has come or because they have slept long
/// enough: the most important first, up to `limit`.
///
/// # Errors
/// When the database fails.
pub fn due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<(SourceId, Status)>, StoreError> {
    let at = Instant(now);
    let awake = source_states::waiting_until.is_null().and(source_states::next_run_at.le(at));
    let rows: Vec<Row> = source_states::table
        .inner_join(sources::table.on(sources::id.eq(source_states::source_id)))
        .filter(sources::state.eq(SourceState::Active.as_str()))
        .filter(source_states::waiting_until.le(at).or(awake))
        .order((source_states::priority.desc(), source_states::source_id))
        .limit(limit)
        .select(source_states::all_columns)
        .load(tx.conn())?;
    rows.into_iter().map(|row| Ok((SourceId::from(row._source), Status::try_from(row)?))).collect()
}

/// Notes when the source is run next by itself.
///
/// # Errors
/// When the database fails.
pub fn set_next_run(tx: &mut Tx, id: SourceId, at: Option<Timestamp>) -> Result<(), StoreError> {
    let row = diesel::update(source_states::table.find(Id::from(id)));
    row.set(source_states::next_run_at.eq(at.map(Instant))).execute(tx.conn())?;
    Ok(())
}

/// Lets the source sleep, or wakes it when there is nothing to wait for.
///
/// # Errors
/// When the database fails.
pub fn set_waiting(tx: &mut Tx, id: SourceId, waiting: Option<&Waiting>) -> Result<(), StoreError> {
    ensure(tx, id)?;
    diesel::update(source_states::table.find(Id::from(id)))
        .set((
            source_states::waiting_until.eq(waiting.map(|waiting| Instant(waiting.until))),
            source_states::waiting_reason.eq(waiting.map(|waiting| storable(&waiting.reason).into_owned())),
            source_states::waiting_subject.eq(waiting.map(|waiting| Id(waiting.subject))),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Begins a pass, unless one is under way. Returns when it began.
///
/// # Errors
/// When the database fails.
pub fn begin_pass(tx: &mut Tx, id: SourceId, now: Timestamp) -> Result<Timestamp, StoreError> {
    if let Some(pass) = status(tx, id)?.pass {
        return Ok(pass.began_at);
    }
    ensure(tx, id)?;
    diesel::update(source_states::table.find(Id::from(id)))
        .set((
            source_states::pass_began_at.eq(Some(Instant(now))),
            source_states::pass_calls.eq(0_i64),
            source_states::pass_found.eq(0_i64),
            source_states::pass_refused.eq(0_i64),
        ))
        .execute(tx.conn())?;
    // As the store keeps it.
    Ok(Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now))
}

/// Adds a page to the pass that is under way.
///
/// # Errors
/// When the database fails.
pub fn add_page(tx: &mut Tx, id: SourceId, calls: u64, found: u64, refused: u64) -> Result<(), StoreError> {
    diesel::update(source_states::table.find(Id::from(id)))
        .set((
            source_states::pass_calls.eq(source_states::pass_calls + to_db(calls)),
            source_states::pass_found.eq(source_states::pass_found + to_db(found)),
            source_states::pass_refused.eq(source_states::pass_refused + to_db(refused)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Ends the pass that is under way.
///
/// # Errors
/// When the database fails.
pub fn end_pass(tx: &mut Tx, id: SourceId, now: Timestamp) -> Result<(), StoreError> {
    let Some(pass) = status(tx, id)?.pass else { return Ok(()) };
    diesel::update(source_states::table.find(Id::from(id)))
        .set((
            source_states::pass_began_at.eq(None::<Instant>),
            source_states::last_began_at.eq(Some(Instant(pass.began_at))),
            source_states::last_ended_at.eq(Some(Instant(now))),
            source_states::last_calls.eq(Some(to_db(pass.calls))),
            source_states::last_found.eq(Some(to_db(pass.found))),
        ))
        .execute(tx.conn())?;
    Ok(())
}
