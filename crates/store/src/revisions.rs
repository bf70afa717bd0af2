//! Revisions: one repository's part of one snapshot, and what became of it.

use contracts::{ErrorKind, Failure, Oid, RepairId, RepositoryId, RevisionId, SnapshotId};
use diesel::{
    ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable,
    SelectableHelper,
};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    lock::lock_row,
    names::names,
    schema::{repositories, revisions},
    types::{Hash, Id, Instant},
    values::from_db,
};

mod create;
mod outcome;

pub use create::{NewRevisions, create_many};
pub use outcome::{failed, start, stored, unchanged};

names! {
    /// How far a revision has come.
    pub enum RevisionState in "revisions.state" {
        /// Nobody has begun to fetch it.
        Pending = "pending",
        /// It is being fetched and its contents are being stored.
        Fetching = "fetching",
        /// Its tree is complete; contents of it are still to be analysed.
        Stored = "stored",
        /// Every content of it is analysed or has failed for good.
        Analyzed = "analyzed",
        /// It could not be fetched or stored.
        Failed = "failed",
    }
}

/// One repository's part of one snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// Which one.
    pub id: RevisionId,
    /// The snapshot it is part of.
    pub snapshot: SnapshotId,
    /// The repository.
    pub repository: RepositoryId,
    /// The repository's canonical clone URL.
    pub url: String,
    /// How far it has come.
    pub state: RevisionState,
    /// Whether everything is to be fetched and stored anew, known or not.
    pub force: bool,
    /// The commit to fetch instead of the newest.
    pub pinned_commit: Option<Oid>,
    /// The commit that was seen; none before it was, and none for a plain directory.
    pub commit: Option<Oid>,
    /// The tree with its nodes.
    pub tree: Option<i64>,
    /// Whether it was as at the visit before.
    pub unchanged: bool,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Nodes of its tree.
    pub nodes: u64,
    /// Bytes of its nodes.
    pub bytes: u64,
    /// Distinct contents of its tree.
    pub contents: u64,
    /// Contents that were put into batches.
    pub to_analyze: u64,
    /// Of them those that were analysed.
    pub analyzed: u64,
    /// Of them those that could not be.
    pub failed: u64,
    /// Batches that were made.
    pub batches_total: u64,
    /// Of them those that are done.
    pub batches_done: u64,
    /// The repair that asked for it.
    pub repair: Option<RepairId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its tree was complete.
    pub fetched_at: Option<Timestamp>,
    /// When it was analysed or failed.
    pub ended_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = revisions)]
struct Row {
    id: Id,
    snapshot_id: Id,
    repository_id: Id,
    state: String,
    force: bool,
    pinned_commit: Option<Hash>,
    commit_id: Option<Hash>,
    tree_id: Option<i64>,
    unchanged: bool,
    error_kind: Option<String>,
    error_reason: Option<String>,
    nodes: i64,
    bytes: i64,
    contents: i64,
    to_analyze: i64,
    analyzed: i64,
    failed: i64,
    batches_total: i64,
    batches_done: i64,
    repair_id: Option<Id>,
    created_at: Instant,
    fetched_at: Option<Instant>,
    ended_at: Option<Instant>,
}

impl Row {
    fn with_url(self, url: String) -> Result<Revision, StoreError> {
        let kind = match self.error_kind {
            None => None,
            Some(name) => Some(
                ErrorKind::from_name(&name)
                    .ok_or_else(|| StoreError::unknown("revisions.error_kind", &name))?,
            ),
        };
        Ok(Revision {
            id: self.id.into(),
            snapshot: self.snapshot_id.into(),
            repository: self.repository_id.into(),
            url,
            state: RevisionState::stored(&self.state)?,
            force: self.force,
            pinned_commit: self.pinned_commit.map(Into::into),
            commit: self.commit_id.map(Into::into),
            tree: self.tree_id,
            unchanged: self.unchanged,
            failure: kind.map(|kind| Failure { kind, reason: self.error_reason.unwrap_or_default() }),
            nodes: from_db(self.nodes),
            bytes: from_db(self.bytes),
            contents: from_db(self.contents),
            to_analyze: from_db(self.to_analyze),
            analyzed: from_db(self.analyzed),
            failed: from_db(self.failed),
            batches_total: from_db(self.batches_total),
            batches_done: from_db(self.batches_done),
            repair: self.repair_id.map(Into::into),
            created_at: self.created_at.into(),
            fetched_at: self.fetched_at.map(Into::into),
            ended_at: self.ended_at.map(Into::into),
        })
    }
}

/// The revision with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: RevisionId) -> Result<Option<Revision>, StoreError> {
    let row = revisions::table
        .inner_join(repositories::table.on(repositories::id.eq(revisions::repository_id)))
        .filter(revisions::id.eq(Id::from(id)))
        .select((Row::as_select(), repositories::url))
        .first::<(Row, String)>(tx.conn())
        .optional()?;
    row.map(|(row, url)| row.with_url(url)).transpose()
}

/// The revision with this id, which nobody else can change until this transaction ends.
///
/// # Errors
/// When the database does not answer.
pub fn lock(tx: &mut Tx, id: RevisionId) -> Result<Option<Revision>, StoreError> {
    lock_row!(tx, revisions, id)?;
    get(tx, id)
}

/// Up to `limit` revisions of the snapshot in the order they were made, those behind `after`; all
/// states or one.
///
/// # Errors
/// When the database does not answer.
pub fn of_snapshot(
    tx: &mut Tx,
    snapshot: SnapshotId,
    state: Option<RevisionState>,
    after: Option<RevisionId>,
    limit: u32,
) -> Result<Vec<Revision>, StoreError> {
    let mut query = revisions::table
        .inner_join(repositories::table.on(repositories::id.eq(revisions::repository_id)))
        .filter(revisions::snapshot_id.eq(Id::from(snapshot)))
        .order(revisions::id)
        .limit(limit.into())
        .select((Row::as_select(), repositories::url))
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(revisions::state.eq(state.as_str()));
    }
    if let Some(after) = after {
        query = query.filter(revisions::id.gt(Id::from(after)));
    }
    let rows = query.load::<(Row, String)>(tx.conn())?;
    rows.into_iter().map(|(row, url)| row.with_url(url)).collect()
}

/// The repository's part of the snapshot.
///
/// # Errors
/// When the database does not answer.
pub fn of_both(
    tx: &mut Tx,
    snapshot: SnapshotId,
    repository: RepositoryId,
) -> Result<Option<Revision>, StoreError> {
    let row = revisions::table
        .inner_join(repositories::table.on(repositories::id.eq(revisions::repository_id)))
        .filter(revisions::snapshot_id.eq(Id::from(snapshot)))
        .filter(revisions::repository_id.eq(Id::from(repository)))
        .select((Row::as_select(), repositories::url))
        .first::<(Row, String)>(tx.conn())
        .optional()?;
    row.map(|(row, url)| row.with_url(url)).transpose()
}

/// Up to `limit` revisions of the snapshot that are done, by URL, those behind `after_url`.
///
/// # Errors
/// When the database does not answer.
pub fn analyzed_by_url(
    tx: &mut Tx,
    snapshot: SnapshotId,
    after_url: Option<&str>,
    limit: u32,
) -> Result<Vec<Revision>, StoreError> {
    let rows = revisions::table
        .inner_join(repositories::table.on(repositories::id.eq(revisions::repository_id)))
        .filter(revisions::snapshot_id.eq(Id::from(snapshot)))
        .filter(revisions::state.eq(RevisionState::Analyzed.as_str()))
        .filter(repositories::url.gt(after_url.unwrap_or_default()))
        .order(repositories::url)
        .limit(limit.into())
        .select((Row::as_select(), repositories::url))
        .load::<(Row, String)>(tx.conn())?;
    rows.into_iter().map(|(row, url)| row.with_url(url)).collect()
}

/// How many revisions of the snapshot are in this state.
///
/// # Errors
/// When the database does not answer.
pub fn count(tx: &mut Tx, snapshot: SnapshotId, state: RevisionState) -> Result<u64, StoreError> {
    let count: i64 = revisions::table
        .filter(revisions::snapshot_id.eq(Id::from(snapshot)))
        .filter(revisions::state.eq(state.as_str()))
        .count()
        .get_result(tx.conn())?;
    Ok(from_db(count))
}

/// Up to `limit` revisions of the repository, newest first, those older than `before`.
///
/// # Errors
/// When the database does not answer.
pub fn of_repository(
    tx: &mut Tx,
    repository: RepositoryId,
    before: Option<RevisionId>,
    limit: u32,
) -> Result<Vec<Revision>, StoreError> {
    let mut query = revisions::table
        .inner_join(repositories::table.on(repositories::id.eq(revisions::repository_id)))
        .filter(revisions::repository_id.eq(Id::from(repository)))
        .order(revisions::id.desc())
        .limit(limit.into())
        .select((Row::as_select(), repositories::url))
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(revisions::id.lt(Id::from(before)));
    }
    let rows = query.load::<(Row, String)>(tx.conn())?;
    rows.into_iter().map(|(row, url)| row.with_url(url)).collect()
}

/// The newest revision whose tree this is.
///
/// # Errors
/// When the database does not answer.
pub fn newest_of_tree(tx: &mut Tx, tree: i64) -> Result<Option<Revision>, StoreError> {
    let row = revisions::table
        .inner_join(repositories::table.on(repositories::id.eq(revisions::repository_id)))
        .filter(revisions::tree_id.eq(tree))
        .order(revisions::id.desc())
        .select((Row::as_select(), repositories::url))
        .first::<(Row, String)>(tx.conn())
        .optional()?;
    row.map(|(row, url)| row.with_url(url)).transpose()
}

/// The newest revision that this repair asked for.
///
/// # Errors
/// When the database does not answer.
pub fn newest_of_repair(tx: &mut Tx, repair: RepairId) -> Result<Option<Revision>, StoreError> {
    let row = revisions::table
        .inner_join(repositories::table.on(repositories::id.eq(revisions::repository_id)))
        .filter(revisions::repair_id.eq(Id::from(repair)))
        .order(revisions::id.desc())
        .select((Row::as_select(), repositories::url))
        .first::<(Row, String)>(tx.conn())
        .optional()?;
    row.map(|(row, url)| row.with_url(url)).transpose()
}

/// How many revisions of the snapshot have not ended.
///
/// # Errors
/// When the database does not answer.
pub fn count_open(tx: &mut Tx, snapshot: SnapshotId) -> Result<u64, StoreError> {
    let count: i64 = revisions::table
        .filter(revisions::snapshot_id.eq(Id::from(snapshot)))
        .filter(revisions::ended_at.is_null())
        .count()
        .get_result(tx.conn())?;
    Ok(from_db(count))
}
