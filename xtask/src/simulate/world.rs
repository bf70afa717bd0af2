//! A forge that is made up: how often its repositories change, as those of real ones do.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Seconds of a day.
pub(super) const DAY: u64 = 86_400;

/// Shares of repositories, and how many days lie between two changes of theirs. Most are never touched again, a
/// few change several times a day.
const RATES: &[(f64, f64)] = &[(0.70, 1_500.0), (0.20, 90.0), (0.08, 10.0), (0.018, 1.5), (0.002, 0.15)];

/// Chance that is the same each time.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Between 0 and 1.
    pub(super) fn part(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// How long until something that happens every `mean` happens.
    pub(super) fn wait(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.part()).max(1e-12).ln()
    }
}

/// The repositories of the forge, by number.
pub(super) struct World {
    /// Seconds between changes, on average.
    means: Vec<f32>,
    /// When each changes next.
    next: BinaryHeap<Reverse<(u64, u32)>>,
    /// When each was last pushed to; before the beginning as a negative number.
    pub(super) pushed: Vec<i64>,
    chance: Chance,
}

impl World {
    pub(super) fn new(repositories: u32, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let (mut means, mut next, mut pushed) = (Vec::new(), BinaryHeap::new(), Vec::new());
        for number in 0..repositories {
            let mut part = chance.part();
            let mut days = 1_500.0;
            for (share, mean) in RATES {
                days = *mean;
                if part < *share {
                    break;
                }
                part -= share;
            }
            // No two are alike, not even of one kind.
            let mean = days * DAY as f64 * (0.3 + 1.4 * chance.part());
            means.push(mean as f32);
            pushed.push(-(chance.wait(mean) as i64));
            next.push(Reverse((chance.wait(mean) as u64, number)));
        }
        Self { means, next, pushed, chance }
    }

    /// The repositories that change until `now`, each with the time of its change, in order.
    pub(super) fn changes(&mut self, now: u64) -> Vec<(u32, u64)> {
        let mut changed = Vec::new();
        while let Some(Reverse((at, number))) =
            self.next.peek().copied().filter(|Reverse((at, _))| *at <= now)
        {
            self.next.pop();
            changed.push((number, at));
            self.pushed[number as usize] = at as i64;
            let wait = self.chance.wait(f64::from(self.means[number as usize])).max(1.0);
            self.next.push(Reverse((at + wait as u64, number)));
        }
        changed
    }
}
