//! Licences by their text.
//!
//! A licence is known by hashes over every four words in a row, a long one by a part of them that the
//! hashes themselves choose. Which part of a licence's hashes a text has says how much of the licence it
//! contains, whatever stands around it, whoever holds the copyright and however the lines are broken.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::table::SAMPLES;
use super::{MOST, words};

/// What is known of one licence's text.
pub(super) struct Sample {
    /// The SPDX id.
    pub(super) id: &'static str,
    /// The number of words.
    pub(super) words: u32,
    /// The chosen hashes, ascending.
    pub(super) hashes: &'static [u32],
}

/// A text with less of a licence than this does not have it.
const ENOUGH: f64 = 0.85;

/// How much a missing word weighs against a present one, when licences contain one another.
const MISSING: f64 = 3.0;

/// Licences that most texts are. Many others are one of these with a few words changed, as a copy of one
/// of these often has too: another licence must fit better by [`RARE`] to be believed.
const COMMON: &[&str] = &[
    "AGPL-3.0-only",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "EPL-2.0",
    "GPL-2.0-only",
    "GPL-3.0-only",
    "ISC",
    "LGPL-2.1-only",
    "LGPL-3.0-only",
    "MIT",
    "MPL-2.0",
    "OFL-1.1",
    "Unlicense",
    "Zlib",
];

/// See [`COMMON`].
const RARE: f64 = 0.03;

/// More than this is all of a licence.
const WHOLLY: f64 = 0.995;

/// The samples by hash.
struct Index {
    /// A bit for each hash's upper bits: most of an ordinary text's hashes are in no licence.
    filter: Vec<u64>,
    /// Hashes with the numbers of their samples, by the upper bits of the hash.
    rows: Vec<(u32, u16)>,
    /// Where in the rows those with the same upper bits begin.
    starts: Vec<usize>,
}

/// So many upper bits of a hash choose its rows.
const ROW_BITS: u32 = 13;

fn shelf(hash: u32) -> usize {
    (hash >> (32 - ROW_BITS)) as usize
}

/// So many upper bits of a hash choose its bit in the filter.
const FILTER_BITS: u32 = 20;

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut filter = vec![0_u64; 1 << (FILTER_BITS - 6)];
    let mut starts = vec![0; (1 << ROW_BITS) + 1];
    let numbered = || {
        (0_u16..)
            .zip(&SAMPLES)
            .flat_map(|(number, sample)| sample.hashes.iter().map(move |hash| (*hash, number)))
    };
    for (hash, _) in numbered() {
        let (word, bit) = place(hash);
        filter[word] |= bit;
        starts[shelf(hash) + 1] += 1;
    }
    for shelf in 1..starts.len() {
        starts[shelf] += starts[shelf - 1];
    }
    // Every process that looks for licences waits for this: to count is several times faster than to sort.
    let (mut rows, mut next) = (vec![(0, 0); numbered().count()], starts.clone());
    for row in numbered() {
        let at = &mut next[shelf(row.0)];
        rows[*at] = row;
        *at += 1;
    }
    Index { filter, rows, starts }
});

fn place(hash: u32) -> (usize, u64) {
    let bit = (hash >> (32 - FILTER_BITS)) as usize;
    (bit / 64, 1 << (bit % 64))
}

impl Index {
    /// The numbers of the samples that have the hash.
    fn samples_with(&self, hash: u32) -> impl Iterator<Item = u16> + '_ {
        let rows = self.starts[shelf(hash)]..self.starts[shelf(hash) + 1];
        self.rows[rows].iter().filter(move |(other, _)| *other == hash).map(|(_, number)| *number)
    }

    fn knows(&self, hash: u32) -> bool {
        let (word, bit) = place(hash);
        self.filter[word] & bit != 0 && self.samples_with(hash).next().is_some()
    }
}

/// The licences that the words contain, the largest first, each with the part of it that is there.
pub(super) fn find(words: &[u32]) -> Vec<(&'static str, f64)> {
    let mut left: HashSet<u32> = words::shingles(words).filter(|hash| INDEX.knows(*hash)).collect();
    let mut found = Vec::new();
    while found.len() < MOST {
        let Some((sample, part)) = best(&left) else { break };
        found.push((sample.id, part));
        // What this one explains cannot speak for another one.
        for hash in sample.hashes {
            left.remove(hash);
        }
    }
    found
}

fn best(hashes: &HashSet<u32>) -> Option<(&'static Sample, f64)> {
    let mut counts: HashMap<u16, u32> = HashMap::new();
    for hash in hashes {
        for number in INDEX.samples_with(*hash) {
            *counts.entry(number).or_default() += 1;
        }
    }
    let mut best: Option<(f64, &'static Sample, f64)> = None;
    for (number, count) in counts {
        let Some(sample) = SAMPLES.get(usize::from(number)) else { continue };
        let Ok(size) = u32::try_from(sample.hashes.len()) else { continue };
        let part = f64::from(count) / f64::from(size);
        let fit = if part > WHOLLY || COMMON.contains(&sample.id) { part } else { part - RARE };
        let weight = f64::from(sample.words) * (fit - MISSING * (1.0 - fit));
        let better = best.is_none_or(|(other, before, _)| (weight, before.id) > (other, sample.id));
        if part >= ENOUGH && better {
            best = Some((weight, sample, part));
        }
    }
    best.map(|(_, sample, part)| (sample, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_sorted_and_large_enough_to_tell() {
        for sample in &SAMPLES {
            assert!(sample.hashes.len() >= 12, "{}", sample.id);
            assert!(sample.hashes.is_sorted(), "{}", sample.id);
        }
        assert!(SAMPLES.iter().map(|sample| sample.id).is_sorted());
    }

    /// The table's generator and this code must agree on words and hashes.
    #[test]
    fn the_text_of_zlib_is_zlib() {
        let zlib = b"This software is provided 'as-is', without any express or implied warranty. In no event will the authors \
            be held liable for any damages arising from the use of this software. Permission is granted to anyone to use this \
            software for any purpose, including commercial applications, and to alter it and redistribute it freely, subject to \
            the following restrictions: 1. The origin of this software must not be misrepresented; you must not claim that you \
            wrote the original software. If you use this software in a product, an acknowledgment in the product documentation \
            would be appreciated but is not required. 2. Altered source versions must be plainly marked as such, and must not be \
            misrepresented as being the original software. 3. This notice may not be removed or altered from any source \
            distribution.";
        let found = find(&words::of(zlib));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "Zlib");
        assert!(found[0].1 > 0.95, "{found:?}");
    }
}
