//! The nodes of a tree again, some hundred to a page, for readers that compare.
//!
//! Where a page ends is decided by its last name alone, so that two trees which differ in a few nodes differ
//! in a few pages; the others have the same digests and need not be read. A page's body is its nodes in the
//! order of their paths, each as: how many bytes its path shares with the one before, how many more it has,
//! those, its mode, the length of its id, its id, its size. Numbers are in LEB128.

use std::mem;

use contracts::Oid;
use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};
use sha2::{Digest, Sha256};

use super::{
    Node,
    nodes::{PAGE, nodes_page},
};
pub(crate) mod taken;

use crate::{
    StoreError, Tx,
    bulk::copy_in,
    schema::tree_pages,
    values::{from_db, to_db},
};

/// One name in so many ends a page; a power of two.
const ONE_IN: u64 = 128;
/// The most nodes of a page.
const MOST: usize = 1_024;
/// Pages that are written at once.
const WRITTEN: usize = 64;
/// Page references that are read at once.
pub(super) const REFERENCES: usize = 2_000;

/// A page without its nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageRef {
    pub(super) seq: i64,
    pub(super) first_path: Vec<u8>,
    pub(super) nodes: u64,
    pub(super) digest: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = tree_pages, treat_none_as_default_value = false)]
struct Row {
    tree_id: i64,
    seq: i64,
    first_path: Vec<u8>,
    nodes: i64,
    digest: Vec<u8>,
    body: Vec<u8>,
}

/// Writes the pages of a tree whose nodes are all there.
pub(super) fn write(tx: &mut Tx, tree: i64) -> Result<(), StoreError> {
    let (mut rows, mut page) = (Vec::new(), Page::default());
    let (mut seq, mut after) = (0, Vec::new());
    loop {
        let nodes = nodes_page(tx, tree, Some(&after), PAGE)?;
        for node in &nodes {
            page.add(node);
            if page.is_full(&node.path) {
                rows.push(mem::take(&mut page).row(tree, seq));
                seq += 1;
            }
        }
        let ended = nodes.len() < PAGE as usize;
        if ended && page.nodes > 0 {
            rows.push(mem::take(&mut page).row(tree, seq));
        }
        if ended || rows.len() >= WRITTEN {
            copy_in!(tx, tree_pages::table, &rows)?;
            rows.clear();
        }
        match nodes.last() {
            Some(last) if !ended => after.clone_from(&last.path),
            _ => return Ok(()),
        }
    }
}

/// Page references of the tree behind `seq`, as many as are read at once.
pub(super) fn references(tx: &mut Tx, tree: i64, after: i64) -> Result<Vec<PageRef>, StoreError> {
    let rows: Vec<(i64, Vec<u8>, i64, Vec<u8>)> = tree_pages::table
        .filter(tree_pages::tree_id.eq(tree))
        .filter(tree_pages::seq.gt(after))
        .order(tree_pages::seq)
        .limit(REFERENCES as i64)
        .select((tree_pages::seq, tree_pages::first_path, tree_pages::nodes, tree_pages::digest))
        .load(tx.conn())?;
    let page = |(seq, first_path, nodes, digest)| PageRef { seq, first_path, nodes: from_db(nodes), digest };
    Ok(rows.into_iter().map(page).collect())
}

/// The bodies of up to `count` pages from `seq` on.
pub(super) fn bodies(
    tx: &mut Tx,
    tree: i64,
    seq: i64,
    count: i64,
) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    Ok(tree_pages::table
        .filter(tree_pages::tree_id.eq(tree))
        .filter(tree_pages::seq.ge(seq))
        .filter(tree_pages::seq.lt(seq + count))
        .order(tree_pages::seq)
        .select((tree_pages::seq, tree_pages::body))
        .load(tx.conn())?)
}

/// A page that is being filled.
#[derive(Default)]
struct Page {
    first: Vec<u8>,
    last: Vec<u8>,
    nodes: usize,
    body: Vec<u8>,
}

impl Page {
    fn add(&mut self, node: &Node) {
        if self.nodes == 0 {
            self.first.clone_from(&node.path);
        }
        let shared = self.last.iter().zip(&node.path).take_while(|(one, other)| one == other).count();
        let rest = node.path.get(shared..).unwrap_or_default();
        number(&mut self.body, shared as u64);
        number(&mut self.body, rest.len() as u64);
        self.body.extend_from_slice(rest);
        number(&mut self.body, node.mode.into());
        let oid = node.oid.as_bytes();
        number(&mut self.body, oid.len() as u64);
        self.body.extend_from_slice(oid);
        number(&mut self.body, node.size);
        self.last.clone_from(&node.path);
        self.nodes += 1;
    }

    fn is_full(&self, last: &[u8]) -> bool {
        // FNV-1a: well spread, and the same for ever.
        let hash = last.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (hash >> 32) & (ONE_IN - 1) == 0 || self.nodes == MOST
    }

    fn row(self, tree_id: i64, seq: i64) -> Row {
        let digest = Sha256::digest(&self.body).to_vec();
        let nodes = to_db(self.nodes as u64);
        Row { tree_id, seq, first_path: self.first, nodes, digest, body: self.body }
    }
}

/// The nodes of a page's body.
pub(super) fn decode(tree: i64, body: &[u8]) -> Result<Vec<Node>, StoreError> {
    let mut nodes = Vec::with_capacity(ONE_IN as usize);
    let mut rest = Bytes(body);
    let mut path: Vec<u8> = Vec::new();
    while !rest.0.is_empty() {
        let node = (|| {
            path.truncate(rest.length()?);
            let more = rest.length()?;
            path.extend_from_slice(rest.take(more)?);
            let mode = u32::try_from(rest.number()?).ok()?;
            let length = rest.length()?;
            let oid = Oid::from_bytes(rest.take(length)?).ok()?;
            Some(Node { path: path.clone(), mode, oid, size: rest.number()? })
        })();
        nodes.push(node.ok_or_else(|| StoreError::Corrupt(format!("a broken page of tree {tree}")))?);
    }
    Ok(nodes)
}

struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }
}

fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nodes() -> impl Strategy<Value = Vec<Node>> {
        let node = (prop::collection::vec(1_u8..=255, 1..40), any::<u32>(), any::<[u8; 20]>(), any::<u64>());
        prop::collection::vec(node, 0..50).prop_map(|rows| {
            let mut nodes: Vec<Node> = rows
                .into_iter()
                .map(|(path, mode, oid, size)| Node { path, mode, oid: Oid::from(oid), size })
                .collect();
            nodes.sort_by(|one, other| one.path.cmp(&other.path));
            nodes.dedup_by(|one, other| one.path == other.path);
            nodes
        })
    }

    proptest! {
        #[test]
        fn what_is_put_into_a_page_comes_out_of_it(nodes in nodes()) {
            let mut page = Page::default();
            nodes.iter().for_each(|node| page.add(node));
            prop_assert_eq!(decode(1, &page.body).unwrap(), nodes);
        }

        #[test]
        fn a_broken_page_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            // Whatever the bytes are, there is an answer.
            drop(decode(1, &bytes));
        }
    }

    #[test]
    fn a_page_that_ends_early_is_told() {
        let mut page = Page::default();
        page.add(&Node { path: b"a".to_vec(), mode: 0o100_644, oid: Oid::from([1; 20]), size: 300 });
        page.body.pop();
        assert!(decode(7, &page.body).unwrap_err().to_string().contains("tree 7"));
    }
}
