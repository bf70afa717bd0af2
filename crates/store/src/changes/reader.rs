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
    /// Readers that were opened together; the first is being read.
    parts: VecDeque<PartReader>,
    /// How many are opened the next time: whoever wants a page is not to read what only a report wants.
    together: usize,
    /// The analyzers of the parts, where they are known.
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
            parts: VecDeque::new(),
            together: 1,
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
            if self.parts.is_empty() && !self.next_parts(tx)? {
                break;
            }
            let Some(part) = self.parts.front_mut() else { break };
            if let Some(analyzers) = part.analyzers() {
                self.analyzers.clone_from(analyzers);
            }
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
                self.parts.pop_front();
            }
        }
        Ok(rows)
    }

    /// Opens the next parts; false when there are none.
    fn next_parts(&mut self, tx: &mut Tx) -> Result<bool, StoreError> {
        loop {
            if self.pairs.is_empty() {
                if self.all_known {
                    return Ok(false);
                }
                match self.source.pairs(tx, self.after.as_deref(), &self.options)? {
                    Some((pairs, last)) => (self.pairs, self.after) = (pairs, Some(last)),
                    None => self.all_known = true,
                }
                let wanted = self.options.repository;
                self.pairs.retain(|pair| wanted.is_none_or(|wanted| wanted == pair.repository));
                continue;
            }
            if let Some(resumed) = &self.resumed {
                let Some(pair) = self.pairs.front() else { continue };
                match pair.url.cmp(&resumed.url) {
                    Ordering::Less => {
                        self.pairs.pop_front();
                    }
                    Ordering::Equal => {
                        let path = resumed.path.clone();
                        let Some(pair) = self.pairs.pop_front() else { continue };
                        self.resumed = None;
                        self.parts.push_back(PartReader::open(tx, pair, Some(path))?);
                        return Ok(true);
                    }
                    Ordering::Greater => self.resumed = None,
                }
                continue;
            }
            self.parts = PartReader::open_first(tx, &mut self.pairs, self.together)?.into();
            self.together = (self.together * 2).min(PartReader::TOGETHER);
            return Ok(true);
        }
    }
}
