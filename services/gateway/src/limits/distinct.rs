//! How many different things were seen, in a kilobyte: a `HyperLogLog` of 1,024 registers, which is out by
//! about three in a hundred.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Bits of a hash that choose a register.
const BITS: u32 = 10;
const REGISTERS: usize = 1 << BITS;

/// What was seen.
#[derive(Clone)]
pub(super) struct Distinct(Box<[u8; REGISTERS]>);

impl Default for Distinct {
    fn default() -> Self {
        Self(Box::new([0; REGISTERS]))
    }
}

impl Distinct {
    /// Sees one.
    pub(super) fn see(&mut self, one: impl Hash) {
        let mut hasher = DefaultHasher::new();
        one.hash(&mut hasher);
        let hash = hasher.finish();
        let register = (hash >> (64 - BITS)) as usize;
        let rank = ((hash << BITS).leading_zeros() + 1).min(64 - BITS + 1) as u8;
        self.0[register] = self.0[register].max(rank);
    }

    /// How many there were, about.
    pub(super) fn estimate(&self) -> u64 {
        let size = REGISTERS as f64;
        let sum: f64 = self.0.iter().map(|rank| 2f64.powi(-i32::from(*rank))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / size) * size * size / sum;
        let empty = self.0.iter().filter(|rank| **rank == 0).count();
        // Few are counted by how many registers none has fallen into.
        let estimate = if raw <= 2.5 * size && empty > 0 { size * (size / empty as f64).ln() } else { raw };
        estimate.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_out_by_little_whatever_the_number() {
        for count in [0_u64, 1, 10, 100, 1_000, 10_000, 200_000] {
            let mut distinct = Distinct::default();
            for one in 0..count {
                distinct.see(one);
                distinct.see(one);
            }
            let off = distinct.estimate().abs_diff(count) as f64;
            assert!(off <= count as f64 * 0.1, "{count}: {}", distinct.estimate());
        }
    }
}
