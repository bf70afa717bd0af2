//! How a tree is written.

use contracts::{Oid, RevisionId};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, Insertable, JoinOnDsl, NullableExpressionMethods,
    OptionalExtension, QueryDsl, RunQueryDsl,
};
use jiff::Timestamp;

use super::{Node, Tree};
use crate::{
    StoreError, Tx,
    bulk::copy_in,
    connection::each,
    schema::{nodes, revisions, tree_drafts, trees},
    types::{Hash, Id, Instant},
    values::to_db,
};

/// Begins to write a tree for this revision and returns the draft. Earlier drafts of the revision, left
/// by an attempt that came to nothing, are dropped with their nodes.
///
/// # Errors
/// When the database does not answer.
pub fn begin(tx: &mut Tx, oid: &Oid, revision: RevisionId, now: Timestamp) -> Result<i64, StoreError> {
    let earlier = tree_drafts::table
        .filter(tree_drafts::revision_id.eq(Id::from(revision)))
        .select(tree_drafts::id)
        .load::<i64>(tx.conn())?;
    drop_drafts(tx, &earlier)?;
    let row = (
        tree_drafts::oid.eq(Hash(*oid)),
        tree_drafts::revision_id.eq(Id::from(revision)),
        tree_drafts::created_at.eq(Instant(now)),
    );
    let draft = each!(tx, c => diesel::insert_into(tree_drafts::table)
        .values(row)
        .returning(tree_drafts::id)
        .get_result(c))?;
    Ok(draft)
}

#[derive(Insertable)]
#[diesel(table_name = nodes, treat_none_as_default_value = false)]
struct NodeRow<'a> {
    tree_id: i64,
    path: &'a [u8],
    mode: i32,
    oid: Hash,
    size: i64,
}

/// Adds nodes to a draft, in any order, each path once.
///
/// # Errors
/// [`StoreError::Invalid`] for a mode that is none; [`contracts::ErrorKind::Conflict`] for a path that
/// is there already; when the database does not answer.
pub fn insert_nodes(tx: &mut Tx, draft: i64, nodes: &[Node]) -> Result<(), StoreError> {
    let rows = nodes.iter().map(|node| row(draft, node)).collect::<Result<Vec<_>, _>>()?;
    copy_in!(tx, nodes::table, &rows)?;
    Ok(())
}

fn row(tree_id: i64, node: &Node) -> Result<NodeRow<'_>, StoreError> {
    let mode = i32::try_from(node.mode).map_err(|error| {
        StoreError::Invalid(format!("no mode of {:?}: {error}", String::from_utf8_lossy(&node.path)))
    })?;
    Ok(NodeRow { tree_id, path: &node.path, mode, oid: Hash(node.oid), size: to_db(node.size) })
}

/// Makes the draft a tree, with these totals. When another visit has completed the same tree in the
/// meantime, this draft's nodes are dropped and the other's tree is returned: go on with the returned
/// id, whichever it is.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such draft; when the database does not answer.
pub fn complete(tx: &mut Tx, draft: i64, nodes: u64, bytes: u64, contents: u64) -> Result<Tree, StoreError> {
    let oid: Hash = tree_drafts::table
        .find(draft)
        .select(tree_drafts::oid)
        .first(tx.conn())
        .optional()?
        .ok_or_else(|| StoreError::NotFound(format!("no tree is being written as {draft}")))?;
    let row = (
        trees::id.eq(draft),
        trees::oid.eq(oid),
        trees::nodes.eq(to_db(nodes)),
        trees::bytes.eq(to_db(bytes)),
        trees::contents.eq(to_db(contents)),
    );
    // Waits for another that completes the same tree just now.
    let won = each!(tx, c => diesel::insert_into(trees::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if won > 0 {
        if !super::pages::taken::are_written(tx, draft)? {
            super::pages::write(tx, draft)?;
        }
        diesel::delete(tree_drafts::table.find(draft)).execute(tx.conn())?;
    } else {
        drop_drafts(tx, &[draft])?;
    }
    super::find(tx, &oid.0)?.ok_or_else(|| StoreError::NotFound(format!("no complete tree {}", oid.0)))
}

/// Drops drafts that were begun before `created_before` and whose revision has ended or is gone, up to
/// `limit` of them. Returns how many.
///
/// # Errors
/// When the database does not answer.
pub fn purge_drafts(tx: &mut Tx, created_before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let abandoned = tree_drafts::table
        .left_join(revisions::table.on(revisions::id.eq(tree_drafts::revision_id)))
        .filter(tree_drafts::created_at.lt(Instant(created_before)))
        .filter(revisions::id.nullable().is_null().or(revisions::ended_at.is_not_null()))
        .order(tree_drafts::id)
        .limit(limit.into())
        .select(tree_drafts::id)
        .load::<i64>(tx.conn())?;
    drop_drafts(tx, &abandoned)?;
    Ok(abandoned.len() as u64)
}

fn drop_drafts(tx: &mut Tx, drafts: &[i64]) -> Result<(), StoreError> {
    for draft in drafts {
        crate::folders::doubt_draft(tx, *draft)?;
        super::pages::taken::drop_pages(tx, *draft)?;
        diesel::delete(nodes::table.filter(nodes::tree_id.eq(draft))).execute(tx.conn())?;
        diesel::delete(tree_drafts::table.find(draft)).execute(tx.conn())?;
    }
    Ok(())
}
