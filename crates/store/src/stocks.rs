//! Stocks: what stands in them now, and at every version they have had.

use std::collections::HashMap;

use contracts::{Oid, RepositoryId, RevisionId, StockId, policy::StockPolicy};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension,
    QueryDsl, Queryable, RunQueryDsl,
};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::each,
    keys::storable,
    lock::lock_row,
    schema::{repositories, revisions, stock_entries, stock_versions, stocks},
    types::{Hash, Id, Instant},
    values::KEYS,
};

mod commit;
mod keep;
mod policy;
mod retention;
mod versions;

pub use commit::{NewEntry, commit_audit, commit_entries};
pub use keep::union;
pub use policy::set_policy;
pub use retention::trim;
pub use versions::{StockVersion, analyzers_of, version, versions};

/// A named collection of committed snapshots.
#[derive(Clone, Debug, PartialEq)]
pub struct Stock {
    /// Which one.
    pub id: StockId,
    /// Its name, unique.
    pub name: String,
    /// How many commits it has had.
    pub version: i64,
    /// When it was first named.
    pub created_at: Timestamp,
    /// What it lets in, and how.
    pub policy: StockPolicy,
    /// Rises with every change of the policy.
    pub policy_version: i64,
    /// The oldest version that can still be read.
    pub oldest_version: i64,
}

impl Stock {
    /// Whether this version can be read.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such version, or it is no longer kept.
    pub fn check_version(&self, version: i64) -> Result<(), StoreError> {
        if (self.oldest_version..=self.version).contains(&version) {
            return Ok(());
        }
        Err(StoreError::NotFound(format!(
            "version {version} of stock {} cannot be read; it has the versions {} to {}",
            self.name, self.oldest_version, self.version
        )))
    }
}

/// What a stock holds of one repository.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The repository.
    pub repository: RepositoryId,
    /// Its canonical clone URL.
    pub url: String,
    /// The visit that brought it.
    pub revision: RevisionId,
    /// The commit that was seen; none for a plain directory.
    pub commit: Option<Oid>,
    /// The tree with its nodes.
    pub tree: i64,
    /// The stock's version since which this stands in it.
    pub since: i64,
    /// The tree that the visit saw: another one where the stock keeps what the repository has no longer.
    pub seen_tree: Option<i64>,
    /// The analyzers whose results were looked at when it came, where that is known.
    pub analyzers: Option<String>,
}

type Row = (Id, String, i64, Instant, String, i64, i64);

fn stock(
    (id, name, version, created_at, policy, policy_version, oldest_version): Row,
) -> Result<Stock, StoreError> {
    let policy = serde_json::from_str(&policy)
        .map_err(|error| StoreError::Corrupt(format!("no policy with stock {name:?}: {error}")))?;
    let (id, created_at) = (id.into(), created_at.into());
    Ok(Stock { id, name, version, created_at, policy, policy_version, oldest_version })
}

#[derive(Queryable)]
struct EntryRow {
    repository: Id,
    url: String,
    revision: Id,
    commit: Option<Hash>,
    tree: i64,
    since: i64,
    seen_tree: Option<i64>,
    analyzers: Option<String>,
}

/// Entries with all that is told of them, for a filter behind it.
macro_rules! entries {
    () => {
        stock_entries::table
            .inner_join(repositories::table.on(repositories::id.eq(stock_entries::repository_id)))
            .inner_join(revisions::table.on(revisions::id.eq(stock_entries::revision_id)))
            .left_join(
                stock_versions::table.on(stock_versions::stock_id
                    .eq(stock_entries::stock_id)
                    .and(stock_versions::version.eq(stock_entries::since))),
            )
            .select((
                repositories::id,
                repositories::url,
                revisions::id,
                revisions::commit_id,
                stock_entries::tree_id,
                stock_entries::since,
                revisions::tree_id,
                stock_versions::analyzers.nullable(),
            ))
    };
}

impl From<EntryRow> for Entry {
    fn from(row: EntryRow) -> Self {
        Self {
            repository: row.repository.into(),
            url: row.url,
            revision: row.revision.into(),
            commit: row.commit.map(Oid::from),
            tree: row.tree,
            since: row.since,
            seen_tree: row.seen_tree,
            analyzers: row.analyzers,
        }
    }
}

/// The stock of this name, made now when there is none.
///
/// # Errors
/// When the database fails.
pub fn get_or_create(tx: &mut Tx, name: &str, now: Timestamp) -> Result<Stock, StoreError> {
    match by_name(tx, &storable(name))? {
        Some(stock) => Ok(stock),
        None => Ok(create(tx, name, &StockPolicy::default(), now)?.0),
    }
}

/// Makes a stock with this policy, and says that it is new; or finds the one of this name as it is.
///
/// # Errors
/// [`StoreError::Invalid`] when the policy makes no sense; when the database fails.
pub fn create(
    tx: &mut Tx,
    name: &str,
    policy: &StockPolicy,
    now: Timestamp,
) -> Result<(Stock, bool), StoreError> {
    let (id, name, text) = (StockId::new(), storable(name), policy::text(policy)?);
    let row = (
        stocks::id.eq(Id::from(id)),
        stocks::name.eq(name.as_ref()),
        stocks::version.eq(0),
        stocks::created_at.eq(Instant(now)),
        stocks::policy.eq(&text),
    );
    let made =
        each!(tx, c => diesel::insert_into(stocks::table).values(row).on_conflict_do_nothing().execute(c))?;
    if made == 0 {
        let found = by_name(tx, &name)?;
        let missing = || StoreError::NotFound(format!("no stock is named {name:?}"));
        return Ok((found.ok_or_else(missing)?, false));
    }
    let stock = Stock {
        id,
        name: name.into_owned(),
        version: 0,
        created_at: now,
        policy: policy.clone(),
        policy_version: 0,
        oldest_version: 0,
    };
    Ok((stock, true))
}

/// The stock with this id.
///
/// # Errors
/// When the database fails.
pub fn get(tx: &mut Tx, id: StockId) -> Result<Option<Stock>, StoreError> {
    let row = stocks::table.find(Id::from(id)).first::<Row>(tx.conn()).optional()?;
    row.map(stock).transpose()
}

/// The stock of this name.
///
/// # Errors
/// When the database fails.
pub fn by_name(tx: &mut Tx, name: &str) -> Result<Option<Stock>, StoreError> {
    let row = stocks::table.filter(stocks::name.eq(name)).first::<Row>(tx.conn()).optional()?;
    row.map(stock).transpose()
}

/// Up to `limit` stocks by name, those behind `after`.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut Tx, after: Option<&str>, limit: u32) -> Result<Vec<Stock>, StoreError> {
    let rows = stocks::table
        .filter(stocks::name.gt(after.unwrap_or_default()))
        .order(stocks::name)
        .limit(limit.into())
        .load::<Row>(tx.conn())?;
    rows.into_iter().map(stock).collect()
}

/// The stock with this id, which nobody else can commit to until this transaction ends.
///
/// # Errors
/// When the database fails.
pub fn lock(tx: &mut Tx, id: StockId) -> Result<Option<Stock>, StoreError> {
    lock_row!(tx, stocks, id)?;
    get(tx, id)
}

/// Up to `limit` entries of the stock by URL, those behind `after_url`: as of `version`, or as of now.
///
/// # Errors
/// [`StoreError::NotFound`] when the version is no longer kept; when the database fails.
pub fn entries_at(
    tx: &mut Tx,
    stock: StockId,
    version: Option<i64>,
    after_url: Option<&str>,
    limit: u32,
) -> Result<Vec<Entry>, StoreError> {
    if let Some(version) = version
        && let Some(held) = get(tx, stock)?
        && version < held.oldest_version
    {
        held.check_version(version)?;
    }
    let mut query = entries!()
        .filter(stock_entries::stock_id.eq(Id::from(stock)))
        .filter(repositories::url.gt(after_url.unwrap_or_default()))
        .order(repositories::url)
        .limit(limit.into())
        .into_boxed();
    query = match version {
        None => query.filter(stock_entries::until.is_null()),
        Some(version) => query
            .filter(stock_entries::since.le(version))
            .filter(stock_entries::until.is_null().or(stock_entries::until.gt(version))),
    };
    let rows = query.load::<EntryRow>(tx.conn())?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// What the stock holds of this repository now.
///
/// # Errors
/// When the database fails.
pub fn entry_of(tx: &mut Tx, stock: StockId, repository: RepositoryId) -> Result<Option<Entry>, StoreError> {
    let row = entries!()
        .filter(stock_entries::stock_id.eq(Id::from(stock)))
        .filter(stock_entries::repository_id.eq(Id::from(repository)))
        .filter(stock_entries::until.is_null())
        .first::<EntryRow>(tx.conn())
        .optional()?;
    Ok(row.map(Entry::from))
}

/// What the stock holds now of these repositories, by repository.
///
/// # Errors
/// When the database fails.
pub fn entries_of(
    tx: &mut Tx,
    stock: StockId,
    of: &[RepositoryId],
) -> Result<HashMap<RepositoryId, Entry>, StoreError> {
    let mut entries = HashMap::with_capacity(of.len());
    for part in of.chunks(KEYS) {
        let keys: Vec<Id> = part.iter().map(|id| Id::from(*id)).collect();
        let rows: Vec<EntryRow> = each!(tx, c => entries!()
            .filter(stock_entries::stock_id.eq(Id::from(stock)))
            .filter(stock_entries::repository_id.eq_any(keys))
            .filter(stock_entries::until.is_null())
            .load(c))?;
        entries.extend(rows.into_iter().map(Entry::from).map(|entry| (entry.repository, entry)));
    }
    Ok(entries)
}
