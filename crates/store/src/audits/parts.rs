//! What an audit says of each repository.

use std::collections::HashMap;

use contracts::{AuditId, RepositoryId, RevisionId, policy::Level};
use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, RunQueryDsl, dsl::count_star,
};
use sha2::{Digest, Sha256};

use super::{AuditCounts, AuditResult};
use crate::{
    StoreError, Tx,
    bulk::copy_in,
    schema::{audit_parts, findings},
    types::Id,
    values::{from_db, to_db},
};

/// Parts that are read at once.
const PAGE: u32 = 2_000;

/// What an audit says of one repository.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The repository's canonical clone URL.
    pub url: String,
    /// The repository.
    pub repository: RepositoryId,
    /// The visit that was compared.
    pub revision: RevisionId,
    /// The tree that the stock held; none when it held nothing of the repository.
    pub old_tree: Option<i64>,
    /// Since which version of the stock.
    pub since: Option<i64>,
    /// The tree that the visit saw.
    pub new_tree: i64,
    /// The tree that the stock is to hold.
    pub result_tree: i64,
    /// What would change.
    pub counts: AuditCounts,
    /// SHA-256 of the changes and findings.
    pub digest: [u8; 32],
}

#[derive(Insertable, Queryable)]
#[diesel(table_name = audit_parts, treat_none_as_default_value = false)]
struct Row {
    audit_id: Id,
    url: String,
    repository_id: Id,
    revision_id: Id,
    old_tree: Option<i64>,
    since: Option<i64>,
    new_tree: i64,
    result_tree: i64,
    new: i64,
    modified: i64,
    removed: i64,
    moved: i64,
    attributes: i64,
    kept: i64,
    unchanged: i64,
    digest: Vec<u8>,
}

impl Row {
    fn new(audit: AuditId, part: &Part) -> Self {
        let AuditCounts { new, modified, removed, moved, attributes, kept, unchanged } = part.counts;
        Self {
            audit_id: audit.into(),
            url: part.url.clone(),
            repository_id: part.repository.into(),
            revision_id: part.revision.into(),
            old_tree: part.old_tree,
            since: part.since,
            new_tree: part.new_tree,
            result_tree: part.result_tree,
            new: to_db(new),
            modified: to_db(modified),
            removed: to_db(removed),
            moved: to_db(moved),
            attributes: to_db(attributes),
            kept: to_db(kept),
            unchanged: to_db(unchanged),
            digest: part.digest.to_vec(),
        }
    }
}

impl TryFrom<Row> for Part {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let digest = <[u8; 32]>::try_from(row.digest.as_slice())
            .map_err(|error| StoreError::Corrupt(format!("no digest in a part of an audit: {error}")))?;
        Ok(Self {
            url: row.url,
            repository: row.repository_id.into(),
            revision: row.revision_id.into(),
            old_tree: row.old_tree,
            since: row.since,
            new_tree: row.new_tree,
            result_tree: row.result_tree,
            counts: AuditCounts {
                new: from_db(row.new),
                modified: from_db(row.modified),
                removed: from_db(row.removed),
                moved: from_db(row.moved),
                attributes: from_db(row.attributes),
                kept: from_db(row.kept),
                unchanged: from_db(row.unchanged),
            },
            digest,
        })
    }
}

/// Adds parts to an audit that is being made, each repository once.
///
/// # Errors
/// When the database does not answer.
pub fn add_parts(tx: &mut Tx, audit: AuditId, parts: &[Part]) -> Result<(), StoreError> {
    let rows: Vec<Row> = parts.iter().map(|part| Row::new(audit, part)).collect();
    copy_in!(tx, audit_parts::table, &rows)?;
    Ok(())
}

/// Up to `limit` parts of the audit by URL, those behind `after_url`; all, or those in which something would
/// change.
///
/// # Errors
/// When the database does not answer.
pub fn parts(
    tx: &mut Tx,
    audit: AuditId,
    only_changed: bool,
    after_url: Option<&str>,
    limit: u32,
) -> Result<Vec<Part>, StoreError> {
    let mut query = audit_parts::table
        .filter(audit_parts::audit_id.eq(Id::from(audit)))
        .filter(audit_parts::url.gt(after_url.unwrap_or_default()))
        .order(audit_parts::url)
        .limit(limit.into())
        .into_boxed();
    if only_changed {
        let changes = audit_parts::new
            + audit_parts::modified
            + audit_parts::removed
            + audit_parts::moved
            + audit_parts::attributes;
        query = query.filter(changes.gt(0));
    }
    query.load::<Row>(tx.conn())?.into_iter().map(Part::try_from).collect()
}

/// The last of the audit's revisions, in the order in which they were made, that has its part.
///
/// # Errors
/// When the database does not answer.
pub fn last_part(tx: &mut Tx, audit: AuditId) -> Result<Option<RevisionId>, StoreError> {
    let last: Option<Id> = audit_parts::table
        .filter(audit_parts::audit_id.eq(Id::from(audit)))
        .order(audit_parts::revision_id.desc())
        .select(audit_parts::revision_id)
        .first(tx.conn())
        .optional()?;
    Ok(last.map(Into::into))
}

/// Sums up an audit all of whose parts are there.
///
/// # Errors
/// When the database does not answer.
pub fn tally(tx: &mut Tx, audit: AuditId, repositories_failed: u64) -> Result<AuditResult, StoreError> {
    let mut result = AuditResult { repositories_failed, ..AuditResult::default() };
    let mut digest = Sha256::new();
    let mut after: Option<String> = None;
    loop {
        let page = parts(tx, audit, false, after.as_deref(), PAGE)?;
        for part in &page {
            result.repositories += 1;
            result.counts.add(&part.counts);
            digest.update((part.url.len() as u64).to_le_bytes());
            digest.update(&part.url);
            digest.update(part.digest);
        }
        match page.last() {
            Some(last) => after = Some(last.url.clone()),
            None => break,
        }
    }
    let levels: Vec<(String, i64)> = findings::table
        .filter(findings::audit_id.eq(Id::from(audit)))
        .group_by(findings::level)
        .select((findings::level, count_star()))
        .load(tx.conn())?;
    let levels: HashMap<String, i64> = levels.into_iter().collect();
    let of = |level: Level| from_db(levels.get(level.as_str()).copied().unwrap_or_default());
    result.findings.info = of(Level::Info);
    result.findings.warn = of(Level::Warn);
    result.findings.block = of(Level::Block);
    result.digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(result)
}

/// Drops everything that the audit has found.
///
/// # Errors
/// When the database does not answer.
pub fn clear(tx: &mut Tx, audit: AuditId) -> Result<(), StoreError> {
    diesel::delete(audit_parts::table.filter(audit_parts::audit_id.eq(Id::from(audit))))
        .execute(tx.conn())?;
    diesel::delete(findings::table.filter(findings::audit_id.eq(Id::from(audit)))).execute(tx.conn())?;
    Ok(())
}
