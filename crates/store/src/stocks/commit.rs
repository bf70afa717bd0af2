//! How a stock changes.

use std::collections::HashMap;

use contracts::{Oid, RepositoryId, RevisionId, StockId};
use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use super::{Entry, entries_of, versions};
use crate::{
    StoreError, Tx,
    audits::{self, Audit},
    bulk::copy_in,
    connection::each,
    schema::{revisions, stock_entries, stocks},
    types::{Hash, Id},
    values::KEYS,
};

/// What a stock is to hold of one repository.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewEntry {
    /// The repository.
    pub repository: RepositoryId,
    /// The visit that brought it.
    pub revision: RevisionId,
    /// The tree with its nodes.
    pub tree: i64,
}

#[derive(Insertable)]
#[diesel(table_name = stock_entries, treat_none_as_default_value = false)]
struct EntryRow {
    stock_id: Id,
    repository_id: Id,
    since: i64,
    until: Option<i64>,
    revision_id: Id,
    tree_id: i64,
}

/// Makes `new_version` of the stock, in which these repositories stand as given and all others as
/// before. What it already holds, with the same tree and commit, is left as it is. Returns how many
/// entries changed. Lock the stock first.
///
/// # Errors
/// [`StoreError::Conflict`] when the stock's version is not the one before `new_version`.
pub fn commit_entries(
    tx: &mut Tx,
    stock: StockId,
    new_version: i64,
    entries: &[NewEntry],
) -> Result<u64, StoreError> {
    advance(tx, stock, new_version)?;
    let mut sorted = entries.to_vec();
    sorted.sort_by_key(|entry| entry.repository);
    sorted.dedup_by_key(|entry| entry.repository);
    let mut changed = 0;
    for part in sorted.chunks(KEYS) {
        changed += commit_part(tx, stock, new_version, None, part)?;
    }
    Ok(changed)
}

/// Makes the next version of the stock, in which stands what this audit saw, and notes what made it. The caller
/// has locked the stock and made sure that the audit may be committed. Returns the version and how many entries
/// changed.
///
/// # Errors
/// [`StoreError::Conflict`] when the audit was made against another version of the stock.
pub fn commit_audit(tx: &mut Tx, audit: &Audit, now: Timestamp) -> Result<(i64, u64), StoreError> {
    let version = audit.stock_version + 1;
    advance(tx, audit.stock, version)?;
    let (mut changed, mut after): (u64, Option<String>) = (0, None);
    loop {
        let parts = audits::parts(tx, audit.id, false, after.as_deref(), KEYS as u32)?;
        let Some(last) = parts.last() else { break };
        after = Some(last.url.clone());
        let entry = |part: &audits::Part| NewEntry {
            repository: part.repository,
            revision: part.revision,
            tree: part.result_tree,
        };
        let entries: Vec<NewEntry> = parts.iter().map(entry).collect();
        changed += commit_part(tx, audit.stock, version, Some(&audit.analyzers), &entries)?;
    }
    versions::note(tx, audit, version, changed, now)?;
    Ok((version, changed))
}

fn advance(tx: &mut Tx, stock: StockId, new_version: i64) -> Result<(), StoreError> {
    let moved =
        diesel::update(stocks::table.find(Id::from(stock)).filter(stocks::version.eq(new_version - 1)))
            .set(stocks::version.eq(new_version))
            .execute(tx.conn())?;
    if moved == 0 {
        return Err(StoreError::Conflict(format!("stock {stock} is not at version {}", new_version - 1)));
    }
    Ok(())
}

fn commit_part(
    tx: &mut Tx,
    stock: StockId,
    version: i64,
    analyzers: Option<&str>,
    part: &[NewEntry],
) -> Result<u64, StoreError> {
    let repositories: Vec<RepositoryId> = part.iter().map(|entry| entry.repository).collect();
    let held = entries_of(tx, stock, &repositories)?;
    let commits = commits(tx, part)?;
    let changed: Vec<&NewEntry> = part
        .iter()
        .filter(|entry| {
            let commit = commits.get(&entry.revision).copied().flatten();
            let as_held = |held: &Entry| {
                let reanalyzed =
                    matches!((&held.analyzers, analyzers), (Some(then), Some(now)) if then != now);
                held.tree == entry.tree && held.commit == commit && !reanalyzed
            };
            !held.get(&entry.repository).is_some_and(as_held)
        })
        .collect();
    let outdated: Vec<Id> = changed
        .iter()
        .filter(|entry| held.contains_key(&entry.repository))
        .map(|entry| entry.repository.into())
        .collect();
    if !outdated.is_empty() {
        each!(tx, c => diesel::update(stock_entries::table)
            .filter(stock_entries::stock_id.eq(Id::from(stock)))
            .filter(stock_entries::repository_id.eq_any(outdated))
            .filter(stock_entries::until.is_null())
            .set(stock_entries::until.eq(version))
            .execute(c))?;
    }
    let rows: Vec<EntryRow> = changed
        .into_iter()
        .map(|entry| EntryRow {
            stock_id: stock.into(),
            repository_id: entry.repository.into(),
            since: version,
            until: None,
            revision_id: entry.revision.into(),
            tree_id: entry.tree,
        })
        .collect();
    copy_in!(tx, stock_entries::table, &rows)?;
    Ok(rows.len() as u64)
}

/// The commit that each revision of `part` saw.
fn commits(tx: &mut Tx, part: &[NewEntry]) -> Result<HashMap<RevisionId, Option<Oid>>, StoreError> {
    let keys: Vec<Id> = part.iter().map(|entry| entry.revision.into()).collect();
    let rows: Vec<(Id, Option<Hash>)> = each!(tx, c => revisions::table
        .filter(revisions::id.eq_any(keys))
        .select((revisions::id, revisions::commit_id))
        .load(c))?;
    Ok(rows.into_iter().map(|(id, commit)| (id.into(), commit.map(Oid::from))).collect())
}
