//! How a destination has been doing, and what follows from it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::webhooks::destinations::Health;

/// So many failures one after the other open the circuit.
const ENOUGH: u32 = 5;
/// For how long at first; it doubles with each further failure.
const FIRST: Duration = Duration::from_secs(30);
/// For how long at most.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Whether a destination may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Circuit {
    /// It may.
    Closed,
    /// One request may try whether it is well again.
    HalfOpen,
    /// It may not.
    Open,
}

/// Whether a destination that has been doing so may be sent to.
pub(crate) fn circuit(health: &Health, now: Timestamp) -> Circuit {
    match health.open_until {
        Some(until) if until > now => Circuit::Open,
        _ if health.failures >= ENOUGH => Circuit::HalfOpen,
        _ => Circuit::Closed,
    }
}

/// How it has been doing after a success.
pub(crate) fn succeeded(health: &mut Health) {
    *health = Health::default();
}

/// How it has been doing after a failure. Requests that were under way together and failed after the
/// circuit opened count as one: they say nothing new.
pub(crate) fn failed(health: &mut Health, now: Timestamp) {
    if circuit(health, now) == Circuit::Open {
        return;
    }
    health.failures = health.failures.saturating_add(1);
    health.failing_since.get_or_insert(now);
    if health.failures >= ENOUGH {
        let doublings = (health.failures - ENOUGH).min(16);
        let pause = FIRST.saturating_mul(1 << doublings).min(LONGEST);
        let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::ZERO);
        health.open_until = now.checked_add(pause).ok();
    }
}

/// Whether it has failed for so long that it is switched off.
pub(crate) fn is_hopeless(health: &Health, after: Duration, now: Timestamp) -> bool {
    health.failures >= ENOUGH
        && health.failing_since.is_some_and(|since| {
            Duration::try_from(now.duration_since(since)).is_ok_and(|failing| failing >= after)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(at: Timestamp, seconds: i64) -> Timestamp {
        at + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn the_circuit_opens_for_longer_and_longer_and_closes_with_a_success() {
        let mut now = Timestamp::UNIX_EPOCH;
        let mut health = Health::default();
        for _ in 1..ENOUGH {
            failed(&mut health, now);
            assert_eq!(circuit(&health, now), Circuit::Closed);
        }
        let mut last = SignedDuration::ZERO;
        for _ in 0..5 {
            failed(&mut health, now);
            let open = health.open_until.unwrap().duration_since(now);
            assert!(open > last, "{open} after {last}");
            last = open;
            assert_eq!(circuit(&health, now), Circuit::Open);
            now = health.open_until.unwrap();
            assert_eq!(circuit(&health, now), Circuit::HalfOpen);
        }
        succeeded(&mut health);
        assert_eq!((circuit(&health, now), health), (Circuit::Closed, Health::default()));
    }

    #[test]
    fn failures_that_were_under_way_when_it_opened_count_once() {
        let now = Timestamp::UNIX_EPOCH;
        let mut health = Health::default();
        for _ in 0..100 {
            failed(&mut health, now);
        }
        assert_eq!(health.failures, ENOUGH);
    }

    #[test]
    fn only_long_failure_is_hopeless() {
        let since = Timestamp::UNIX_EPOCH;
        let day = Duration::from_secs(86_400);
        let health = Health { failures: 40, failing_since: Some(since), open_until: None };
        assert!(!is_hopeless(&health, day, later(since, 86_399)));
        assert!(is_hopeless(&health, day, later(since, 86_400)));
        assert!(!is_hopeless(&Health { failures: 2, ..health }, day, later(since, 1_000_000)));
        assert!(!is_hopeless(&Health::default(), day, later(since, 1_000_000)));
    }
}
