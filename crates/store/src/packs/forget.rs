//! Trees that only aborted snapshots have, and drafts that nobody will complete.
//!
//! A tree is forgotten under its lock. A visit that ends with a known tree takes the same lock
//! ([`crate::trees::hold`]) in the transaction that refers to it, so that one of the two sees the other.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension,
    QueryDsl, QueryableByName, RunQueryDsl, sql_types::BigInt,
};
use jiff::Timestamp;

use crate::{
    StoreError, Tx,
    connection::{AnyConnection, each},
    schema::{held_heads, repositories, revisions, tree_drafts, tree_summaries, trees},
    types::{Hash, Id, Instant, sql},
};

#[derive(QueryableByName)]
struct IdRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Whether something but a snapshot that was aborted before `$2` refers to the tree `x.tree_id`.
macro_rules! unwanted {
    () => {
        "NOT EXISTS (SELECT 1 FROM stock_entries e WHERE e.tree_id = x.tree_id) \
         AND NOT EXISTS (SELECT 1 FROM revisions r JOIN snapshots s ON s.id = r.snapshot_id \
         WHERE r.tree_id = x.tree_id AND (s.state <> 'aborted' OR s.ended_at IS NULL OR s.ended_at > $2 \
         OR EXISTS (SELECT 1 FROM batches b WHERE b.revision_id = r.id AND b.ended_at IS NULL) \
         OR EXISTS (SELECT 1 FROM repairs p WHERE p.id = r.repair_id AND p.state = 'running')))"
    };
}

const FORGETTABLE: &str = concat!(
    "SELECT DISTINCT x.tree_id AS id FROM revisions x JOIN snapshots y ON y.id = x.snapshot_id \
     WHERE x.tree_id > $1 AND y.state = 'aborted' AND y.ended_at <= $2 AND ",
    unwanted!(),
    " ORDER BY x.tree_id LIMIT $3"
);
const IS_FORGETTABLE: &str =
    concat!("SELECT x.tree_id AS id FROM (SELECT CAST($1 AS bigint) AS tree_id) x WHERE ", unwanted!());

/// Up to `limit` trees behind `after` that only snapshots have which were aborted at `aborted_before` or
/// earlier.
///
/// # Errors
/// When the database does not answer.
pub fn forgettable_trees(
    tx: &mut Tx,
    aborted_before: Timestamp,
    after: i64,
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<IdRow> = each!(tx, c => diesel::sql_query(FORGETTABLE)
        .bind::<BigInt, _>(after)
        .bind::<sql::Instant, _>(Instant(aborted_before))
        .bind::<BigInt, _>(i64::from(limit))
        .load(c))?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Forgets such a tree, if it still is one. Its nodes become those of a draft that nobody completes, for
/// [`drop_nodes`]; a repository whose newest visit saw it is as if never visited; the revisions that had it
/// have failed, so that running their snapshot again visits them anew.
///
/// # Errors
/// When the database does not answer.
pub fn forget_tree(tx: &mut Tx, tree: i64, aborted_before: Timestamp) -> Result<bool, StoreError> {
    let row = trees::table.find(tree).select(trees::oid);
    let oid: Option<Hash> = match tx.conn() {
        AnyConnection::Postgres(conn) => row.for_update().first(conn).optional()?,
        AnyConnection::Sqlite(conn) => row.first(conn).optional()?,
    };
    let Some(oid) = oid else { return Ok(false) };
    // A statement of its own: it sees what was committed while the lock was waited for.
    let still: Vec<IdRow> = each!(tx, c => diesel::sql_query(IS_FORGETTABLE)
        .bind::<BigInt, _>(tree)
        .bind::<sql::Instant, _>(Instant(aborted_before))
        .load(c))?;
    if still.iter().all(|row| row.id != tree) {
        return Ok(false);
    }
    let had = revisions::table.filter(revisions::tree_id.eq(tree));
    let revision: Option<Id> = had.select(revisions::id).first(tx.conn()).optional()?;
    diesel::update(had)
        .set((
            revisions::tree_id.eq(None::<i64>),
            revisions::state.eq("failed"),
            revisions::error_kind.eq(Some("cancelled")),
            revisions::error_reason.eq(Some(FORGOTTEN)),
        ))
        .execute(tx.conn())?;
    diesel::update(repositories::table.filter(repositories::last_tree_id.eq(tree)))
        .set((
            repositories::last_revision_id.eq(None::<Id>),
            repositories::last_commit.eq(None::<Hash>),
            repositories::last_tree_id.eq(None::<i64>),
            repositories::last_visited_at.eq(None::<Instant>),
        ))
        .execute(tx.conn())?;
    diesel::delete(held_heads::table.filter(held_heads::tree_id.eq(tree))).execute(tx.conn())?;
    diesel::delete(tree_summaries::table.filter(tree_summaries::tree_id.eq(tree))).execute(tx.conn())?;
    diesel::delete(trees::table.find(tree)).execute(tx.conn())?;
    let Some(revision) = revision else { return Ok(true) };
    let draft = (
        tree_drafts::id.eq(tree),
        tree_drafts::oid.eq(oid),
        tree_drafts::revision_id.eq(revision),
        tree_drafts::created_at.eq(Instant(aborted_before)),
    );
    each!(tx, c => diesel::insert_into(tree_drafts::table).values(draft).execute(c))?;
    Ok(true)
}

/// Why a revision of an aborted snapshot has no nodes any more.
const FORGOTTEN: &str =
    "its snapshot was aborted, and what it had fetched has been collected; visit it again";

const DROP_SOME: &str = "DELETE FROM nodes WHERE tree_id = $1 AND path IN \
    (SELECT path FROM nodes WHERE tree_id = $1 ORDER BY path LIMIT $2)";

/// Drops up to `limit` nodes of a draft that was begun at `begun_before` or earlier and whose revision has ended
/// or is gone; then the draft. `None` when there is no such draft, otherwise the number of nodes.
///
/// # Errors
/// When the database does not answer.
pub fn drop_nodes(tx: &mut Tx, begun_before: Timestamp, limit: u32) -> Result<Option<u64>, StoreError> {
    let abandoned = tree_drafts::table
        .left_join(revisions::table.on(revisions::id.eq(tree_drafts::revision_id)))
        .filter(tree_drafts::created_at.le(Instant(begun_before)))
        .filter(revisions::id.nullable().is_null().or(revisions::ended_at.is_not_null()))
        .order(tree_drafts::id)
        .select(tree_drafts::id)
        .first::<i64>(tx.conn())
        .optional()?;
    let Some(draft) = abandoned else { return Ok(None) };
    let dropped = each!(tx, c => diesel::sql_query(DROP_SOME)
        .bind::<BigInt, _>(draft)
        .bind::<BigInt, _>(i64::from(limit))
        .execute(c))?;
    if dropped < limit as usize {
        crate::folders::doubt_draft(tx, draft)?;
        crate::trees::drop_pages(tx, draft)?;
        diesel::delete(tree_drafts::table.find(draft)).execute(tx.conn())?;
    }
    Ok(Some(dropped as u64))
}
