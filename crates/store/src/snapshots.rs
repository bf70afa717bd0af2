//! Snapshots: what one run produced, aimed at a stock.

use contracts::{RepairId, SnapshotId, SourceId, StockId};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    lock::lock_row,
    names::names,
    schema::snapshots,
    types::{Id, Instant},
};

mod listed;
mod manifest;
mod progress;
mod ready;
mod retry;

pub use listed::{Analyzing, MAX_LISTED};
pub use manifest::{DEFAULT_STOCK, MAX_MANIFEST, from_manifest};
pub use progress::{SnapshotProgress, progress};
pub use ready::ready_if_done;
pub use retry::retry_failed;

names! {
    /// How far a snapshot has come.
    pub enum SnapshotState in "snapshots.state" {
        /// Its repositories are being found.
        Indexing = "indexing",
        /// All its repositories are known; they are being visited and analysed.
        Processing = "processing",
        /// Every part of it is analysed or has failed for good.
        Ready = "ready",
        /// It is being compared with its stock.
        Auditing = "auditing",
        /// It has been compared and waits for its commit.
        Audited = "audited",
        /// It is part of its stock.
        Committed = "committed",
        /// It will never be.
        Aborted = "aborted",
    }
}

names! {
    /// Who asked for a snapshot.
    pub enum Origin in "snapshots.origin" {
        /// A run of a source.
        Run = "run",
        /// A scan.
        Scan = "scan",
        /// A list of repositories that was handed in.
        Manifest = "manifest",
        /// A message.
        Message = "message",
        /// A repair.
        Repair = "repair",
    }
}

impl SnapshotState {
    /// Whether nothing more will happen to it.
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Committed | Self::Aborted)
    }
}

/// What one run produced, aimed at a stock.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Which one.
    pub id: SnapshotId,
    /// The stock that it is meant for.
    pub stock: StockId,
    /// The source that was run; none for what was discovered or asked for one by one.
    pub source: Option<SourceId>,
    /// How far it has come.
    pub state: SnapshotState,
    /// Whether it is committed as soon as it is audited.
    pub auto_commit: bool,
    /// The repair that made it.
    pub repair: Option<RepairId>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When all its repositories were known.
    pub indexed_at: Option<Timestamp>,
    /// When its last part was done.
    pub ready_at: Option<Timestamp>,
    /// When its audit was done.
    pub audited_at: Option<Timestamp>,
    /// When it was committed or aborted.
    pub ended_at: Option<Timestamp>,
    /// The stock's version since it was committed.
    pub stock_version: Option<i64>,
    /// Who asked for it.
    pub origin: Origin,
}

/// A snapshot that is to be begun.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewSnapshot {
    /// The stock that it is meant for.
    pub stock: StockId,
    /// The source that is run.
    pub source: Option<SourceId>,
    /// Whether it is committed as soon as it is audited.
    pub auto_commit: bool,
    /// The repair that makes it.
    pub repair: Option<RepairId>,
}

/// Which snapshots are listed; everything by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SnapshotFilter {
    /// Those meant for this stock.
    pub stock: Option<StockId>,
    /// Those of this source.
    pub source: Option<SourceId>,
    /// Those in this state.
    pub state: Option<SnapshotState>,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    stock: Id,
    source: Option<Id>,
    state: String,
    auto_commit: bool,
    repair: Option<Id>,
    created_at: Instant,
    indexed_at: Option<Instant>,
    ready_at: Option<Instant>,
    audited_at: Option<Instant>,
    ended_at: Option<Instant>,
    stock_version: Option<i64>,
    origin: String,
}

impl TryFrom<Row> for Snapshot {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            stock: row.stock.into(),
            source: row.source.map(Into::into),
            state: SnapshotState::stored(&row.state)?,
            auto_commit: row.auto_commit,
            repair: row.repair.map(Into::into),
            created_at: row.created_at.into(),
            indexed_at: row.indexed_at.map(Into::into),
            ready_at: row.ready_at.map(Into::into),
            audited_at: row.audited_at.map(Into::into),
            ended_at: row.ended_at.map(Into::into),
            stock_version: row.stock_version,
            origin: Origin::stored(&row.origin)?,
        })
    }
}

/// Begins a snapshot, in the state [`SnapshotState::Indexing`].
///
/// # Errors
/// When the stock or source is not there, or the database does not answer.
pub fn create(tx: &mut Tx, new: &NewSnapshot, now: Timestamp) -> Result<Snapshot, StoreError> {
    let snapshot = Snapshot {
        id: SnapshotId::new(),
        stock: new.stock,
        source: new.source,
        state: SnapshotState::Indexing,
        auto_commit: new.auto_commit,
        repair: new.repair,
        created_at: now,
        indexed_at: None,
        ready_at: None,
        audited_at: None,
        ended_at: None,
        stock_version: None,
        origin: if new.repair.is_some() { Origin::Repair } else { Origin::Run },
    };
    diesel::insert_into(snapshots::table)
        .values((
            snapshots::id.eq(Id::from(snapshot.id)),
            snapshots::stock_id.eq(Id::from(new.stock)),
            snapshots::source_id.eq(new.source.map(Id::from)),
            snapshots::state.eq(snapshot.state.as_str()),
            snapshots::auto_commit.eq(new.auto_commit),
            snapshots::repair_id.eq(new.repair.map(Id::from)),
            snapshots::created_at.eq(Instant(now)),
            snapshots::origin.eq(snapshot.origin.as_str()),
        ))
        .execute(tx.conn())?;
    Ok(snapshot)
}

/// Notes who asked for the snapshot; otherwise it was the run of a source.
///
/// # Errors
/// When the database does not answer.
pub fn set_origin(tx: &mut Tx, id: SnapshotId, origin: Origin) -> Result<(), StoreError> {
    let update = diesel::update(snapshots::table.find(Id::from(id)));
    update.set(snapshots::origin.eq(origin.as_str())).execute(tx.conn())?;
    Ok(())
}

/// Lets the snapshot wait for a person, though it was to commit by itself.
///
/// # Errors
/// When the database does not answer.
pub fn wait_for_person(tx: &mut Tx, id: SnapshotId) -> Result<(), StoreError> {
    let update = diesel::update(snapshots::table.find(Id::from(id)));
    update.set(snapshots::auto_commit.eq(false)).execute(tx.conn())?;
    Ok(())
}

/// The snapshot with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: SnapshotId) -> Result<Option<Snapshot>, StoreError> {
    let row = snapshots::table.find(Id::from(id)).first::<Row>(tx.conn()).optional()?;
    row.map(Snapshot::try_from).transpose()
}

/// The snapshot with this id, which nobody else can change until this transaction ends.
///
/// # Errors
/// When the database does not answer.
pub fn lock(tx: &mut Tx, id: SnapshotId) -> Result<Option<Snapshot>, StoreError> {
    lock_row!(tx, snapshots, id)?;
    get(tx, id)
}

/// Up to `limit` snapshots, newest first, those older than `before`.
///
/// # Errors
/// When the database does not answer.
pub fn list(
    tx: &mut Tx,
    filter: &SnapshotFilter,
    before: Option<SnapshotId>,
    limit: u32,
) -> Result<Vec<Snapshot>, StoreError> {
    let mut query = snapshots::table.order(snapshots::id.desc()).limit(limit.into()).into_boxed();
    if let Some(stock) = filter.stock {
        query = query.filter(snapshots::stock_id.eq(Id::from(stock)));
    }
    if let Some(source) = filter.source {
        query = query.filter(snapshots::source_id.eq(Id::from(source)));
    }
    if let Some(state) = filter.state {
        query = query.filter(snapshots::state.eq(state.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(snapshots::id.lt(Id::from(before)));
    }
    query.load::<Row>(tx.conn())?.into_iter().map(Snapshot::try_from).collect()
}

/// The newest snapshot of this source that has not ended.
///
/// # Errors
/// When the database does not answer.
pub fn open_of_source(tx: &mut Tx, source: SourceId) -> Result<Option<Snapshot>, StoreError> {
    let row = snapshots::table
        .filter(snapshots::source_id.eq(Id::from(source)))
        .filter(snapshots::ended_at.is_null())
        .order(snapshots::id.desc())
        .first::<Row>(tx.conn())
        .optional()?;
    row.map(Snapshot::try_from).transpose()
}

/// Takes the snapshot from one of the states `from` to `to` and notes the time where there is a column
/// for it. Returns whether it was in one of them.
///
/// # Errors
/// When the database does not answer.
pub fn set_state(
    tx: &mut Tx,
    id: SnapshotId,
    from: &[SnapshotState],
    to: SnapshotState,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let names: Vec<&str> = from.iter().map(|state| state.as_str()).collect();
    let target = snapshots::table.find(Id::from(id)).filter(snapshots::state.eq_any(names));
    let state = snapshots::state.eq(to.as_str());
    let (update, at) = (diesel::update(target), Instant(now));
    let conn = tx.conn();
    let changed = match to {
        // An aborted one whose index is run again goes on.
        SnapshotState::Indexing => update.set((state, snapshots::ended_at.eq(None::<Instant>))).execute(conn),
        SnapshotState::Auditing => update.set(state).execute(conn),
        SnapshotState::Processing => update.set((state, snapshots::indexed_at.eq(at))).execute(conn),
        SnapshotState::Ready => update.set((state, snapshots::ready_at.eq(at))).execute(conn),
        SnapshotState::Audited => update.set((state, snapshots::audited_at.eq(at))).execute(conn),
        SnapshotState::Committed | SnapshotState::Aborted => {
            update.set((state, snapshots::ended_at.eq(at))).execute(conn)
        }
    }?;
    Ok(changed > 0)
}

/// Notes that the audited snapshot is part of its stock since this version. Returns whether it was
/// [`SnapshotState::Audited`].
///
/// # Errors
/// When the database does not answer.
pub fn committed(
    tx: &mut Tx,
    id: SnapshotId,
    stock_version: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let audited = snapshots::state.eq(SnapshotState::Audited.as_str());
    let changed = diesel::update(snapshots::table.find(Id::from(id)).filter(audited))
        .set((
            snapshots::state.eq(SnapshotState::Committed.as_str()),
            snapshots::stock_version.eq(stock_version),
            snapshots::ended_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    Ok(changed > 0)
}
