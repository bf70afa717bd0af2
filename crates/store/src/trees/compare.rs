//! What one tree would change in another.

use std::{
    cmp::Ordering,
    collections::{HashMap, VecDeque},
    vec,
};

use super::{
    Node,
    ahead::{Ahead, Given},
    nodes::{PAGE, nodes_page},
    pages::{self, PageRef},
};
use crate::{StoreError, Tx};

/// Pages that are read ahead of a reader that goes through them one after the other.
const AHEAD: i64 = 32;

/// What becomes of one path.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Only the new tree has it.
    New(Node),
    /// Both have it, with another content.
    Modified {
        /// As the old tree has it.
        old: Node,
        /// As the new tree has it.
        new: Node,
    },
    /// Both have it with the same content, in another mode.
    Mode {
        /// As the old tree has it.
        old: Node,
        /// As the new tree has it.
        new: Node,
    },
    /// Only the old tree has it.
    Removed(Node),
    /// Both have it, just so.
    Same(Node),
    /// Both have so many nodes just so, which were not looked at.
    Unchanged(u64),
}

/// Goes through two trees by path. Where both have the same pages, these are known by their digests and not
/// read. Holds a bounded part of each tree in memory. It may be used in one transaction after another: a
/// complete tree does not change.
pub struct Comparison {
    old: Side,
    new: Side,
    every_node: bool,
}

impl Comparison {
    /// Of two trees; `None` is a tree without nodes. With `every_node` there is a [`Change::Same`] for each
    /// node that is the same, and no [`Change::Unchanged`].
    pub fn new(old: Option<i64>, new: Option<i64>, every_node: bool) -> Self {
        Self::behind(old, new, every_node, Vec::new())
    }

    /// As [`Self::new`], for the paths behind `path`.
    pub fn behind(old: Option<i64>, new: Option<i64>, every_node: bool, path: Vec<u8>) -> Self {
        Self { old: Side::new(old, path.clone()), new: Side::new(new, path), every_node }
    }

    /// With what was read ahead of its trees. Only before the first [`Self::next`].
    pub(crate) fn given(mut self, ahead: &mut Ahead) -> Self {
        self.old.given(ahead);
        self.new.given(ahead);
        self
    }

    /// What becomes of the next path, or of the next ones; none when there are no more.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn next(&mut self, tx: &mut Tx) -> Result<Option<Change>, StoreError> {
        self.old.ready(tx)?;
        self.new.ready(tx)?;
        if !self.every_node
            && let (Some(old), Some(new)) = (self.old.page(), self.new.page())
            && old.digest == new.digest
        {
            let nodes = new.nodes;
            self.old.skip();
            self.new.skip();
            return Ok(Some(Change::Unchanged(nodes)));
        }
        let order = match (self.old.path(), self.new.path()) {
            (None, None) => return Ok(None),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.cmp(new),
        };
        let old = if order.is_le() { self.old.take(tx)? } else { None };
        let new = if order.is_ge() { self.new.take(tx)? } else { None };
        Ok(match (old, new) {
            (Some(old), Some(new)) if old.oid != new.oid => Some(Change::Modified { old, new }),
            (Some(old), Some(new)) if old.mode != new.mode => Some(Change::Mode { old, new }),
            (Some(_), Some(new)) => Some(Change::Same(new)),
            (Some(old), None) => Some(Change::Removed(old)),
            (None, Some(new)) => Some(Change::New(new)),
            (None, None) => None,
        })
    }
}

/// Calls `visit` for what becomes of each path of two trees, by path. `None` is a tree without nodes.
///
/// # Errors
/// What `visit` fails with; when the database does not answer.
pub fn compare<E: From<StoreError>>(
    tx: &mut Tx,
    old: Option<i64>,
    new: Option<i64>,
    mut visit: impl FnMut(Change) -> Result<(), E>,
) -> Result<(), E> {
    let mut comparison = Comparison::new(old, new, false);
    while let Some(change) = comparison.next(tx)? {
        visit(change)?;
    }
    Ok(())
}

/// Reads the nodes of a tree one by one, or leaves out a page at a time.
struct Side {
    tree: Option<i64>,
    /// Whether there are pages, as far as is known.
    paged: bool,
    /// Pages that are to be read, in order.
    pages: VecDeque<PageRef>,
    last_seq: i64,
    /// Whether `pages` are the last of the tree.
    all_known: bool,
    /// Bodies that were read ahead.
    bodies: VecDeque<(i64, Vec<u8>)>,
    /// Bodies that were read together with those of other trees.
    given: HashMap<i64, Vec<u8>>,
    /// The page behind the one that was read last.
    expected: i64,
    ahead: i64,
    /// The nodes of the page at hand.
    nodes: vec::IntoIter<Node>,
    next: Option<Node>,
    /// Only paths behind this one are wanted.
    behind: Vec<u8>,
}

impl Side {
    fn new(tree: Option<i64>, behind: Vec<u8>) -> Self {
        Self {
            tree,
            paged: false,
            pages: VecDeque::new(),
            last_seq: -1,
            all_known: false,
            bodies: VecDeque::new(),
            given: HashMap::new(),
            expected: -1,
            ahead: 1,
            nodes: Vec::new().into_iter(),
            next: None,
            behind,
        }
    }

    fn given(&mut self, ahead: &mut Ahead) {
        let Some(Given { pages, bodies }) = self.tree.and_then(|tree| ahead.take(tree)) else { return };
        self.all_known = true;
        self.paged = true;
        self.pages = pages.into();
        self.given = bodies;
        self.drop_passed();
    }

    /// Makes sure that [`Self::page`] or [`Self::path`] answer, unless the tree is at its end.
    fn ready(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let Some(tree) = self.tree else { return Ok(()) };
        while self.next.is_none() {
            if let Some(node) = self.nodes.next() {
                self.next = Some(node);
                return Ok(());
            }
            if self.pages.is_empty() && !self.all_known {
                let found = pages::references(tx, tree, self.last_seq)?;
                self.all_known = found.len() < pages::REFERENCES;
                // A tree that was written before there were pages has none, nor has an empty one.
                self.paged = self.paged || !found.is_empty();
                self.last_seq = found.last().map_or(self.last_seq, |last| last.seq);
                self.pages.extend(found);
                self.drop_passed();
            }
            if !self.paged {
                return self.read_nodes(tx, tree);
            }
            match self.pages.front() {
                // The page holds the place from which on nodes are wanted, or may do so.
                Some(page) if page.first_path <= self.behind => self.read_page(tx, tree)?,
                Some(_) => return Ok(()),
                None if self.all_known => {
                    self.tree = None;
                    return Ok(());
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Leaves out the pages whose nodes are all before those that are wanted.
    fn drop_passed(&mut self) {
        while self.pages.get(1).is_some_and(|second| second.first_path <= self.behind) {
            self.pages.pop_front();
        }
    }

    /// The nodes of a tree that has no pages, from the table.
    fn read_nodes(&mut self, tx: &mut Tx, tree: i64) -> Result<(), StoreError> {
        let page = nodes_page(tx, tree, Some(&self.behind), PAGE)?;
        match page.last() {
            Some(last) => self.behind.clone_from(&last.path),
            None => self.tree = None,
        }
        self.nodes = page.into_iter();
        self.next = self.nodes.next();
        Ok(())
    }

    /// The page that comes next, when none of its nodes was taken.
    fn page(&self) -> Option<&PageRef> {
        if self.next.is_some() { None } else { self.pages.front() }
    }

    fn skip(&mut self) {
        self.pages.pop_front();
    }

    /// The next path.
    fn path(&self) -> Option<&[u8]> {
        match &self.next {
            Some(node) => Some(&node.path),
            None => self.pages.front().map(|page| page.first_path.as_slice()),
        }
    }

    fn take(&mut self, tx: &mut Tx) -> Result<Option<Node>, StoreError> {
        if self.next.is_none()
            && let Some(tree) = self.tree.filter(|_| !self.pages.is_empty())
        {
            self.read_page(tx, tree)?;
        }
        let node = self.next.take();
        self.next = self.nodes.next();
        Ok(node)
    }

    /// Reads the page that comes next. Whoever reads one page after the other is given more at once.
    fn read_page(&mut self, tx: &mut Tx, tree: i64) -> Result<(), StoreError> {
        let Some(page) = self.pages.pop_front() else { return Ok(()) };
        let body = match self.given.remove(&page.seq) {
            Some(body) => body,
            None => self.read_body(tx, tree, page.seq)?,
        };
        let mut nodes = pages::decode(tree, &body)?;
        if page.first_path <= self.behind {
            nodes.retain(|node| node.path > self.behind);
        }
        self.nodes = nodes.into_iter();
        self.next = self.nodes.next();
        Ok(())
    }

    fn read_body(&mut self, tx: &mut Tx, tree: i64, seq: i64) -> Result<Vec<u8>, StoreError> {
        self.ahead = if seq == self.expected { (self.ahead * 2).min(AHEAD) } else { 1 };
        self.expected = seq + 1;
        while self.bodies.front().is_some_and(|(first, _)| *first < seq) {
            self.bodies.pop_front();
        }
        if self.bodies.front().is_none_or(|(first, _)| *first != seq) {
            self.bodies = pages::bodies(tx, tree, seq, self.ahead)?.into();
        }
        let body = self.bodies.pop_front().filter(|(first, _)| *first == seq).map(|(_, body)| body);
        body.ok_or_else(|| StoreError::Corrupt(format!("tree {tree} without its page {seq}")))
    }
}
