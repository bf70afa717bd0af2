//! The tags of what was taken and not yet acknowledged.
//!
//! The broker numbers deliveries anew on every channel, so after a lost connection its tag 7 may be
//! another message than before. Ours go on counting: a tag from before the break is simply unknown, and
//! can never acknowledge the wrong message.

use std::collections::BTreeSet;

/// Which deliveries of the present channel are not acknowledged.
#[derive(Default)]
pub(super) struct Unacked {
    /// Our tag is the broker's plus this.
    base: u64,
    last: u64,
    held: BTreeSet<u64>,
}

/// How to settle some deliveries with the fewest frames, in the broker's tags.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settlement {
    /// Everything up to this one in a single frame.
    pub(super) up_to: Option<u64>,
    /// The rest, one frame each.
    pub(super) single: Vec<u64>,
    /// How many deliveries that settles.
    pub(super) count: usize,
}

impl Unacked {
    /// Begins a new channel: what was held on the old one comes again by itself.
    pub(super) fn restart(&mut self) {
        self.base = self.last;
        self.held.clear();
    }

    /// Gives our tag to a delivery that the broker numbered `delivery_tag`.
    pub(super) fn hold(&mut self, delivery_tag: u64) -> u64 {
        let tag = self.base + delivery_tag;
        self.last = self.last.max(tag);
        self.held.insert(tag);
        tag
    }

    /// Forgets these deliveries, and says how to tell the broker. Unknown tags are passed over.
    pub(super) fn settle(&mut self, tags: &[u64]) -> Settlement {
        let settled: BTreeSet<u64> = tags.iter().copied().filter(|tag| self.held.contains(tag)).collect();
        let run = self.held.iter().zip(&settled).take_while(|(held, settled)| held == settled).count();
        let up_to = settled.iter().take(run).next_back().map(|tag| tag - self.base);
        let single = settled.iter().skip(run).map(|tag| tag - self.base).collect();
        for tag in &settled {
            self.held.remove(tag);
        }
        Settlement { up_to, single, count: settled.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(count: u64) -> Unacked {
        let mut unacked = Unacked::default();
        for tag in 1..=count {
            assert_eq!(unacked.hold(tag), tag);
        }
        unacked
    }

    fn settlement(up_to: Option<u64>, single: &[u64], count: usize) -> Settlement {
        Settlement { up_to, single: single.to_vec(), count }
    }

    #[test]
    fn a_run_from_the_oldest_is_one_frame() {
        let mut unacked = holding(10);
        assert_eq!(unacked.settle(&[3, 1, 2]), settlement(Some(3), &[], 3));
        assert_eq!(unacked.settle(&[4, 6, 5, 9]), settlement(Some(6), &[9], 4));
        assert_eq!(unacked.settle(&[8, 10]), settlement(None, &[8, 10], 2));
        assert_eq!(unacked.settle(&[7]), settlement(Some(7), &[], 1));
    }

    #[test]
    fn twice_is_once_and_unknown_is_nothing() {
        let mut unacked = holding(3);
        assert_eq!(unacked.settle(&[2, 2, 77]), settlement(None, &[2], 1));
        assert_eq!(unacked.settle(&[2]), Settlement::default());
    }

    #[test]
    fn tags_from_before_a_break_never_hit_a_later_delivery() {
        let mut unacked = holding(5);
        unacked.restart();
        assert_eq!(unacked.hold(1), 6);
        assert_eq!(unacked.settle(&[1]), Settlement::default());
        assert_eq!(unacked.settle(&[6]), settlement(Some(1), &[], 1));
    }
}
