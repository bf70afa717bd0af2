//! Whether and when a failed message is tried again.

use std::time::Duration;

use contracts::{Failure, route};
use sha2::{Digest, Sha256};

/// How often, and how patiently, a message is tried. Constants on the handler, next to its name.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Tries in all, the first included.
    pub tries: u32,
    /// The pause after the first failure; it doubles with each further one.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Retry {
    /// For work inside the house: store, depot, broker. Gives a restarting database some minutes.
    pub const DEFAULT: Self =
        Self { tries: 10, first: Duration::from_millis(500), longest: Duration::from_secs(60) };
    /// For work that depends on strangers' servers.
    pub const OUTSIDE: Self =
        Self { tries: 4, first: Duration::from_secs(5), longest: Duration::from_secs(600) };
}

/// What becomes of a message that failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is tried again after this pause.
    Again(Duration),
    /// It is kept for a person.
    SetAside,
}

impl Retry {
    /// `attempt` counts the tries before this one. The pause is jittered by up to a quarter, from a
    /// digest of `id` and `attempt`, so that what failed together does not come back together.
    pub(crate) fn decide(&self, failure: &Failure, attempt: u32, id: &str) -> Verdict {
        if !failure.kind.is_transient() || attempt + 1 >= self.tries {
            return Verdict::SetAside;
        }
        let pause = self.first.saturating_mul(1 << attempt.min(20)).min(self.longest);
        let digest = Sha256::new().chain_update(id).chain_update(attempt.to_le_bytes()).finalize();
        Verdict::Again(pause.mul_f64(0.75 + f64::from(digest[0]) / 512.0))
    }
}

/// The failure of a message that no handler of this service takes.
pub(crate) fn unknown_kind(service: &str, kind: &str) -> Failure {
    let known: Vec<&str> = route::queues_of(service).flat_map(|queue| queue.kinds.iter().copied()).collect();
    Failure::new(
        contracts::ErrorKind::Invalid,
        format!("{service} takes no message of type {kind:?}; it takes {}", known.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::ErrorKind;

    #[test]
    fn transient_failures_come_back_later_and_later_until_they_are_set_aside() {
        let failure = Failure::new(ErrorKind::Unavailable, "down");
        let mut last = Duration::ZERO;
        for attempt in 0..6 {
            let Verdict::Again(pause) = Retry::DEFAULT.decide(&failure, attempt, "m") else {
                panic!("given up early")
            };
            assert!(pause > last, "{pause:?} after {last:?}");
            last = pause;
        }
        assert_eq!(Retry::DEFAULT.decide(&failure, 9, "m"), Verdict::SetAside);
    }

    #[test]
    fn permanent_failures_are_set_aside_at_once() {
        let failure = Failure::new(ErrorKind::Invalid, "wrong");
        assert_eq!(Retry::DEFAULT.decide(&failure, 0, "m"), Verdict::SetAside);
    }

    #[test]
    fn pauses_never_pass_the_longest() {
        let failure = Failure::new(ErrorKind::TimedOut, "slow");
        let retry = Retry { tries: u32::MAX, ..Retry::OUTSIDE };
        for attempt in [0, 5, 31, 32, 1000] {
            let Verdict::Again(pause) = retry.decide(&failure, attempt, "m") else { panic!("given up") };
            assert!(pause <= retry.longest.mul_f64(1.25));
        }
    }
}
