//! Batches: groups of contents that are analysed as one.

use contracts::{BatchId, Lane, RepairId, RevisionId, SnapshotId};
use diesel::{
    ExpressionMethods, Insertable, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl,
    Queryable, RunQueryDsl, Selectable, SelectableHelper,
};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    lanes,
    lock::lock_row,
    names::names,
    schema::{batches, revisions},
    types::{Id, Instant},
    values::{from_db, to_db},
};

mod finish;

pub use finish::{BatchEnd, finish};

names! {
    /// How far a batch has come.
    pub enum BatchState in "batches.state" {
        /// Its contents are stored and wait for analysis.
        Stored = "stored",
        /// Every content of it is analysed or has failed for good.
        Analyzed = "analyzed",
    }
}

/// A group of contents that is analysed as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Which one.
    pub id: BatchId,
    /// The revision that it was made for.
    pub revision: Option<RevisionId>,
    /// The repair that it was made for.
    pub repair: Option<RepairId>,
    /// How far it has come.
    pub state: BatchState,
    /// Whether everything is to be analysed anew, known or not.
    pub force: bool,
    /// Contents and the hints under which they are analysed.
    pub items: Vec<(i64, String)>,
    /// How many items it has.
    pub contents: u64,
    /// Bytes of all its contents.
    pub bytes: u64,
    /// The lane in which it is announced.
    pub lane: Lane,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last announced.
    pub announced_at: Timestamp,
    /// When it was done.
    pub ended_at: Option<Timestamp>,
}

/// A batch that is to be made, for a revision or for a repair.
#[derive(Clone, Debug, PartialEq)]
pub struct NewBatch {
    /// The revision that it is made for.
    pub revision: Option<RevisionId>,
    /// The repair that it is made for.
    pub repair: Option<RepairId>,
    /// Whether everything is to be analysed anew, known or not.
    pub force: bool,
    /// Contents and the hints under which they are analysed.
    pub items: Vec<(i64, String)>,
    /// Bytes of all its contents.
    pub bytes: u64,
    /// The lane in which it is announced.
    pub lane: Lane,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = batches, treat_none_as_default_value = false)]
struct Row {
    id: Id,
    revision_id: Option<Id>,
    repair_id: Option<Id>,
    state: String,
    force: bool,
    items: String,
    contents: i64,
    bytes: i64,
    lane: String,
    created_at: Instant,
    announced_at: Instant,
    ended_at: Option<Instant>,
}

impl TryFrom<Row> for Batch {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let items = serde_json::from_str(&row.items)
            .map_err(|error| StoreError::Corrupt(format!("no items in batch {}: {error}", row.id.0)))?;
        Ok(Self {
            id: row.id.into(),
            revision: row.revision_id.map(Into::into),
            repair: row.repair_id.map(Into::into),
            state: BatchState::stored(&row.state)?,
            force: row.force,
            items,
            contents: from_db(row.contents),
            bytes: from_db(row.bytes),
            lane: lanes::parse(&row.lane)?,
            created_at: row.created_at.into(),
            announced_at: row.announced_at.into(),
            ended_at: row.ended_at.map(Into::into),
        })
    }
}

/// Up to `limit` batches of this repair, oldest first, those after `after`.
///
/// # Errors
/// When the database does not answer.
pub fn of_repair(
    tx: &mut Tx,
    repair: RepairId,
    after: Option<BatchId>,
    limit: u32,
) -> Result<Vec<Batch>, StoreError> {
    let mut query = batches::table
        .filter(batches::repair_id.eq(Id::from(repair)))
        .order(batches::id)
        .limit(limit.into())
        .select(Row::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(batches::id.gt(Id::from(after)));
    }
    query.load::<Row>(tx.conn())?.into_iter().map(Batch::try_from).collect()
}

/// From the making of a snapshot's first batch to the end of its last; `None` when it has none that ended.
///
/// # Errors
/// When the database does not answer.
pub fn span(tx: &mut Tx, snapshot: SnapshotId) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
    let (first, last): (Option<Instant>, Option<Instant>) = batches::table
        .inner_join(revisions::table.on(batches::revision_id.eq(revisions::id.nullable())))
        .filter(revisions::snapshot_id.eq(Id::from(snapshot)))
        .select((diesel::dsl::min(batches::created_at), diesel::dsl::max(batches::ended_at)))
        .first(tx.conn())?;
    Ok(first.zip(last).map(|(first, last)| (first.into(), last.into())))
}

/// Makes a batch, as announced now, and counts it and its items for its revision.
///
/// # Errors
/// When the database does not answer.
pub fn create(tx: &mut Tx, new: &NewBatch, now: Timestamp) -> Result<BatchId, StoreError> {
    let id = BatchId::new();
    // Numbers and strings always have a JSON form.
    let items = serde_json::to_string(&new.items).unwrap_or_default();
    let contents = to_db(new.items.len() as u64);
    if let Some(revision) = new.revision {
        diesel::update(revisions::table.find(Id::from(revision)))
            .set((
                revisions::to_analyze.eq(revisions::to_analyze + contents),
                revisions::batches_total.eq(revisions::batches_total + 1),
            ))
            .execute(tx.conn())?;
    }
    let row = Row {
        id: id.into(),
        revision_id: new.revision.map(Id::from),
        repair_id: new.repair.map(Id::from),
        state: BatchState::Stored.as_str().to_owned(),
        force: new.force,
        items,
        contents,
        bytes: to_db(new.bytes),
        lane: new.lane.as_str().to_owned(),
        created_at: Instant(now),
        announced_at: Instant(now),
        ended_at: None,
    };
    diesel::insert_into(batches::table).values(&row).execute(tx.conn())?;
    Ok(id)
}

/// The batch with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: BatchId) -> Result<Option<Batch>, StoreError> {
    let row = batches::table.find(Id::from(id)).select(Row::as_select()).first(tx.conn()).optional()?;
    row.map(Batch::try_from).transpose()
}

/// The batch with this id, which nobody else can change until this transaction ends. There is none when
/// its revision was begun anew since it was announced: then nothing is to be done for it.
///
/// # Errors
/// When the database does not answer.
pub fn lock(tx: &mut Tx, id: BatchId) -> Result<Option<Batch>, StoreError> {
    lock_row!(tx, batches, id)?;
    get(tx, id)
}

/// How many batches of the revision are not done.
///
/// # Errors
/// When the database does not answer.
pub fn open_of_revision(tx: &mut Tx, revision: RevisionId) -> Result<u64, StoreError> {
    let count: i64 = batches::table
        .filter(batches::revision_id.eq(Id::from(revision)))
        .filter(batches::ended_at.is_null())
        .count()
        .get_result(tx.conn())?;
    Ok(from_db(count))
}

/// How many batches of the repair are not done.
///
/// # Errors
/// When the database does not answer.
pub fn open_of_repair(tx: &mut Tx, repair: RepairId) -> Result<u64, StoreError> {
    let count: i64 = batches::table
        .filter(batches::repair_id.eq(Id::from(repair)))
        .filter(batches::ended_at.is_null())
        .count()
        .get_result(tx.conn())?;
    Ok(from_db(count))
}

/// How many batches that were made for neither a revision nor a repair are not done: those of a back-fill.
///
/// # Errors
/// When the database does not answer.
pub fn open_of_nobody(tx: &mut Tx) -> Result<u64, StoreError> {
    let count: i64 = batches::table
        .filter(batches::ended_at.is_null())
        .filter(batches::revision_id.is_null())
        .filter(batches::repair_id.is_null())
        .count()
        .get_result(tx.conn())?;
    Ok(from_db(count))
}

/// Up to `limit` batches that are not done and were last announced before `announced_before`, longest
/// ago first. They count as announced now.
///
/// # Errors
/// When the database does not answer.
pub fn owed(
    tx: &mut Tx,
    announced_before: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(BatchId, Lane)>, StoreError> {
    let owed = batches::table
        .filter(batches::ended_at.is_null())
        .filter(batches::announced_at.lt(Instant(announced_before)))
        .order(batches::announced_at)
        .limit(i64::from(limit.min(1_000)))
        .select((batches::id, batches::lane));
    let rows: Vec<(Id, String)> = match tx.conn() {
        // What is being finished or announced by another at this moment is not owed.
        AnyConnection::Postgres(conn) => owed.for_no_key_update().skip_locked().load(conn)?,
        AnyConnection::Sqlite(conn) => owed.load(conn)?,
    };
    let ids: Vec<Id> = rows.iter().map(|(id, _)| *id).collect();
    if !ids.is_empty() {
        each!(tx, c => diesel::update(batches::table.filter(batches::id.eq_any(ids)))
            .set(batches::announced_at.eq(Instant(now)))
            .execute(c))?;
    }
    rows.into_iter().map(|(id, lane)| Ok((id.into(), lanes::parse(&lane)?))).collect()
}
