//! Finds any of many words in one pass.

use std::collections::{BTreeMap, BTreeSet};

/// A word in lower case, and the rules that it belongs to.
type Word = (Vec<u8>, Vec<usize>);

/// Words, in any case, and the rules that each belongs to.
pub(super) struct Keywords {
    /// By their first two bytes in lower case.
    by_start: BTreeMap<[u8; 2], Vec<Word>>,
    /// Whether any word starts like this; one bit for each pair of bytes.
    starts: Box<[u64; 1_024]>,
}

impl Keywords {
    /// Of these words, each of two bytes at least.
    pub(super) fn new(words: BTreeMap<String, BTreeSet<usize>>) -> Result<Self, String> {
        let mut keywords = Self { by_start: BTreeMap::new(), starts: Box::new([0; 1_024]) };
        for (word, rules) in words {
            let word = word.to_ascii_lowercase().into_bytes();
            let &[first, second, ..] = word.as_slice() else {
                return Err(format!(
                    "keyword {:?} is too short; the least is two bytes",
                    String::from_utf8_lossy(&word)
                ));
            };
            let pair = usize::from(u16::from_be_bytes([first, second]));
            keywords.starts[pair / 64] |= 1 << (pair % 64);
            keywords.by_start.entry([first, second]).or_default().push((word, rules.into_iter().collect()));
        }
        Ok(keywords)
    }

    /// Calls `visit` with the place of each word and its rules, in order, until it answers false.
    pub(super) fn each(&self, bytes: &[u8], mut visit: impl FnMut(usize, usize, &[usize]) -> bool) {
        let mut before = 0_u8;
        for (at, byte) in bytes.iter().enumerate() {
            let byte = byte.to_ascii_lowercase();
            let pair = usize::from(u16::from_be_bytes([before, byte]));
            let start = [before, byte];
            before = byte;
            if at == 0 || self.starts[pair / 64] >> (pair % 64) & 1 == 0 {
                continue;
            }
            for (word, rules) in self.by_start.get(&start).into_iter().flatten() {
                let place = at - 1..at - 1 + word.len();
                let found = bytes.get(place.clone()).is_some_and(|found| found.eq_ignore_ascii_case(word));
                if found && !visit(place.start, place.end, rules) {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_wherever_it_stands() {
        let words = [("ab", 0), ("abc", 1), ("bc", 2), ("://", 3)];
        let words = words.into_iter().map(|(word, rule)| (word.to_owned(), BTreeSet::from([rule]))).collect();
        let keywords = Keywords::new(words).unwrap();
        let mut found = Vec::new();
        keywords.each(b"aBC://ab", |start, end, rules| {
            found.push((start, end, rules[0]));
            true
        });
        assert_eq!(found, [(0, 2, 0), (0, 3, 1), (1, 3, 2), (3, 6, 3), (6, 8, 0)]);
        let short = BTreeMap::from([("a".to_owned(), BTreeSet::from([0]))]);
        assert!(Keywords::new(short).is_err());
    }
}
