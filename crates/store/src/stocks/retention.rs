//! Which versions of a stock stay readable.

use contracts::StockId;
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, dsl::max};
use jiff::{SignedDuration, Timestamp};

use super::{Stock, lock};
use crate::{
    StoreError, Tx,
    schema::{stock_entries, stock_versions, stocks},
    types::{Id, Instant},
};

/// Lets go of the versions that the stock's policy no longer keeps. What made them stays known, and the snapshots
/// that were committed stay; only the stock can no longer be read as of then. Returns the oldest version that
/// can.
///
/// # Errors
/// When the database fails.
pub fn trim(tx: &mut Tx, id: StockId, now: Timestamp) -> Result<Option<i64>, StoreError> {
    let Some(stock) = lock(tx, id)? else { return Ok(None) };
    let oldest = oldest_kept(tx, &stock, now)?;
    if oldest > stock.oldest_version {
        diesel::delete(
            stock_entries::table
                .filter(stock_entries::stock_id.eq(Id::from(id)))
                .filter(stock_entries::until.le(oldest)),
        )
        .execute(tx.conn())?;
        diesel::update(stocks::table.find(Id::from(id)))
            .set(stocks::oldest_version.eq(oldest))
            .execute(tx.conn())?;
    }
    Ok(Some(oldest.max(stock.oldest_version)))
}

/// A version stays while either rule keeps it, and all stay without rules.
fn oldest_kept(tx: &mut Tx, stock: &Stock, now: Timestamp) -> Result<i64, StoreError> {
    let retention = stock.policy.retention;
    let by_count = retention.versions.map(|versions| stock.version - i64::from(versions.max(1)) + 1);
    let by_age = match retention.days {
        None => None,
        Some(days) => {
            let then = now - SignedDuration::from_hours(24 * i64::from(days));
            // A version is replaced by the one after it: the newest that was old enough then still counts.
            let newest: Option<i64> = stock_versions::table
                .filter(stock_versions::stock_id.eq(Id::from(stock.id)))
                .filter(stock_versions::committed_at.le(Instant(then)))
                .select(max(stock_versions::version))
                .first(tx.conn())?;
            Some(newest.unwrap_or(stock.oldest_version))
        }
    };
    Ok(by_count.into_iter().chain(by_age).min().unwrap_or(stock.oldest_version).min(stock.version))
}
