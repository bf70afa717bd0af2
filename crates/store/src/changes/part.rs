//! The changes of one repository.

use std::collections::HashMap;

use contracts::Facts;

use super::{ChangeKind, ChangeRow, Options, Pair, Side, moves::Moves};
use crate::{
    StoreError, Tx,
    audits::AuditCounts,
    facts::{self, Analyzers, Named},
    trees::{Change, Comparison, Node},
};

/// The most rows that are read at once.
const AT_ONCE: usize = 4_000;

/// Reads the changes of one repository, in order.
pub struct PartReader {
    pair: Pair,
    comparison: Comparison,
    moves: Moves,
    counts: AuditCounts,
    ended: bool,
}

impl PartReader {
    /// Of this pair of trees, behind this path. Looks for moves first, which reads both trees once more where
    /// they differ.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn open(tx: &mut Tx, pair: Pair, after: Option<Vec<u8>>) -> Result<Self, StoreError> {
        let moves =
            if pair.keep || pair.no_moves { Moves::default() } else { Moves::find(tx, pair.old, pair.new)? };
        let every_node = pair.analyses_differ();
        let after = after.unwrap_or_default();
        let comparison = Comparison::behind(pair.old, pair.new, every_node, after);
        Ok(Self { pair, comparison, moves, counts: AuditCounts::default(), ended: false })
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
            match self.comparison.next(tx)? {
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
