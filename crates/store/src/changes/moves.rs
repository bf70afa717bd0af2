//! Which names of a repository took the place of which others.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use contracts::Oid;

use crate::{
    StoreError, Tx,
    trees::{Change, Comparison, Node},
};

/// The most names of one repository that are looked at for moves, of each side. What is beyond is told as new
/// and removed.
const MOST: usize = 250_000;

/// Moves within one repository. The first name that is gone with a content is taken to be the first new one
/// with it, and so on. Empty files are all alike and none of them moves.
#[derive(Debug, Default)]
pub(super) struct Moves {
    old_path: HashMap<Vec<u8>, Arc<[u8]>>,
    gone: HashSet<Arc<[u8]>>,
}

impl Moves {
    /// Looks for moves between two trees.
    pub(super) fn find(tx: &mut Tx, old: Option<i64>, new: Option<i64>) -> Result<Self, StoreError> {
        if old.is_none() || new.is_none() {
            return Ok(Self::default());
        }
        let mut short_of = Sides::default();
        each(tx, old, new, |is_new, node| short_of.add(is_new, &node.oid))?;
        let both = short_of.both();
        if both.is_empty() {
            return Ok(Self::default());
        }
        let (mut gone, mut came) = (Names::default(), Names::default());
        each(tx, old, new, |is_new, node| {
            if both.binary_search(&short(&node.oid)).is_ok() {
                (if is_new { &mut came } else { &mut gone }).add(node);
            }
        })?;
        Ok(Self::pair(gone, came))
    }

    /// Looks for moves among all changes of two trees.
    pub(super) fn among(changes: &[Change]) -> Self {
        let nodes = || {
            changes.iter().filter_map(|change| match change {
                Change::New(node) if node.size > 0 => Some((true, node)),
                Change::Removed(node) if node.size > 0 => Some((false, node)),
                _ => None,
            })
        };
        let mut short_of = Sides::default();
        nodes().for_each(|(is_new, node)| short_of.add(is_new, &node.oid));
        let both = short_of.both();
        if both.is_empty() {
            return Self::default();
        }
        let (mut gone, mut came) = (Names::default(), Names::default());
        for (is_new, node) in nodes() {
            if both.binary_search(&short(&node.oid)).is_ok() {
                (if is_new { &mut came } else { &mut gone }).add(node.clone());
            }
        }
        Self::pair(gone, came)
    }

    fn pair(mut gone: Names, came: Names) -> Self {
        let mut moves = Self::default();
        for (oid, paths) in came.of_content {
            for (new, old) in paths.into_iter().zip(gone.of_content.remove(&oid).unwrap_or_default()) {
                let old: Arc<[u8]> = old.into();
                moves.old_path.insert(new, old.clone());
                moves.gone.insert(old);
            }
        }
        moves
    }

    /// The name that a new node had.
    pub(super) fn old_path(&self, path: &[u8]) -> Option<&[u8]> {
        self.old_path.get(path).map(AsRef::as_ref)
    }

    /// Whether the node that is gone has another name now.
    pub(super) fn is_moved_away(&self, path: &[u8]) -> bool {
        self.gone.contains(path)
    }
}

#[derive(Default)]
struct Names {
    of_content: HashMap<Oid, Vec<Vec<u8>>>,
    count: usize,
}

impl Names {
    fn add(&mut self, node: Node) {
        if self.count < MOST {
            self.count += 1;
            self.of_content.entry(node.oid).or_default().push(node.path);
        }
    }
}

/// Eight bytes of an id: enough to leave out nearly everything that did not move.
fn short(oid: &Oid) -> u64 {
    oid.as_bytes().iter().take(8).fold(0, |short, byte| short << 8 | u64::from(*byte))
}

/// The short ids of contents that went and came.
#[derive(Default)]
struct Sides {
    gone: Vec<u64>,
    came: Vec<u64>,
}

impl Sides {
    fn add(&mut self, is_new: bool, oid: &Oid) {
        (if is_new { &mut self.came } else { &mut self.gone }).push(short(oid));
    }

    /// Those that did both, sorted.
    fn both(mut self) -> Vec<u64> {
        if self.gone.is_empty() {
            return Vec::new();
        }
        self.gone.sort_unstable();
        self.came.sort_unstable();
        self.came.dedup();
        self.came.retain(|short| self.gone.binary_search(short).is_ok());
        self.came
    }
}

/// Calls `visit` for each node that came (true) or went (false), by path.
fn each(
    tx: &mut Tx,
    old: Option<i64>,
    new: Option<i64>,
    mut visit: impl FnMut(bool, Node),
) -> Result<(), StoreError> {
    let mut comparison = Comparison::new(old, new, false);
    while let Some(change) = comparison.next(tx)? {
        match change {
            Change::New(node) if node.size > 0 => visit(true, node),
            Change::Removed(node) if node.size > 0 => visit(false, node),
            _ => {}
        }
    }
    Ok(())
}
