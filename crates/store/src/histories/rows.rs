//! Commits, one row each.

use contracts::{Oid, RepositoryId, TaskId};
use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, Selectable,
    SelectableHelper,
};

use super::{CommitKind, is_writer};
use crate::{
    StoreError, Tx,
    bulk::copy_in,
    keys::storable,
    schema::{commits, histories},
    types::{Hash, Id},
    values::{from_db, to_db},
};

/// Bytes of a git id.
const OID: usize = 20;

/// Who did something, and when, as a commit says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signature {
    /// The name, which may be empty.
    pub name: String,
    /// The address, which may be empty.
    pub email: String,
    /// Seconds since 1970; none when the commit says nothing that is a number.
    pub at: Option<i64>,
    /// Minutes east of Greenwich.
    pub offset: i32,
}

/// A commit without its contents.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// From 1; parents have lower ones than their children.
    pub position: u64,
    /// Git's id of it.
    pub oid: Oid,
    /// Its parents; the first ones, where there are absurdly many.
    pub parents: Vec<Oid>,
    /// How many parents there are.
    pub parent_count: u64,
    /// Who wrote it.
    pub author: Signature,
    /// Who made the commit.
    pub committer: Signature,
    /// The message; its beginning, where it is absurdly long.
    pub message: String,
    /// Bytes of the whole message.
    pub message_bytes: u64,
    /// What it does, by the words of its message.
    pub kind: CommitKind,
    /// Characters of the message.
    pub chars: u64,
    /// Words of the message.
    pub words: u64,
    /// Mean number of characters of a word.
    pub mean_word_length: f64,
    /// Gunning's fog index of the message.
    pub fog: f64,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = commits, treat_none_as_default_value = false)]
struct Row {
    repository_id: Id,
    position: i64,
    oid: Hash,
    parents: Vec<u8>,
    parent_count: i64,
    author_name: String,
    author_email: String,
    authored_at: Option<i64>,
    author_offset: i32,
    committer_name: String,
    committer_email: String,
    committed_at: Option<i64>,
    committer_offset: i32,
    message: String,
    message_bytes: i64,
    kind: String,
    chars: i64,
    words: i64,
    mean_word_length: f64,
    fog: f64,
}

impl Row {
    fn new(repository: RepositoryId, commit: &Commit) -> Self {
        let text = |text: &str| storable(text).into_owned();
        let (author, committer) = (&commit.author, &commit.committer);
        Self {
            repository_id: repository.into(),
            position: to_db(commit.position),
            oid: Hash(commit.oid),
            parents: commit.parents.iter().flat_map(|parent| parent.as_bytes().to_vec()).collect(),
            parent_count: to_db(commit.parent_count),
            author_name: text(&author.name),
            author_email: text(&author.email),
            authored_at: author.at,
            author_offset: author.offset,
            committer_name: text(&committer.name),
            committer_email: text(&committer.email),
            committed_at: committer.at,
            committer_offset: committer.offset,
            message: text(&commit.message),
            message_bytes: to_db(commit.message_bytes),
            kind: commit.kind.as_str().to_owned(),
            chars: to_db(commit.chars),
            words: to_db(commit.words),
            mean_word_length: commit.mean_word_length,
            fog: commit.fog,
        }
    }
}

impl TryFrom<Row> for Commit {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            position: from_db(row.position),
            oid: row.oid.into(),
            parents: ids(&row.parents)?,
            parent_count: from_db(row.parent_count),
            author: Signature {
                name: row.author_name,
                email: row.author_email,
                at: row.authored_at,
                offset: row.author_offset,
            },
            committer: Signature {
                name: row.committer_name,
                email: row.committer_email,
                at: row.committed_at,
                offset: row.committer_offset,
            },
            message: row.message,
            message_bytes: from_db(row.message_bytes),
            kind: CommitKind::stored(&row.kind)?,
            chars: from_db(row.chars),
            words: from_db(row.words),
            mean_word_length: row.mean_word_length,
            fog: row.fog,
        })
    }
}

/// Ids as they are kept, one behind the other.
pub(super) fn ids(bytes: &[u8]) -> Result<Vec<Oid>, StoreError> {
    let oid = |bytes: &[u8]| {
        Oid::from_bytes(bytes)
            .map_err(|error| StoreError::Corrupt(format!("a parent that is no id: {error}")))
    };
    bytes.chunks(OID).map(oid).collect()
}

/// Adds commits behind the end of a history that `writer` has begun to write; they count once it has ended.
/// Returns whether it still writes.
///
/// # Errors
/// When the database does not answer.
pub fn insert_many(
    tx: &mut Tx,
    repository: RepositoryId,
    writer: TaskId,
    new: &[Commit],
) -> Result<bool, StoreError> {
    if !is_writer(tx, repository, writer)? {
        return Ok(false);
    }
    let rows: Vec<Row> = new.iter().map(|commit| Row::new(repository, commit)).collect();
    copy_in!(tx, commits::table, &rows)?;
    Ok(true)
}

/// The commits at these positions, parents before their children.
///
/// # Errors
/// When the database does not answer.
pub fn at(tx: &mut Tx, repository: RepositoryId, positions: &[u64]) -> Result<Vec<Commit>, StoreError> {
    let positions: Vec<i64> = positions.iter().map(|position| to_db(*position)).collect();
    let rows: Vec<Row> = commits::table
        .filter(commits::repository_id.eq(Id::from(repository)))
        .filter(commits::position.eq_any(positions))
        .order(commits::position)
        .select(Row::as_select())
        .load(tx.conn())?;
    rows.into_iter().map(Commit::try_from).collect()
}

/// Up to `limit` commits, children before their parents, those before the position `before`.
///
/// # Errors
/// When the database does not answer.
pub fn list(
    tx: &mut Tx,
    repository: RepositoryId,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Commit>, StoreError> {
    let id = Id::from(repository);
    let count: Option<i64> =
        histories::table.find(id).select(histories::commits).first(tx.conn()).optional()?;
    let newest = count.unwrap_or(0).min(before.map_or(i64::MAX, |before| to_db(before).saturating_sub(1)));
    let rows: Vec<Row> = commits::table
        .filter(commits::repository_id.eq(id))
        .filter(commits::position.le(newest))
        .order(commits::position.desc())
        .limit(limit.into())
        .select(Row::as_select())
        .load(tx.conn())?;
    rows.into_iter().map(Commit::try_from).collect()
}
