//! What a stock holds of a repository that keeps nothing and a stock that keeps everything.

use std::collections::HashSet;

use contracts::{Oid, RevisionId};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::{
    StoreError, Tx,
    trees::{self, Change, Comparison, Node, Tree},
};

/// Nodes that are written at once.
const WRITTEN: usize = 4_000;

/// The tree of everything that is in either of two trees; where names meet the new one wins. It is a tree like any
/// other, made for this revision, but its id is no git id: it is the SHA-256 of its nodes. The same two trees make
/// the same one, once.
///
/// # Errors
/// When the database does not answer.
pub fn union(
    tx: &mut Tx,
    (old, new): (i64, i64),
    revision: RevisionId,
    now: Timestamp,
) -> Result<Tree, StoreError> {
    let mut digest = Sha256::new();
    digest.update("nodes of two trees");
    let (mut nodes, mut bytes) = (0, 0);
    let mut contents = HashSet::new();
    each(tx, old, new, |_, node| {
        let (mode, size) = (node.mode.to_le_bytes(), node.size.to_le_bytes());
        for field in [node.path.as_slice(), &mode, node.oid.as_bytes(), &size] {
            digest.update((field.len() as u64).to_le_bytes());
            digest.update(field);
        }
        nodes += 1;
        bytes += node.size;
        contents.insert(node.oid);
        Ok(())
    })?;
    let oid = Oid::from_bytes(&digest.finalize())
        .map_err(|error| StoreError::Corrupt(format!("a digest that is no id: {error}")))?;
    if let Some(tree) = trees::find(tx, &oid)? {
        return Ok(tree);
    }
    let contents = contents.len() as u64;
    let draft = trees::begin(tx, &oid, revision, now)?;
    let mut waiting = Vec::new();
    each(tx, old, new, |tx, node| {
        waiting.push(node);
        if waiting.len() == WRITTEN {
            trees::insert_nodes(tx, draft, &waiting)?;
            waiting.clear();
        }
        Ok(())
    })?;
    trees::insert_nodes(tx, draft, &waiting)?;
    trees::complete(tx, draft, nodes, bytes, contents)
}

fn each(
    tx: &mut Tx,
    old: i64,
    new: i64,
    mut visit: impl FnMut(&mut Tx, Node) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut comparison = Comparison::new(Some(old), Some(new), true);
    while let Some(change) = comparison.next(tx)? {
        match change {
            Change::New(node)
            | Change::Removed(node)
            | Change::Same(node)
            | Change::Modified { new: node, .. }
            | Change::Mode { new: node, .. } => visit(tx, node)?,
            Change::Unchanged(_) => {}
        }
    }
    Ok(())
}
