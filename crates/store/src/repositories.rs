//! Repositories: origins, each known by its canonical clone URL.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use contracts::{Oid, RepositoryId, RevisionId};
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    bulk::upsert_many,
    connection::each,
    keys::storable,
    schema::repositories,
    types::{Hash, Id, Instant},
    values::KEYS,
};

/// An origin.
#[derive(Clone, Debug, PartialEq)]
pub struct Repository {
    /// Which one.
    pub id: RepositoryId,
    /// Its canonical clone URL, unique.
    pub url: String,
    /// Its name for people.
    pub name: String,
    /// When it was first heard of.
    pub created_at: Timestamp,
    /// The newest visit that succeeded.
    pub last: Option<LastVisit>,
}

/// What the newest visit that succeeded saw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LastVisit {
    /// The visit.
    pub revision: RevisionId,
    /// The commit; none for a plain directory.
    pub commit: Option<Oid>,
    /// The tree with its nodes.
    pub tree: i64,
    /// When.
    pub at: Timestamp,
}

#[derive(Queryable)]
struct Row {
    id: Id,
    url: String,
    name: String,
    created_at: Instant,
    last_revision: Option<Id>,
    last_commit: Option<Hash>,
    last_tree: Option<i64>,
    last_visited_at: Option<Instant>,
}

impl From<Row> for Repository {
    fn from(row: Row) -> Self {
        let last = match (row.last_revision, row.last_tree, row.last_visited_at) {
            (Some(revision), Some(tree), Some(at)) => Some(LastVisit {
                revision: revision.into(),
                commit: row.last_commit.map(Oid::from),
                tree,
                at: at.into(),
            }),
            _ => None,
        };
        Self { id: row.id.into(), url: row.url, name: row.name, created_at: row.created_at.into(), last }
    }
}

#[derive(Insertable)]
#[diesel(table_name = repositories, treat_none_as_default_value = false)]
struct NewRow<'a> {
    id: Id,
    url: &'a str,
    name: &'a str,
    created_at: Instant,
}

/// Makes the repositories that are not known yet, given as URL and name, and renames those that are
/// known by another name. Returns their ids in the order given.
///
/// # Errors
/// When the database fails.
pub fn upsert_many(
    tx: &mut Tx,
    repositories: &[(String, String)],
    now: Timestamp,
) -> Result<Vec<RepositoryId>, StoreError> {
    // Rows are made and locked in the order of URLs. The last word about a name counts.
    let wanted: BTreeMap<Cow<'_, str>, Cow<'_, str>> =
        repositories.iter().map(|(url, name)| (storable(url), storable(name))).collect();
    let wanted: Vec<(&str, &str)> = wanted.iter().map(|(url, name)| (url.as_ref(), name.as_ref())).collect();
    let mut ids = HashMap::with_capacity(wanted.len());
    for part in wanted.chunks(KEYS) {
        upsert_part(tx, part, now, &mut ids)?;
    }
    let id = |(url, _): &(String, String)| {
        let id = ids.get(storable(url).as_ref()).copied();
        id.ok_or_else(|| StoreError::NotFound(format!("no repository has the URL {url:?}")))
    };
    repositories.iter().map(id).collect()
}

fn upsert_part(
    tx: &mut Tx,
    part: &[(&str, &str)],
    now: Timestamp,
    ids: &mut HashMap<String, RepositoryId>,
) -> Result<(), StoreError> {
    let mut known = known(tx, part)?;
    let new: Vec<NewRow<'_>> = part
        .iter()
        .filter(|(url, _)| !known.contains_key(*url))
        .map(|(url, name)| NewRow { id: RepositoryId::new().into(), url, name, created_at: Instant(now) })
        .collect();
    if !new.is_empty() {
        upsert_many!(tx, &new, rows => diesel::insert_into(repositories::table)
            .values(rows)
            .on_conflict_do_nothing())?;
        known = self::known(tx, part)?;
    }
    for (url, name) in part {
        if let Some((id, _)) = known.get(*url).filter(|(_, known)| known != name) {
            diesel::update(repositories::table.find(Id::from(*id)))
                .set(repositories::name.eq(name))
                .execute(tx.conn())?;
        }
    }
    ids.extend(known.into_iter().map(|(url, (id, _))| (url, id)));
    Ok(())
}

type Known = HashMap<String, (RepositoryId, String)>;

fn known(tx: &mut Tx, part: &[(&str, &str)]) -> Result<Known, StoreError> {
    let urls: Vec<&str> = part.iter().map(|(url, _)| *url).collect();
    let rows: Vec<(Id, String, String)> = each!(tx, c => repositories::table
        .filter(repositories::url.eq_any(urls))
        .select((repositories::id, repositories::url, repositories::name))
        .load(c))?;
    Ok(rows.into_iter().map(|(id, url, name)| (url, (id.into(), name))).collect())
}

/// The repository with this id.
///
/// # Errors
/// When the database fails.
pub fn get(tx: &mut Tx, id: RepositoryId) -> Result<Option<Repository>, StoreError> {
    let row = repositories::table.find(Id::from(id)).first::<Row>(tx.conn()).optional()?;
    Ok(row.map(Repository::from))
}

/// The repository with this canonical clone URL.
///
/// # Errors
/// When the database fails.
pub fn by_url(tx: &mut Tx, url: &str) -> Result<Option<Repository>, StoreError> {
    let row = repositories::table.filter(repositories::url.eq(url)).first::<Row>(tx.conn()).optional()?;
    Ok(row.map(Repository::from))
}

/// Up to `limit` repositories by URL, those behind `after_url`.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut Tx, after_url: Option<&str>, limit: u32) -> Result<Vec<Repository>, StoreError> {
    let rows = repositories::table
        .filter(repositories::url.gt(after_url.unwrap_or_default()))
        .order(repositories::url)
        .limit(limit.into())
        .load::<Row>(tx.conn())?;
    Ok(rows.into_iter().map(Repository::from).collect())
}

/// Keeps what the newest visit saw.
///
/// # Errors
/// When the database fails.
pub fn set_last(tx: &mut Tx, id: RepositoryId, last: &LastVisit) -> Result<(), StoreError> {
    diesel::update(repositories::table.find(Id::from(id)))
        .set((
            repositories::last_revision_id.eq(Id::from(last.revision)),
            repositories::last_commit.eq(last.commit.map(Hash)),
            repositories::last_tree_id.eq(last.tree),
            repositories::last_visited_at.eq(Instant(last.at)),
        ))
        .execute(tx.conn())?;
    Ok(())
}
