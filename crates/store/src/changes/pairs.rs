//! Which trees are compared.

use std::collections::{HashMap, VecDeque};

use contracts::{AuditId, RepositoryId, SnapshotId, StockId, policy::Removed};

use super::Options;
use crate::{
    StoreError, Tx,
    audits::{self, AuditState},
    revisions, stocks,
};

/// Pairs that are looked for at once.
const PAGE: u32 = 500;

/// What is compared with what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// A snapshot with its stock, as this finished audit saw them.
    Audit(AuditId),
    /// Two versions of a stock.
    Versions {
        /// The stock.
        stock: StockId,
        /// The version that is taken for the old one.
        from: i64,
        /// The version that is taken for the new one.
        to: i64,
    },
    /// Two snapshots, with those of their repositories that could be visited.
    Snapshots {
        /// The one that is taken for the old one.
        from: SnapshotId,
        /// The one that is taken for the new one.
        to: SnapshotId,
    },
}

/// What is held of one repository before and after.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The repository.
    pub repository: RepositoryId,
    /// Its canonical clone URL.
    pub url: String,
    /// The tree before.
    pub old: Option<i64>,
    /// The tree after.
    pub new: Option<i64>,
    /// Whether nodes that are gone are kept, and so are no change.
    pub keep: bool,
    /// Whether it is known that nothing moved.
    pub no_moves: bool,
    /// The analyzers before and after.
    pub analyzers: Option<(String, String)>,
    /// What decides from a path what a content is taken for.
    pub hint: fn(&[u8]) -> &str,
}

impl Pair {
    /// Whether nodes may differ whose bytes do not.
    pub(super) fn analyses_differ(&self) -> bool {
        self.old.is_some() && self.analyzers.as_ref().is_some_and(|(before, after)| before != after)
    }

    /// Whether nothing can have changed.
    pub(super) fn is_same(&self) -> bool {
        self.old == self.new && !self.analyses_differ()
    }
}

impl Source {
    /// Whether this can be compared.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when something of it is not there or no longer kept, [`StoreError::Conflict`]
    /// when the audit is not finished; when the database does not answer.
    pub fn check(&self, tx: &mut Tx) -> Result<(), StoreError> {
        match *self {
            Self::Audit(id) => match audits::get(tx, id)? {
                None => Err(StoreError::NotFound(format!("there is no audit {id}"))),
                Some(audit) if audit.state != AuditState::Finished => {
                    Err(StoreError::Conflict(format!("audit {id} is {}, not finished", audit.state)))
                }
                Some(_) => Ok(()),
            },
            Self::Versions { stock, from, to } => {
                let held = stocks::get(tx, stock)?
                    .ok_or_else(|| StoreError::NotFound(format!("there is no stock {stock}")))?;
                held.check_version(from)?;
                held.check_version(to)
            }
            Self::Snapshots { from, to } => {
                for id in [from, to] {
                    if crate::snapshots::get(tx, id)?.is_none() {
                        return Err(StoreError::NotFound(format!("there is no snapshot {id}")));
                    }
                }
                Ok(())
            }
        }
    }

    /// Pairs by URL, those behind `after`, with the URL to go on behind; none at the end. Pairs that are the same
    /// may be left out.
    pub(super) fn pairs(
        &self,
        tx: &mut Tx,
        after: Option<&str>,
        options: &Options,
    ) -> Result<Option<(VecDeque<Pair>, String)>, StoreError> {
        match *self {
            Self::Audit(id) => of_audit(tx, id, after, options),
            Self::Versions { stock, from, to } => {
                let olds = listed(stocks::entries_at(tx, stock, Some(from), after, PAGE)?);
                let news = listed(stocks::entries_at(tx, stock, Some(to), after, PAGE)?);
                Ok(merged(olds, news, options))
            }
            Self::Snapshots { from, to } => {
                let olds = visited(revisions::analyzed_by_url(tx, from, after, PAGE)?);
                let news = visited(revisions::analyzed_by_url(tx, to, after, PAGE)?);
                Ok(merged(olds, news, options))
            }
        }
    }
}

fn of_audit(
    tx: &mut Tx,
    id: AuditId,
    after: Option<&str>,
    options: &Options,
) -> Result<Option<(VecDeque<Pair>, String)>, StoreError> {
    let Some(audit) = audits::get(tx, id)? else { return Ok(None) };
    let parts = audits::parts(tx, id, true, after, PAGE)?;
    let Some(last) = parts.last().map(|part| part.url.clone()) else { return Ok(None) };
    let mut pairs = VecDeque::with_capacity(parts.len());
    // Many repositories came with few commits.
    let mut analyzers: HashMap<i64, Option<String>> = HashMap::new();
    for part in parts {
        let before = match part.since {
            None => None,
            Some(since) => match analyzers.get(&since) {
                Some(known) => known.clone(),
                None => {
                    let found = stocks::analyzers_of(tx, audit.stock, since)?;
                    analyzers.insert(since, found.clone());
                    found
                }
            },
        };
        pairs.push_back(Pair {
            repository: part.repository,
            url: part.url,
            old: part.old_tree,
            new: Some(part.new_tree),
            keep: audit.policy.removed == Removed::Keep,
            no_moves: part.counts.moved == 0,
            analyzers: Some((before.unwrap_or_else(|| audit.analyzers.clone()), audit.analyzers.clone())),
            hint: options.hint,
        });
    }
    Ok(Some((pairs, last)))
}

/// One side of a pair: repository, URL, tree, and the analyzers where they are recorded.
type Listed = (RepositoryId, String, i64, Option<String>);

fn listed(entries: Vec<stocks::Entry>) -> Vec<Listed> {
    entries.into_iter().map(|entry| (entry.repository, entry.url, entry.tree, entry.analyzers)).collect()
}

fn visited(revisions: Vec<revisions::Revision>) -> Vec<Listed> {
    let tree =
        |revision: revisions::Revision| Some((revision.repository, revision.url, revision.tree?, None));
    revisions.into_iter().filter_map(tree).collect()
}

/// Pairs of what two lists by URL have, as far as both are known.
fn merged(olds: Vec<Listed>, news: Vec<Listed>, options: &Options) -> Option<(VecDeque<Pair>, String)> {
    // Where a list is full there may be more behind its end, with which the other's must not be paired early.
    let end = |list: &Vec<Listed>| {
        (list.len() == PAGE as usize).then(|| list.last().map(|last| last.1.clone())).flatten()
    };
    let end = match (end(&olds), end(&news)) {
        (Some(old), Some(new)) => Some(old.min(new)),
        (old, new) => old.or(new),
    };
    let within = |listed: &Listed| end.as_ref().is_none_or(|end| listed.1 <= *end);
    let mut olds = olds.into_iter().filter(within).peekable();
    let mut news = news.into_iter().filter(within).peekable();
    let mut pairs = VecDeque::new();
    let mut last = None;
    loop {
        let order = match (olds.peek(), news.peek()) {
            (None, None) => return Some((pairs, last?)),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(old), Some(new)) => old.1.cmp(&new.1),
        };
        let old = if order.is_le() { olds.next() } else { None };
        let new = if order.is_ge() { news.next() } else { None };
        let Some((repository, url, ..)) = new.clone().or_else(|| old.clone()) else { continue };
        last = Some(url.clone());
        let recorded = |side: &Option<Listed>| side.as_ref().and_then(|side| side.3.clone());
        let current = || options.analyzers.clone();
        let after = recorded(&new).unwrap_or_else(current);
        let before = recorded(&old).unwrap_or_else(|| after.clone());
        let pair = Pair {
            repository,
            url,
            old: old.map(|side| side.2),
            new: new.map(|side| side.2),
            keep: false,
            no_moves: false,
            analyzers: Some((before, after)),
            hint: options.hint,
        };
        if !pair.is_same() {
            pairs.push_back(pair);
        }
    }
}
