//! How far a snapshot has come, summed over its revisions.

use contracts::SnapshotId;
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, dsl::sql, sql_types::BigInt};

use crate::{StoreError, Tx, revisions::RevisionState, schema::revisions, types::Id, values::from_db};

/// How far a snapshot has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SnapshotProgress {
    /// Revisions in all.
    pub revisions: u64,
    /// Revisions that nobody has begun to fetch.
    pub pending: u64,
    /// Revisions that are being fetched.
    pub fetching: u64,
    /// Revisions whose contents are being analysed.
    pub stored: u64,
    /// Revisions that are done.
    pub analyzed: u64,
    /// Revisions that failed for good.
    pub failed: u64,
    /// Of the analysed revisions those that were as at the visit before.
    pub unchanged: u64,
    /// Contents that were put into batches.
    pub contents_to_analyze: u64,
    /// Of them those that were analysed.
    pub contents_analyzed: u64,
    /// Of them those that could not be.
    pub contents_failed: u64,
    /// Nodes of all trees.
    pub nodes: u64,
    /// Bytes of all nodes.
    pub bytes: u64,
    /// Distinct contents of each tree, summed over the trees.
    pub contents: u64,
}

type Row = (String, bool, i64, i64, i64, i64, i64, i64, i64);

/// How far the snapshot has come; all zeros when there is none.
///
/// # Errors
/// When the database does not answer.
pub fn progress(tx: &mut Tx, id: SnapshotId) -> Result<SnapshotProgress, StoreError> {
    // PostgreSQL sums bigints to numeric.
    let rows = revisions::table
        .filter(revisions::snapshot_id.eq(Id::from(id)))
        .group_by((revisions::state, revisions::unchanged))
        .select((
            revisions::state,
            revisions::unchanged,
            diesel::dsl::count_star(),
            sql::<BigInt>("CAST(sum(to_analyze) AS bigint)"),
            sql::<BigInt>("CAST(sum(analyzed) AS bigint)"),
            sql::<BigInt>("CAST(sum(failed) AS bigint)"),
            sql::<BigInt>("CAST(sum(nodes) AS bigint)"),
            sql::<BigInt>("CAST(sum(bytes) AS bigint)"),
            sql::<BigInt>("CAST(sum(contents) AS bigint)"),
        ))
        .load::<Row>(tx.conn())?;
    let mut sum = SnapshotProgress::default();
    for (state, unchanged, count, to_analyze, analyzed, failed, nodes, bytes, contents) in rows {
        let count = from_db(count);
        sum.revisions += count;
        *match RevisionState::stored(&state)? {
            RevisionState::Pending => &mut sum.pending,
            RevisionState::Fetching => &mut sum.fetching,
            RevisionState::Stored => &mut sum.stored,
            RevisionState::Analyzed => &mut sum.analyzed,
            RevisionState::Failed => &mut sum.failed,
        } += count;
        sum.unchanged += if unchanged { count } else { 0 };
        sum.contents_to_analyze += from_db(to_analyze);
        sum.contents_analyzed += from_db(analyzed);
        sum.contents_failed += from_db(failed);
        sum.nodes += from_db(nodes);
        sum.bytes += from_db(bytes);
        sum.contents += from_db(contents);
    }
    Ok(sum)
}
