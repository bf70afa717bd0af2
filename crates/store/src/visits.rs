//! When repositories are to be visited, for which stock, and what their visits came to.

use std::time::Duration;

use contracts::{ErrorKind, RepositoryId, RevisionId, SourceId, StockId};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, NullableExpressionMethods, QueryDsl,
    Queryable, RunQueryDsl,
};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    bulk::upsert_many,
    connection::{AnyConnection, each},
    keys::storable,
    names::names,
    schema::{forge_facts, revisions, visit_plans},
    types::{Id, Instant},
    values::{KEYS, from_db, to_db},
};

/// Rows of one statement on PostgreSQL; each binds eleven values.
const ROWS: usize = 2_000;

names! {
    /// How a plan stands.
    pub enum PlanState in "visit_plans.state" {
        /// Its time is to come, or it has come and there was no room yet.
        Waiting = "waiting",
        /// The visit is on its way.
        Queued = "queued",
        /// There is no next visit.
        Off = "off",
    }
}

/// Why a visit is made, in the order in which room is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PlanLane {
    /// Somebody waits for it.
    Asked = 0,
    /// The repository was never visited.
    Fresh = 1,
    /// Its time has come.
    Due = 2,
}

impl PlanLane {
    /// Every lane.
    pub const ALL: [Self; 3] = [Self::Asked, Self::Fresh, Self::Due];

    const fn number(self) -> i32 {
        self as i32
    }

    fn of(number: i32) -> Self {
        match number {
            0 => Self::Asked,
            1 => Self::Fresh,
            _ => Self::Due,
        }
    }
}

/// When a repository is visited for a stock, and what is remembered of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The repository.
    pub repository: RepositoryId,
    /// The stock.
    pub stock: StockId,
    /// The source because of which it is visited.
    pub source: Option<SourceId>,
    /// How it stands.
    pub state: PlanState,
    /// Why the next visit is made.
    pub lane: PlanLane,
    /// When it is due.
    pub next_at: Timestamp,
    /// Whether somebody asked while it was queued.
    pub asked_again: bool,
    /// The visit that is on its way.
    pub revision: Option<RevisionId>,
    /// When it was put on its way.
    pub queued_at: Option<Timestamp>,
    /// When the last visit that went well began, as far as we know.
    pub visited_at: Option<Timestamp>,
    /// The pause that fits its history.
    pub pause: Duration,
    /// When a visit last brought something new.
    pub changed_at: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// Failures of a permanent kind in a row.
    pub permanent: u32,
    /// Visits in all.
    pub visits: u32,
    /// Why it is off.
    pub reason: Option<String>,
}

#[derive(Queryable)]
struct Row {
    repository: Id,
    stock: Id,
    source: Option<Id>,
    state: String,
    lane: i32,
    next_at: Instant,
    asked_again: bool,
    revision: Option<Id>,
    queued_at: Option<Instant>,
    visited_at: Option<Instant>,
    pause: i64,
    changed_at: Option<Instant>,
    failures: i32,
    permanent: i32,
    visits: i32,
    reason: Option<String>,
}

impl TryFrom<Row> for Plan {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            repository: row.repository.into(),
            stock: row.stock.into(),
            source: row.source.map(Into::into),
            state: PlanState::stored(&row.state)?,
            lane: PlanLane::of(row.lane),
            next_at: row.next_at.into(),
            asked_again: row.asked_again,
            revision: row.revision.map(Into::into),
            queued_at: row.queued_at.map(Into::into),
            visited_at: row.visited_at.map(Into::into),
            pause: Duration::from_secs(from_db(row.pause)),
            changed_at: row.changed_at.map(Into::into),
            failures: row.failures.unsigned_abs(),
            permanent: row.permanent.unsigned_abs(),
            visits: row.visits.unsigned_abs(),
            reason: row.reason,
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = visit_plans, treat_none_as_default_value = false)]
struct NewRow {
    repository_id: Id,
    stock_id: Id,
    source_id: Option<Id>,
    state: &'static str,
    lane: i32,
    next_at: Instant,
    asked_again: bool,
    pause_seconds: i64,
    failures: i32,
    permanent: i32,
    visits: i32,
}

/// Plans first visits at `at`, of repositories that have no plan for this stock yet.
///
/// # Errors
/// When the database fails.
pub fn plan_fresh(
    tx: &mut Tx,
    stock: StockId,
    source: Option<SourceId>,
    repositories: &[RepositoryId],
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut sorted = repositories.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let rows: Vec<NewRow> = sorted
        .into_iter()
        .map(|id| NewRow {
            repository_id: id.into(),
            stock_id: stock.into(),
            source_id: source.map(Id::from),
            state: PlanState::Waiting.as_str(),
            lane: PlanLane::Fresh.number(),
            next_at: Instant(at),
            asked_again: false,
            pause_seconds: 0,
            failures: 0,
            permanent: 0,
            visits: 0,
        })
        .collect();
    for part in rows.chunks(ROWS) {
        upsert_many!(tx, part, part => diesel::insert_into(visit_plans::table)
            .values(part)
            .on_conflict_do_nothing())?;
    }
    Ok(())
}

/// The plans of these repositories, for every stock.
///
/// # Errors
/// When the database fails.
pub fn of_repositories(tx: &mut Tx, ids: &[RepositoryId]) -> Result<Vec<Plan>, StoreError> {
    let ids: Vec<Id> = ids.iter().copied().map(Id::from).collect();
    let mut plans = Vec::new();
    for part in ids.chunks(KEYS) {
        let rows: Vec<Row> = each!(tx, c => visit_plans::table
            .filter(visit_plans::repository_id.eq_any(part))
            .order((visit_plans::repository_id, visit_plans::stock_id))
            .load(c))?;
        plans.extend(rows.into_iter().map(Plan::try_from).collect::<Result<Vec<_>, _>>()?);
    }
    Ok(plans)
}

/// Has a repository visited at `at`, or before when it is due before, for every stock that has a plan for it.
/// One that is switched off is switched on. One whose visit is on its way is visited once more after it. However
/// often this is asked, it is one visit. Returns how many plans there are.
///
/// # Errors
/// When the database fails.
pub fn ask(tx: &mut Tx, id: RepositoryId, lane: PlanLane, at: Timestamp) -> Result<usize, StoreError> {
    let plans = of_repositories(tx, &[id])?;
    for plan in &plans {
        hasten(tx, plan, lane, at)?;
    }
    Ok(plans.len())
}

/// As [`ask`], for one plan.
///
/// # Errors
/// When the database fails.
pub fn hasten(tx: &mut Tx, plan: &Plan, lane: PlanLane, at: Timestamp) -> Result<(), StoreError> {
    let row = visit_plans::table.find((Id::from(plan.repository), Id::from(plan.stock)));
    let queued = PlanState::Queued.as_str();
    // Both statements look at the state as it is by now: another process may have queued it since.
    let again =
        diesel::update(row.filter(visit_plans::state.eq(queued)).filter(visit_plans::asked_again.eq(false)));
    again.set(visit_plans::asked_again.eq(true)).execute(tx.conn())?;
    let sooner = match plan.state {
        PlanState::Waiting => at.min(plan.next_at),
        PlanState::Queued | PlanState::Off => at,
    };
    let lane = if plan.state == PlanState::Off { lane } else { lane.min(plan.lane) };
    diesel::update(row.filter(visit_plans::state.ne(queued)))
        .set((
            visit_plans::state.eq(PlanState::Waiting.as_str()),
            visit_plans::lane.eq(lane.number()),
            visit_plans::next_at.eq(Instant(sooner)),
            visit_plans::failures.eq(if plan.state == PlanState::Off {
                0
            } else {
                plan.failures.cast_signed()
            }),
            visit_plans::permanent.eq(if plan.state == PlanState::Off {
                0
            } else {
                plan.permanent.cast_signed()
            }),
            visit_plans::reason.eq(None::<&str>),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Plans no more visits of a repository, for this reason, for any stock.
///
/// # Errors
/// When the database fails.
pub fn switch_off(tx: &mut Tx, id: RepositoryId, reason: &str) -> Result<(), StoreError> {
    diesel::update(visit_plans::table.filter(visit_plans::repository_id.eq(Id::from(id))))
        .set((
            visit_plans::state.eq(PlanState::Off.as_str()),
            visit_plans::asked_again.eq(false),
            visit_plans::reason.eq(Some(storable(reason).into_owned())),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Up to `limit` plans of a lane that are due, longest due first, which no other process takes until this
/// transaction ends.
///
/// # Errors
/// When the database fails.
pub fn due(tx: &mut Tx, lane: PlanLane, now: Timestamp, limit: usize) -> Result<Vec<Plan>, StoreError> {
    let query = visit_plans::table
        .filter(visit_plans::state.eq(PlanState::Waiting.as_str()))
        .filter(visit_plans::lane.eq(lane.number()))
        .filter(visit_plans::next_at.le(Instant(now)))
        .order(visit_plans::next_at)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX));
    let rows: Vec<Row> = match tx.conn() {
        AnyConnection::Postgres(conn) => query.for_update().skip_locked().load(conn)?,
        AnyConnection::Sqlite(conn) => query.load(conn)?,
    };
    rows.into_iter().map(Plan::try_from).collect()
}

/// Notes that the visit is on its way.
///
/// # Errors
/// When the database fails.
pub fn set_queued(tx: &mut Tx, plan: &Plan, revision: RevisionId, now: Timestamp) -> Result<(), StoreError> {
    diesel::update(visit_plans::table.find((Id::from(plan.repository), Id::from(plan.stock))))
        .set((
            visit_plans::state.eq(PlanState::Queued.as_str()),
            visit_plans::revision_id.eq(Some(Id::from(revision))),
            visit_plans::queued_at.eq(Some(Instant(now))),
            visit_plans::asked_again.eq(false),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// A visit that has come to something.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The plan that it was made by.
    pub plan: Plan,
    /// Whether it saw what the visit before it saw.
    pub unchanged: bool,
    /// Why it failed.
    pub failed: Option<ErrorKind>,
    /// When it had its tree, or failed.
    pub at: Timestamp,
    /// The last push, as the forge says.
    pub pushed_at: Option<Timestamp>,
    /// Whether it is read-only for good.
    pub archived: bool,
}

/// Up to `limit` visits that have come to something and are not settled yet, oldest first.
///
/// # Errors
/// When the database fails.
pub fn ended(tx: &mut Tx, limit: u32) -> Result<Vec<Ended>, StoreError> {
    type Outcome = (bool, Option<String>, Option<Instant>, Option<Instant>);
    let rows: Vec<(Row, Outcome)> = visit_plans::table
        .inner_join(revisions::table.on(visit_plans::revision_id.eq(revisions::id.nullable())))
        .filter(visit_plans::state.eq(PlanState::Queued.as_str()))
        .filter(revisions::fetched_at.is_not_null().or(revisions::ended_at.is_not_null()))
        .order(visit_plans::queued_at)
        .limit(limit.into())
        .select((
            visit_plans::all_columns,
            (revisions::unchanged, revisions::error_kind, revisions::fetched_at, revisions::ended_at),
        ))
        .load(tx.conn())?;
    let ids: Vec<Id> = rows.iter().map(|(row, _)| row.repository).collect();
    let said: Vec<(Id, Option<Instant>, bool)> = each!(tx, c => forge_facts::table
        .filter(forge_facts::repository_id.eq_any(ids))
        .select((forge_facts::repository_id, forge_facts::pushed_at, forge_facts::archived))
        .load(c))?;
    let mut ended = Vec::with_capacity(rows.len());
    for (row, (unchanged, error, fetched_at, ended_at)) in rows {
        let facts = said.iter().find(|(id, ..)| *id == row.repository);
        let Some(at) = fetched_at.or(ended_at) else { continue };
        ended.push(Ended {
            plan: Plan::try_from(row)?,
            unchanged,
            failed: error.map(|error| ErrorKind::from_name(&error).unwrap_or(ErrorKind::Internal)),
            at: at.into(),
            pushed_at: facts.and_then(|(_, pushed, _)| pushed.map(Into::into)),
            archived: facts.is_some_and(|(.., archived)| *archived),
        });
    }
    Ok(ended)
}

/// Writes what follows from a visit: everything that `plan` says.
///
/// # Errors
/// When the database fails.
pub fn settle(tx: &mut Tx, plan: &Plan) -> Result<(), StoreError> {
    diesel::update(visit_plans::table.find((Id::from(plan.repository), Id::from(plan.stock))))
        .set((
            visit_plans::state.eq(plan.state.as_str()),
            visit_plans::lane.eq(plan.lane.number()),
            visit_plans::next_at.eq(Instant(plan.next_at)),
            visit_plans::asked_again.eq(plan.asked_again),
            visit_plans::revision_id.eq(plan.revision.map(Id::from)),
            visit_plans::queued_at.eq(plan.queued_at.map(Instant)),
            visit_plans::visited_at.eq(plan.visited_at.map(Instant)),
            visit_plans::pause_seconds.eq(to_db(plan.pause.as_secs())),
            visit_plans::changed_at.eq(plan.changed_at.map(Instant)),
            visit_plans::failures.eq(plan.failures.cast_signed()),
            visit_plans::permanent.eq(plan.permanent.cast_signed()),
            visit_plans::visits.eq(plan.visits.cast_signed()),
            visit_plans::reason.eq(plan.reason.clone()),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Plans whose visit was put on its way before `before` and came to nothing: its snapshot was aborted. They
/// are due again. Returns how many there were.
///
/// # Errors
/// When the database fails.
pub fn take_back(tx: &mut Tx, before: Timestamp) -> Result<usize, StoreError> {
    let lost = visit_plans::table
        .filter(visit_plans::state.eq(PlanState::Queued.as_str()))
        .filter(visit_plans::queued_at.lt(Instant(before)));
    Ok(diesel::update(lost)
        .set((
            visit_plans::state.eq(PlanState::Waiting.as_str()),
            visit_plans::lane.eq(PlanLane::Due.number()),
        ))
        .execute(tx.conn())?)
}
