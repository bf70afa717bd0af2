//! What made each version of a stock.

use contracts::{AuditId, SnapshotId, StockId};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    audits::Audit,
    schema::stock_versions,
    types::{Id, Instant},
    values::{from_db, to_db},
};

/// What made a version of a stock.
#[derive(Clone, Debug, PartialEq)]
pub struct StockVersion {
    /// The version, from 1; version 0 is empty and nothing made it.
    pub version: i64,
    /// The snapshot that was committed.
    pub snapshot: SnapshotId,
    /// The audit that let it in.
    pub audit: AuditId,
    /// The version of the auditor that made the audit.
    pub auditor: String,
    /// The analyzers whose results it looked at.
    pub analyzers: String,
    /// SHA-256 of what the audit found, in hexadecimal.
    pub report_digest: String,
    /// Repositories whose entry changed.
    pub entries: u64,
    /// When.
    pub committed_at: Timestamp,
}

type Row = (Id, i64, Id, Id, String, String, String, i64, Instant);

impl From<Row> for StockVersion {
    fn from((_, version, snapshot, audit, auditor, analyzers, report_digest, entries, at): Row) -> Self {
        Self {
            version,
            snapshot: snapshot.into(),
            audit: audit.into(),
            auditor,
            analyzers,
            report_digest,
            entries: from_db(entries),
            committed_at: at.into(),
        }
    }
}

/// Notes what made this version.
pub(super) fn note(
    tx: &mut Tx,
    audit: &Audit,
    version: i64,
    entries: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    diesel::insert_into(stock_versions::table)
        .values((
            stock_versions::stock_id.eq(Id::from(audit.stock)),
            stock_versions::version.eq(version),
            stock_versions::snapshot_id.eq(Id::from(audit.snapshot)),
            stock_versions::audit_id.eq(Id::from(audit.id)),
            stock_versions::auditor.eq(&audit.auditor),
            stock_versions::analyzers.eq(&audit.analyzers),
            stock_versions::report_digest.eq(audit.report_digest.as_deref().unwrap_or_default()),
            stock_versions::entries.eq(to_db(entries)),
            stock_versions::committed_at.eq(Instant(now)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// What made this version.
///
/// # Errors
/// When the database fails.
pub fn version(tx: &mut Tx, stock: StockId, version: i64) -> Result<Option<StockVersion>, StoreError> {
    let row = stock_versions::table.find((Id::from(stock), version)).first::<Row>(tx.conn()).optional()?;
    Ok(row.map(StockVersion::from))
}

/// Up to `limit` versions of the stock, newest first, those before `before`; those that can no longer be read
/// too.
///
/// # Errors
/// When the database fails.
pub fn versions(
    tx: &mut Tx,
    stock: StockId,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<StockVersion>, StoreError> {
    let rows = stock_versions::table
        .filter(stock_versions::stock_id.eq(Id::from(stock)))
        .filter(stock_versions::version.lt(before.unwrap_or(i64::MAX)))
        .order(stock_versions::version.desc())
        .limit(limit.into())
        .load::<Row>(tx.conn())?;
    Ok(rows.into_iter().map(StockVersion::from).collect())
}

/// The analyzers whose results were looked at when this version came, where that is known.
///
/// # Errors
/// When the database fails.
pub fn analyzers_of(tx: &mut Tx, stock: StockId, version: i64) -> Result<Option<String>, StoreError> {
    Ok(stock_versions::table
        .find((Id::from(stock), version))
        .select(stock_versions::analyzers)
        .first(tx.conn())
        .optional()?)
}
