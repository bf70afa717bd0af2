//! Trees and their nodes.
//!
//! A tree is written as a draft, in as many transactions as it takes, and exists once it is complete.
//! Two visits may write the same tree at once without waiting for each other: the first to complete
//! wins and the other's nodes are dropped. A complete tree never changes, so it may be read page by
//! page in one transaction or in many.

use contracts::{Oid, RevisionId};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::{
    StoreError, Tx,
    connection::AnyConnection,
    schema::{tree_summaries, trees},
    types::Hash,
    values::from_db,
};

mod ahead;
mod compare;
mod nodes;
mod pages;
mod stocked;
mod takeover;
mod write;

pub(crate) use ahead::Ahead;
pub(crate) use nodes::PAGE;

pub(crate) use pages::taken::drop_pages;

pub use compare::{Change, Comparison, compare};
pub use nodes::{TreeContent, contents_page, for_each_node, nodes_of_content, nodes_page};
pub use stocked::stocked;
pub use takeover::{Gone, Totals, insert_gone, take_over};
pub use write::{begin, complete, insert_nodes, purge_drafts};

/// A complete tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tree {
    /// Which one.
    pub id: i64,
    /// Git's id of it.
    pub oid: Oid,
    /// How many nodes it has.
    pub nodes: u64,
    /// Bytes of all nodes.
    pub bytes: u64,
    /// How many distinct contents its nodes have.
    pub contents: u64,
}

/// One named file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its path from the root of the tree, any bytes but zero.
    pub path: Vec<u8>,
    /// Its mode as git has it, for instance `0o100644`.
    pub mode: u32,
    /// Git's id of its content.
    pub oid: Oid,
    /// The content's size in bytes.
    pub size: u64,
}

type Row = (i64, Hash, i64, i64, i64);

impl From<Row> for Tree {
    fn from((id, oid, nodes, bytes, contents): Row) -> Self {
        Self {
            id,
            oid: oid.into(),
            nodes: from_db(nodes),
            bytes: from_db(bytes),
            contents: from_db(contents),
        }
    }
}

/// The complete tree with this git id.
///
/// # Errors
/// When the database does not answer.
pub fn find(tx: &mut Tx, oid: &Oid) -> Result<Option<Tree>, StoreError> {
    let row = trees::table.filter(trees::oid.eq(Hash(*oid))).first::<Row>(tx.conn()).optional()?;
    Ok(row.map(Tree::from))
}

/// The complete tree with this id, which nobody can forget until this transaction ends. Whoever is about to
/// refer to a tree that was there before takes it in hand so.
///
/// # Errors
/// [`StoreError::Conflict`] when it was forgotten in the meantime: look again what is known. When the database
/// does not answer.
pub fn hold(tx: &mut Tx, id: i64) -> Result<Tree, StoreError> {
    let query = trees::table.find(id);
    let row = match tx.conn() {
        AnyConnection::Postgres(conn) => query.for_key_share().first::<Row>(conn).optional()?,
        AnyConnection::Sqlite(conn) => query.first::<Row>(conn).optional()?,
    };
    row.map(Tree::from).ok_or_else(|| StoreError::Conflict(format!("tree {id} is no longer there")))
}

/// The complete tree with this id.
///
/// # Errors
/// When the database does not answer.
pub fn get(tx: &mut Tx, id: i64) -> Result<Option<Tree>, StoreError> {
    Ok(trees::table.find(id).first::<Row>(tx.conn()).optional()?.map(Tree::from))
}

/// The summary of the tree that was made with these versions of the analyzers.
///
/// # Errors
/// When the database does not answer.
pub fn summary(tx: &mut Tx, tree: i64, fingerprint: &str) -> Result<Option<String>, StoreError> {
    Ok(tree_summaries::table
        .find((tree, fingerprint))
        .select(tree_summaries::summary)
        .first(tx.conn())
        .optional()?)
}

/// Keeps a summary of the tree, JSON. It is a cache: a later one takes its place.
///
/// # Errors
/// When the database does not answer.
pub fn put_summary(tx: &mut Tx, tree: i64, fingerprint: &str, summary: &str) -> Result<(), StoreError> {
    if self::summary(tx, tree, fingerprint)?.as_deref() == Some(summary) {
        return Ok(());
    }
    let row = (
        tree_summaries::tree_id.eq(tree),
        tree_summaries::fingerprint.eq(fingerprint),
        tree_summaries::summary.eq(summary),
    );
    crate::connection::each!(tx, c => diesel::insert_into(tree_summaries::table)
        .values(row)
        .on_conflict((tree_summaries::tree_id, tree_summaries::fingerprint))
        .do_update()
        .set(tree_summaries::summary.eq(summary))
        .execute(c))?;
    Ok(())
}

/// Whether somebody has seen that every content of the tree is analysed by the analyzers that `fingerprint`
/// names. Results are replaced but never taken away, so it stays true.
///
/// # Errors
/// When the database does not answer.
pub fn is_analyzed(tx: &mut Tx, tree: i64, fingerprint: &str) -> Result<bool, StoreError> {
    Ok(summary(tx, tree, &analyzed_by(fingerprint))?.is_some())
}

/// Notes what [`is_analyzed`] asks, for whoever has looked at every content of the tree.
///
/// # Errors
/// When the database does not answer.
pub fn mark_analyzed(tx: &mut Tx, tree: i64, fingerprint: &str) -> Result<(), StoreError> {
    put_summary(tx, tree, &analyzed_by(fingerprint), "true")
}

/// The name under which the mark stands beside the tree's summaries.
fn analyzed_by(fingerprint: &str) -> String {
    format!("analyzed {fingerprint}")
}

/// The revision whose batches hold every content of the tree that the analyzers which `fingerprint` names
/// had not seen: once it is analysed, so is the tree.
///
/// # Errors
/// When the database does not answer.
pub fn offered_in(tx: &mut Tx, tree: i64, fingerprint: &str) -> Result<Option<RevisionId>, StoreError> {
    Ok(summary(tx, tree, &offered_by(fingerprint))?.and_then(|id| id.parse().ok()))
}

/// Notes what [`offered_in`] asks.
///
/// # Errors
/// When the database does not answer.
pub fn mark_offered(
    tx: &mut Tx,
    tree: i64,
    fingerprint: &str,
    revision: RevisionId,
) -> Result<(), StoreError> {
    put_summary(tx, tree, &offered_by(fingerprint), &revision.to_string())
}

fn offered_by(fingerprint: &str) -> String {
    format!("offered {fingerprint}")
}
