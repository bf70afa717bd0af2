//! The changes of one repository.

use std::{
    collections::{HashMap, VecDeque},
    vec,
};

use contracts::Facts;

use super::{ChangeKind, ChangeRow, Options, Pair, Side, moves::Moves};
use crate::{
    StoreError, Tx,
    audits::AuditCounts,
    facts::{self, Analyzers, Named},
    trees::{Ahead, Change, Comparison, Node},
};

/// The most rows that are read at once.
const AT_ONCE: usize = 4_000;
/// The most changes of one repository that are held, to look for moves among them; of more the trees are read again.
const HELD: usize = 20_000;
/// Changes that readers which are opened together hold.
const HELD_TOGETHER: usize = 60_000;

/// Reads the changes of one repository, in order.
pub struct PartReader {
    pair: Pair,
    comparison: Comparison,
    /// All changes, when they are few; then there is nothing in the comparison.
    held: Option<vec::IntoIter<Change>>,
    moves: Moves,
    counts: AuditCounts,
    ended: bool,
}

impl PartReader {
    /// The most repositories whose readers are opened together.
    pub const TOGETHER: usize = 64;

    /// Of this pair of trees, behind this path. Looks for moves first, which reads both trees once more where
    /// they differ in very much.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn open(tx: &mut Tx, pair: Pair, after: Option<Vec<u8>>) -> Result<Self, StoreError> {
        let Some(after) = after else { return Self::whole(tx, pair, &mut Ahead::default()) };
        let wants_moves = !pair.keep && !pair.no_moves;
        let moves = if wants_moves { Moves::find(tx, pair.old, pair.new)? } else { Moves::default() };
        let comparison = Comparison::behind(pair.old, pair.new, pair.analyses_differ(), after);
        Ok(Self { pair, comparison, held: None, moves, counts: AuditCounts::default(), ended: false })
    }

    /// Of the first of these pairs, each from its beginning: what they read is asked for together. As many as can be
    /// held at once, at least one and at most [`Self::TOGETHER`] and `most`; they are taken out of `pairs`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn open_first(tx: &mut Tx, pairs: &mut VecDeque<Pair>, most: usize) -> Result<Vec<Self>, StoreError> {
        let first = pairs.iter().take(most.clamp(1, Self::TOGETHER));
        let trees: Vec<_> = first.map(|pair| (pair.old, pair.new)).collect();
        let mut ahead = if trees.len() > 1 { Ahead::read(tx, &trees)? } else { Ahead::default() };
        let (mut readers, mut held) = (Vec::with_capacity(trees.len()), 0);
        while readers.len() < trees.len() && held < HELD_TOGETHER {
            let Some(pair) = pairs.pop_front() else { break };
            let reader = Self::whole(tx, pair, &mut ahead)?;
            held += reader.held.as_ref().map_or(0, |changes| changes.len());
            readers.push(reader);
        }
        Ok(readers)
    }

    fn whole(tx: &mut Tx, pair: Pair, ahead: &mut Ahead) -> Result<Self, StoreError> {
        let every_node = pair.analyses_differ();
        let mut comparison = Comparison::new(pair.old, pair.new, every_node).given(ahead);
        let (mut held, mut moves) = (None, Moves::default());
        let may_move = pair.old.is_some() && pair.new.is_some() && !pair.keep && !pair.no_moves;
        if may_move {
            match all_of(tx, &mut comparison)? {
                Some(changes) => {
                    moves = Moves::among(&changes);
                    held = Some(changes.into_iter());
                }
                None => {
                    moves = Moves::find(tx, pair.old, pair.new)?;
                    comparison = Comparison::new(pair.old, pair.new, every_node);
                }
            }
        }
        Ok(Self { pair, comparison, held, moves, counts: AuditCounts::default(), ended: false })
    }

    /// What the next rows can be read of without the database: all that is left, when it is held. None when
    /// [`Self::read`] has to be asked.
    pub fn read_held(&mut self) -> Option<Vec<ChangeRow>> {
        if self.pair.analyses_differ() {
            return None;
        }
        let changes = self.held.take()?;
        self.ended = true;
        let mut rows = Vec::new();
        for change in changes {
            match change {
                Change::Unchanged(nodes) => self.counts.unchanged += nodes,
                Change::Same(_) => self.counts.unchanged += 1,
                change => rows.extend(self.row(change)),
            }
        }
        Some(rows)
    }

    /// The analyzers before and after, where they are known.
    pub(super) const fn analyzers(&self) -> Option<&(String, String)> {
        self.pair.analyzers.as_ref()
    }

    fn next(&mut self, tx: &mut Tx) -> Result<Option<Change>, StoreError> {
        match &mut self.held {
            Some(changes) => Ok(changes.next()),
            None => self.comparison.next(tx),
        }
    }

    /// What was counted so far.
    pub const fn counts(&self) -> AuditCounts {
        self.counts
    }

    /// Whether there is no more to read.
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// Up to `limit` of the next rows, fewer or even none: the end is where [`Self::has_ended`] says so. Without
    /// facts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn read(&mut self, tx: &mut Tx, limit: usize) -> Result<Vec<ChangeRow>, StoreError> {
        let (mut rows, mut same) = (Vec::new(), Vec::new());
        while rows.len() + same.len() < limit.min(AT_ONCE) {
            match self.next(tx)? {
                None => {
                    self.ended = true;
                    break;
                }
                Some(Change::Unchanged(nodes)) => self.counts.unchanged += nodes,
                Some(Change::Same(node)) => {
                    if self.pair.analyses_differ() {
                        same.push((rows.len(), node));
                    } else {
                        self.counts.unchanged += 1;
                    }
                }
                Some(change) => rows.extend(self.row(change)),
            }
        }
        self.insert_reanalyzed(tx, &mut rows, same)?;
        Ok(rows)
    }

    fn row(&mut self, change: Change) -> Option<ChangeRow> {
        let counts = &mut self.counts;
        let row = |kind, path, before: Option<&Node>, after: Option<&Node>| {
            let side = |node: &Node| Side { oid: node.oid, mode: node.mode, size: node.size, facts: None };
            Some(ChangeRow {
                kind,
                repository: self.pair.repository,
                url: self.pair.url.clone(),
                path,
                old_path: None,
                before: before.map(side),
                after: after.map(side),
            })
        };
        match change {
            Change::New(node) => match self.moves.old_path(&node.path) {
                Some(old_path) => {
                    counts.moved += 1;
                    let (path, same) = (node.path.clone(), Some(&node));
                    let moved = row(ChangeKind::Moved, path, same, same)?;
                    Some(ChangeRow { old_path: Some(old_path.to_vec()), ..moved })
                }
                None => {
                    counts.new += 1;
                    row(ChangeKind::New, node.path.clone(), None, Some(&node))
                }
            },
            Change::Modified { old, new } => {
                counts.modified += 1;
                row(ChangeKind::Modified, new.path.clone(), Some(&old), Some(&new))
            }
            Change::Mode { old, new } => {
                counts.attributes += 1;
                row(ChangeKind::Attributes, new.path.clone(), Some(&old), Some(&new))
            }
            Change::Removed(_) if self.pair.keep => {
                counts.kept += 1;
                None
            }
            Change::Removed(node) if self.moves.is_moved_away(&node.path) => None,
            Change::Removed(node) => {
                counts.removed += 1;
                row(ChangeKind::Removed, node.path.clone(), Some(&node), None)
            }
            Change::Same(_) | Change::Unchanged(_) => None,
        }
    }

    /// Nodes with the same bytes of which other versions of the analyzers say something else.
    fn insert_reanalyzed(
        &mut self,
        tx: &mut Tx,
        rows: &mut Vec<ChangeRow>,
        same: Vec<(usize, Node)>,
    ) -> Result<(), StoreError> {
        let Some((before, after)) = self.pair.analyzers.as_ref().filter(|_| !same.is_empty()) else {
            return Ok(());
        };
        let hint = self.pair.hint;
        let named: Vec<Named> =
            same.iter().map(|(_, node)| (node.oid, hint(&node.path).to_owned())).collect();
        let was = facts::of(tx, &named, &Analyzers::parse(before))?;
        let is = facts::of(tx, &named, &Analyzers::parse(after))?;
        let mut inserted = 0;
        for ((at, node), named) in same.into_iter().zip(&named) {
            if was.get(named) == is.get(named) {
                self.counts.unchanged += 1;
                continue;
            }
            self.counts.attributes += 1;
            let side = Side { oid: node.oid, mode: node.mode, size: node.size, facts: None };
            rows.insert(
                at + inserted,
                ChangeRow {
                    kind: ChangeKind::Attributes,
                    repository: self.pair.repository,
                    url: self.pair.url.clone(),
                    path: node.path,
                    old_path: None,
                    before: Some(side.clone()),
                    after: Some(side),
                },
            );
            inserted += 1;
        }
        Ok(())
    }
}

/// Every change, when there are not too many.
fn all_of(tx: &mut Tx, comparison: &mut Comparison) -> Result<Option<Vec<Change>>, StoreError> {
    let mut changes = Vec::new();
    while let Some(change) = comparison.next(tx)? {
        match (change, changes.last_mut()) {
            (Change::Unchanged(more), Some(Change::Unchanged(nodes))) => *nodes += more,
            (change, _) => changes.push(change),
        }
        if changes.len() > HELD {
            return Ok(None);
        }
    }
    Ok(Some(changes))
}

/// Puts facts into the rows.
///
/// # Errors
/// When the database does not answer.
pub(super) fn add_facts(
    tx: &mut Tx,
    rows: &mut [ChangeRow],
    (before, after): (&str, &str),
    options: &Options,
) -> Result<(), StoreError> {
    let named = |path: &[u8], side: &Side| (side.oid, (options.hint)(path).to_owned());
    let old_name = |row: &ChangeRow| row.old_path.clone().unwrap_or_else(|| row.path.clone());
    let mut olds: Vec<Named> = Vec::new();
    let mut news: Vec<Named> = Vec::new();
    for row in &*rows {
        olds.extend(row.before.iter().map(|side| named(&old_name(row), side)));
        news.extend(row.after.iter().map(|side| named(&row.path, side)));
    }
    let was: HashMap<Named, Facts> = facts::of(tx, &olds, &Analyzers::parse(before))?;
    let is: HashMap<Named, Facts> = facts::of(tx, &news, &Analyzers::parse(after))?;
    for row in rows {
        let old_path = old_name(row);
        if let Some(side) = &mut row.before {
            side.facts = was.get(&named(&old_path, side)).cloned();
        }
        if let Some(side) = &mut row.after {
            side.facts = is.get(&named(&row.path, side)).cloned();
        }
    }
    Ok(())
}
