//! How nodes are read: page by page in the order of their paths' bytes, the same on both databases.

use contracts::Oid;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl, Queryable,
    RunQueryDsl, Selectable, SelectableHelper,
};

use super::Node;
use crate::{
    StoreError, Tx,
    contents::ContentState,
    schema::{contents, nodes},
    types::Hash,
    values::from_db,
};

/// Nodes that are read at once when a whole tree is.
pub(crate) const PAGE: u32 = 4_000;

/// A node, and what is known of its content.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeContent {
    /// The node.
    pub node: Node,
    /// Its content's id and state; none for a node without bytes of its own, for instance a submodule.
    pub content: Option<(i64, ContentState)>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = nodes)]
struct Row {
    path: Vec<u8>,
    mode: i32,
    oid: Hash,
    size: i64,
}

impl From<Row> for Node {
    fn from(row: Row) -> Self {
        Self { path: row.path, mode: row.mode.unsigned_abs(), oid: row.oid.into(), size: from_db(row.size) }
    }
}

/// Up to `limit` nodes of the tree by path, those behind `after`.
///
/// # Errors
/// When the database does not answer.
pub fn nodes_page(tx: &mut Tx, tree: i64, after: Option<&[u8]>, limit: u32) -> Result<Vec<Node>, StoreError> {
    // No path is empty, so every path is behind the empty one.
    let rows = nodes::table
        .filter(nodes::tree_id.eq(tree))
        .filter(nodes::path.gt(after.unwrap_or_default()))
        .order(nodes::path)
        .limit(limit.into())
        .select(Row::as_select())
        .load(tx.conn())?;
    Ok(rows.into_iter().map(Node::from).collect())
}

/// Up to `limit` nodes of the tree by path, from `start` on, behind `after`, and before `end`.
pub(super) fn nodes_between(
    tx: &mut Tx,
    tree: i64,
    (start, after): (&[u8], Option<&[u8]>),
    end: Option<&[u8]>,
    limit: u32,
) -> Result<Vec<Node>, StoreError> {
    let mut query = nodes::table
        .filter(nodes::tree_id.eq(tree))
        .filter(nodes::path.ge(start.to_vec()))
        .order(nodes::path)
        .limit(limit.into())
        .select(Row::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(nodes::path.gt(after.to_vec()));
    }
    if let Some(end) = end {
        query = query.filter(nodes::path.lt(end.to_vec()));
    }
    let rows: Vec<Row> = query.load(tx.conn())?;
    Ok(rows.into_iter().map(Node::from).collect())
}

/// Calls `visit` for each node of the tree by path. Holds one page in memory.
///
/// # Errors
/// What `visit` fails with; when the database does not answer.
pub fn for_each_node<E: From<StoreError>>(
    tx: &mut Tx,
    tree: i64,
    mut visit: impl FnMut(Node) -> Result<(), E>,
) -> Result<(), E> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = nodes_page(tx, tree, after.as_deref(), PAGE)?;
        let full = page.len() == PAGE as usize;
        after = page.last().map(|node| node.path.clone());
        page.into_iter().try_for_each(&mut visit)?;
        if !full {
            return Ok(());
        }
    }
}

/// Up to `limit` nodes of the tree by path, those behind `after`, each with what is known of its
/// content.
///
/// # Errors
/// When the database does not answer.
pub fn contents_page(
    tx: &mut Tx,
    tree: i64,
    after: Option<&[u8]>,
    limit: u32,
) -> Result<Vec<TreeContent>, StoreError> {
    let rows: Vec<(Row, Option<i64>, Option<String>)> = nodes::table
        .left_join(contents::table.on(contents::oid.eq(nodes::oid)))
        .filter(nodes::tree_id.eq(tree))
        .filter(nodes::path.gt(after.unwrap_or_default()))
        .order(nodes::path)
        .limit(limit.into())
        .select((Row::as_select(), contents::id.nullable(), contents::state.nullable()))
        .load(tx.conn())?;
    let known = |(row, id, state): (Row, Option<i64>, Option<String>)| {
        let content = match (id, state) {
            (Some(id), Some(state)) => Some((id, ContentState::stored(&state)?)),
            _ => None,
        };
        Ok(TreeContent { node: row.into(), content })
    };
    rows.into_iter().map(known).collect()
}

/// Up to `limit` names of a content, as tree and path, by tree and path, those behind `after`. Drafts
/// are left out.
///
/// # Errors
/// When the database does not answer.
pub fn nodes_of_content(
    tx: &mut Tx,
    oid: &Oid,
    after: Option<(i64, &[u8])>,
    limit: u32,
) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    use crate::schema::trees;
    let (tree, path) = after.unwrap_or_default();
    let behind = nodes::tree_id.gt(tree).or(nodes::tree_id.eq(tree).and(nodes::path.gt(path)));
    Ok(nodes::table
        .inner_join(trees::table.on(trees::id.eq(nodes::tree_id)))
        .filter(nodes::oid.eq(Hash(*oid)))
        .filter(behind)
        .order((nodes::tree_id, nodes::path))
        .limit(limit.into())
        .select((nodes::tree_id, nodes::path))
        .load(tx.conn())?)
}
