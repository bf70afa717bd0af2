//! The changes of many repositories, one after the other.

use std::{cmp::Ordering, collections::VecDeque};

use super::{ChangeRow, Cursor, Options, Pair, PartReader, Source, part::add_facts};
use crate::{StoreError, Tx};

/// Reads changes in order, a page at a time. Each page may be read in a transaction of its own; to go on later,
/// or in another process, open another reader behind the last row's [`ChangeRow::cursor`].
pub struct Reader {
    source: Source,
    options: Options,
    pairs: VecDeque<Pair>,
    /// The URL behind which pairs are looked for.
    after: Option<String>,
    /// Where an earlier reader has stopped.
    resumed: Option<Cursor>,
    all_known: bool,
    part: Option<PartReader>,
    /// The analyzers of the part.
    analyzers: (String, String),
}

impl Reader {
    /// A reader of everything, or of what is behind a place. Ask [`Source::check`] first whether it can be read.
    pub fn open(source: Source, options: Options, after: Option<Cursor>) -> Self {
        // Pairs are asked for behind a URL, and the one at hand is wanted again: ask behind its beginning.
        let beginning = |cursor: &Cursor| {
            let mut url = cursor.url.clone();
            url.pop();
            url
        };
        Self {
            source,
            options,
            pairs: VecDeque::new(),
            after: after.as_ref().map(beginning),
            resumed: after,
            all_known: false,
            part: None,
            analyzers: (String::new(), String::new()),
        }
    }

    /// Up to `limit` of the next rows; none at the end.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn page(&mut self, tx: &mut Tx, limit: usize) -> Result<Vec<ChangeRow>, StoreError> {
        let mut rows = Vec::new();
        while rows.len() < limit {
            if self.part.is_none() && !self.next_part(tx)? {
                break;
            }
            let Some(part) = &mut self.part else { break };
            let mut found = part.read(tx, limit - rows.len())?;
            let ended = part.has_ended();
            if !self.options.kinds.is_empty() {
                found.retain(|row| self.options.kinds.contains(&row.kind));
            }
            if self.options.facts {
                let (before, after) = &self.analyzers;
                add_facts(tx, &mut found, (before, after), &self.options)?;
            }
            rows.extend(found);
            if ended {
                self.part = None;
            }
        }
        Ok(rows)
    }

    /// Opens the next part; false when there is none.
    fn next_part(&mut self, tx: &mut Tx) -> Result<bool, StoreError> {
        loop {
            let Some(pair) = self.pairs.pop_front() else {
                if self.all_known {
                    return Ok(false);
                }
                match self.source.pairs(tx, self.after.as_deref(), &self.options)? {
                    Some((pairs, last)) => (self.pairs, self.after) = (pairs, Some(last)),
                    None => self.all_known = true,
                }
                continue;
            };
            let mut path = None;
            if let Some(resumed) = &self.resumed {
                match pair.url.cmp(&resumed.url) {
                    Ordering::Less => continue,
                    Ordering::Equal => path = Some(resumed.path.clone()),
                    Ordering::Greater => self.resumed = None,
                }
            }
            if self.options.repository.is_some_and(|wanted| wanted != pair.repository) {
                continue;
            }
            if let Some(analyzers) = &pair.analyzers {
                self.analyzers.clone_from(analyzers);
            }
            self.part = Some(PartReader::open(tx, pair, path)?);
            return Ok(true);
        }
    }
}
