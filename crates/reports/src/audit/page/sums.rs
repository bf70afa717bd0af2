//! What a page sums up while the rows go by. Every collection is bounded; what finds no room is counted as
//! `other`.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use super::{name, sides};
use crate::audit::{
    path::PathText,
    rows::{Change, Finding, Section},
};

/// Directories by language that are told apart.
const MAX_PLACES: usize = 4_000;
/// Languages that are told apart.
const MAX_LANGUAGES: usize = 500;
/// Checks that are told apart.
const MAX_CHECKS: usize = 200;
/// The largest changes that are listed.
const LARGEST: usize = 50;
/// Where what finds no room is counted.
pub(super) const OTHER: &str = "other";
/// What is said of a file whose language nobody knows.
const UNKNOWN: &str = "(unknown)";

#[derive(Default)]
pub(super) struct Sums {
    /// By repository, directory (at most two names deep) and language: what changed.
    pub(super) places: BTreeMap<(String, String, String), Touched>,
    pub(super) languages: BTreeMap<String, BeforeAfter>,
    /// Findings by check: `info`, `warn`, `block`, and those of `block` that are overridden.
    pub(super) checks: BTreeMap<String, [u64; 4]>,
    pub(super) largest: Largest,
}

/// What changed in one place.
#[derive(Clone, Copy, Default)]
pub(super) struct Touched {
    pub(super) nodes: u64,
    /// The larger of both sides.
    pub(super) bytes: u64,
}

/// Sums over both sides.
#[derive(Clone, Copy, Default)]
pub(super) struct BeforeAfter {
    pub(super) bytes: [u64; 2],
    pub(super) code: [u64; 2],
    pub(super) complexity: [u64; 2],
}

impl Sums {
    pub(super) fn add(&mut self, section: Section, change: &Change<'_>) {
        let size = sides(change, |of| Some(of.size));
        let code = sides(change, |of| of.code);
        let complexity = sides(change, |of| of.complexity);
        let language = [change.before, change.after].map(|of| of.map(|of| of.language.unwrap_or(UNKNOWN)));
        let shown = language[1].or(language[0]).unwrap_or(UNKNOWN);

        let path = PathText::from(change.path);
        let place = self.place(change.repository, directory(&path.text), shown);
        place.nodes += 1;
        place.bytes += size[0].unwrap_or(0).max(size[1].unwrap_or(0));

        // A language may change, too: each side counts for its own.
        for side in 0..2 {
            let Some(language) = language[side] else { continue };
            let sum = self.language(language);
            sum.bytes[side] += size[side].unwrap_or(0);
            sum.code[side] += code[side].unwrap_or(0);
            sum.complexity[side] += complexity[side].unwrap_or(0);
        }
        self.largest.offer(size[0].unwrap_or(0).max(size[1].unwrap_or(0)), || Row {
            section,
            name: name(change.repository, change.path),
            language: shown.to_owned(),
            size,
            code,
            complexity,
        });
    }

    pub(super) fn finding(&mut self, finding: &Finding<'_>) {
        let known = self.checks.contains_key(finding.check) || self.checks.len() < MAX_CHECKS;
        let counts = self.checks.entry(if known { finding.check } else { OTHER }.to_owned()).or_default();
        counts[finding.level as usize] += 1;
        counts[3] += u64::from(finding.pass.is_some());
    }

    fn place(&mut self, repository: &str, directory: &str, language: &str) -> &mut Touched {
        let mut key = (repository.to_owned(), directory.to_owned(), language.to_owned());
        if self.places.len() >= MAX_PLACES && !self.places.contains_key(&key) {
            key = (OTHER.to_owned(), String::new(), OTHER.to_owned());
        }
        self.places.entry(key).or_default()
    }

    fn language(&mut self, name: &str) -> &mut BeforeAfter {
        let known = self.languages.contains_key(name) || self.languages.len() < MAX_LANGUAGES;
        self.languages.entry(if known { name } else { OTHER }.to_owned()).or_default()
    }
}

/// The first two directories of a path; nothing for a file at the top.
fn directory(path: &str) -> &str {
    let ends = path.match_indices('/').map(|(at, _)| at);
    ends.take(2).last().and_then(|end| path.get(..end)).unwrap_or_default()
}

/// The largest changes, and no others.
#[derive(Default)]
pub(super) struct Largest {
    heap: BinaryHeap<Reverse<(u64, Reverse<u64>)>>,
    rows: BTreeMap<u64, Row>,
    seen: u64,
}

/// One of the largest changes; what has two sides is before and after.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) section: Section,
    pub(super) name: String,
    pub(super) language: String,
    pub(super) size: [Option<u64>; 2],
    pub(super) code: [Option<u64>; 2],
    pub(super) complexity: [Option<u64>; 2],
}

impl Largest {
    /// Of two of one size the first stays.
    fn offer(&mut self, size: u64, row: impl FnOnce() -> Row) {
        let number = self.seen;
        self.seen += 1;
        let key = Reverse((size, Reverse(number)));
        if self.heap.len() >= LARGEST {
            match self.heap.peek() {
                Some(least) if *least > key => {}
                _ => return,
            }
            if let Some(Reverse((_, Reverse(number)))) = self.heap.pop() {
                self.rows.remove(&number);
            }
        }
        self.heap.push(key);
        self.rows.insert(number, row());
    }

    /// The largest first.
    pub(super) fn sorted(&self) -> Vec<&Row> {
        let mut keys: Vec<_> = self.heap.iter().map(|Reverse(key)| *key).collect();
        keys.sort_unstable_by(|one, other| other.cmp(one));
        keys.iter().filter_map(|(_, Reverse(number))| self.rows.get(number)).collect()
    }
}
