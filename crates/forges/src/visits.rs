//! When a repository is worth its next visit. Pure: time, history and chance come in, a moment comes out.
//!
//! Two truths are kept apart: what the forge says (the last push) and what we saw (whether a visit brought
//! anything new). A push that is later than our last visit is a reason to come now. Without a word from the
//! forge the repository's own history decides: it changed, sooner; it did not, later.

use std::time::Duration;

use contracts::ErrorKind;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The pause after a first visit, before there is any history.
pub const FIRST: Duration = Duration::from_secs(7 * DAY);
/// No repository is visited by plan more often than this.
pub const SHORTEST: Duration = Duration::from_secs(HOUR);
/// None is left alone for longer, unless it is switched off.
pub const LONGEST: Duration = Duration::from_secs(90 * DAY);
/// So long after a push it is visited: pushes come in bursts.
pub const SETTLE: Duration = Duration::from_secs(MINUTE);
/// Failures of a permanent kind in a row after which a repository is switched off.
pub const PERMANENT: u32 = 3;

/// How the pause changes with what a visit saw.
const SOONER: f64 = 0.6;
const LATER: f64 = 1.7;
/// A repository whose forge tells of pushes is visited unasked so many times more seldom than its history
/// alone would say: only in case that a word was lost.
const TOLD: f64 = 4.0;
/// A repository that changed within so many freshness targets has to keep it.
const LIVELY: u32 = 10;
/// The first pause after a failure that may pass, and the longest.
const REST: Duration = Duration::from_secs(10 * MINUTE);
const LONGEST_REST: Duration = Duration::from_secs(DAY);
/// The first pause after a failure of a permanent kind.
const PERMANENT_REST: Duration = Duration::from_secs(DAY);

/// What is remembered of a repository between visits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct History {
    /// The pause that fits what was seen so far; zero before the first visit.
    pub pause: Duration,
    /// When a visit last brought something new.
    pub changed_at: Option<Timestamp>,
    /// Failures in a row.
    pub failures: u32,
    /// Failures of a permanent kind in a row.
    pub permanent: u32,
    /// Visits in all.
    pub visits: u32,
}

/// What else bears upon the next visit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Circumstances {
    /// How old what is held of a lively repository may be.
    pub freshness: Option<Duration>,
    /// The last push, as the forge says.
    pub pushed_at: Option<Timestamp>,
    /// Whether somebody tells us of pushes again and again: a source that is run by schedule.
    pub told: bool,
    /// Whether the forge says that nothing will change any more.
    pub archived: bool,
    /// When the visit began, of which this is the outcome.
    pub visited_at: Timestamp,
}

/// What a visit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something new.
    Changed,
    /// Nothing new.
    Unchanged,
    /// It failed, so.
    Failed(ErrorKind),
}

/// What follows from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// The next visit is due then.
    At(Timestamp),
    /// There is none until the forge shows something else.
    Off(&'static str),
}

/// The history and the next visit after `outcome`. `seed` tells repositories apart, so that those which were
/// visited together do not come back together.
pub fn after(
    history: History,
    outcome: Outcome,
    around: &Circumstances,
    seed: &[u8],
    now: Timestamp,
) -> (History, Next) {
    let mut history = History { visits: history.visits.saturating_add(1), ..history };
    if let Outcome::Failed(kind) = outcome {
        history.failures = history.failures.saturating_add(1);
        history.permanent =
            if kind.is_transient() || kind == ErrorKind::Cancelled || kind == ErrorKind::Internal {
                0
            } else {
                history.permanent.saturating_add(1)
            };
        if history.permanent >= PERMANENT {
            return (history, Next::Off("three visits in a row failed for good"));
        }
        let (first, longest, count) = match history.permanent {
            0 => (REST, LONGEST_REST, history.failures),
            count => (PERMANENT_REST, LONGEST, count.saturating_mul(2)),
        };
        let rest = first.saturating_mul(1 << (count - 1).min(20)).min(longest);
        return (history, Next::At(later(now, jittered(rest, seed, history.visits))));
    }
    (history.failures, history.permanent) = (0, 0);
    let first = history.pause.is_zero();
    if outcome == Outcome::Changed && !first {
        history.changed_at = Some(now);
    }
    history.pause = match (first, outcome) {
        (true, _) => first_pause(around, now),
        (false, Outcome::Changed) => history.pause.mul_f64(SOONER),
        (false, _) => history.pause.mul_f64(LATER),
    }
    .clamp(SHORTEST, LONGEST);
    let lag = around.pushed_at.is_some_and(|pushed| pushed > around.visited_at);
    if around.archived && around.pushed_at.is_some() && !lag {
        return (history, Next::Off("it is archived, and we have its last state"));
    }
    if lag {
        return (history, Next::At(later(now, SETTLE)));
    }
    let mut pause = history.pause;
    if around.told && around.pushed_at.is_some() {
        pause = pause.mul_f64(TOLD);
    }
    if let Some(freshness) = around.freshness {
        let active = [history.changed_at, around.pushed_at].into_iter().flatten().max();
        if active.is_some_and(|at| later(at, freshness.saturating_mul(LIVELY)) > now) {
            pause = pause.min(freshness);
        }
    }
    (history, Next::At(later(now, jittered(pause.clamp(SHORTEST, LONGEST), seed, history.visits))))
}

/// Before there is any history, what was pushed lately is taken to be pushed again in about as long.
fn first_pause(around: &Circumstances, now: Timestamp) -> Duration {
    match around.pushed_at {
        Some(pushed) => Duration::try_from(now.duration_since(pushed)).unwrap_or(FIRST),
        None => FIRST,
    }
}

/// When to come because the forge tells of a push; none when we have been there since.
pub fn on_push(pushed_at: Timestamp, visited_at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    visited_at.is_none_or(|visited| pushed_at > visited).then(|| later(now, SETTLE))
}

/// How room in the queue is shared: whoever is waited for first, then new repositories and old ones half
/// and half, and what one of them does not need goes to the other.
pub fn share(room: usize, asked: usize, fresh: usize, due: usize) -> [usize; 3] {
    let asked = asked.min(room);
    let room = room - asked;
    let half = room.div_ceil(2);
    let due_first = due.min(room / 2);
    let fresh = fresh.min(half.max(room - due_first));
    [asked, fresh, due.min(room - fresh)]
}

/// Up to an eighth sooner or later.
fn jittered(pause: Duration, seed: &[u8], visits: u32) -> Duration {
    let digest = Sha256::new().chain_update(seed).chain_update(visits.to_le_bytes()).finalize();
    let part = u16::from_le_bytes([digest[0], digest[1]]);
    pause.mul_f64(0.875 + f64::from(part) / f64::from(u16::MAX) / 4.0)
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn around(days_since_push: Option<u64>) -> Circumstances {
        let pushed_at = days_since_push.map(|days| NOW - Duration::from_secs(days * DAY));
        Circumstances { visited_at: NOW, pushed_at, ..Circumstances::default() }
    }

    fn pause(next: Next) -> Duration {
        match next {
            Next::At(at) => Duration::try_from(at.duration_since(NOW)).unwrap(),
            Next::Off(reason) => panic!("{reason}"),
        }
    }

    #[test]
    fn what_changes_is_visited_sooner_and_what_does_not_later() {
        let start = History { pause: FIRST, visits: 1, ..History::default() };
        let (_, sooner) = after(start, Outcome::Changed, &around(None), b"a", NOW);
        let (_, later) = after(start, Outcome::Unchanged, &around(None), b"a", NOW);
        assert!(pause(sooner) < FIRST && pause(later) > FIRST);
        let mut history = start;
        for _ in 0..50 {
            let next;
            (history, next) = after(history, Outcome::Unchanged, &around(None), b"a", NOW);
            assert!(pause(next) <= LONGEST.mul_f64(1.13));
        }
        for _ in 0..50 {
            let next;
            (history, next) = after(history, Outcome::Changed, &around(None), b"a", NOW);
            assert!(pause(next) >= SHORTEST.mul_f64(0.87));
        }
    }

    #[test]
    fn a_push_behind_the_visit_calls_us_back_and_an_archive_lets_us_go() {
        let history = History { pause: FIRST, visits: 3, ..History::default() };
        let during = Circumstances { visited_at: NOW - Duration::from_secs(5 * DAY), ..around(Some(2)) };
        assert_eq!(after(history, Outcome::Changed, &during, b"a", NOW).1, Next::At(NOW + SETTLE));
        let archived = Circumstances { archived: true, ..around(Some(400)) };
        assert!(matches!(after(history, Outcome::Unchanged, &archived, b"a", NOW).1, Next::Off(_)));
        assert_eq!(on_push(NOW, Some(NOW - SETTLE), NOW), Some(NOW + SETTLE));
        assert_eq!(on_push(NOW, Some(NOW), NOW), None);
    }

    #[test]
    fn a_lively_repository_keeps_its_freshness_target() {
        let history = History { pause: LONGEST, visits: 3, ..History::default() };
        let target = Duration::from_secs(DAY);
        let lively = Circumstances { freshness: Some(target), told: true, ..around(Some(2)) };
        assert!(pause(after(history, Outcome::Unchanged, &lively, b"a", NOW).1) <= target.mul_f64(1.13));
        let quiet = Circumstances { freshness: Some(target), ..around(Some(300)) };
        assert!(pause(after(history, Outcome::Unchanged, &quiet, b"a", NOW).1) > target * 30);
    }

    #[test]
    fn failures_rest_longer_and_longer_and_the_third_permanent_one_is_the_last() {
        let mut history = History::default();
        let mut before = Duration::ZERO;
        for _ in 0..6 {
            let next;
            (history, next) = after(history, Outcome::Failed(ErrorKind::TimedOut), &around(None), b"a", NOW);
            assert!(pause(next) > before);
            before = pause(next);
        }
        for count in 1..PERMANENT {
            let next;
            (history, next) = after(history, Outcome::Failed(ErrorKind::NotFound), &around(None), b"a", NOW);
            assert!(pause(next) > Duration::from_secs(20 * HOUR), "{count}");
        }
        let (history, next) = after(history, Outcome::Failed(ErrorKind::NotFound), &around(None), b"a", NOW);
        assert!(matches!(next, Next::Off(_)));
        // A visit that goes well forgets all that.
        let (history, _) = after(history, Outcome::Unchanged, &around(None), b"a", NOW);
        assert_eq!((history.failures, history.permanent), (0, 0));
    }

    proptest! {
        #[test]
        fn room_is_filled_and_never_overfilled(room in 0_usize..500, asked in 0_usize..300, fresh in 0_usize..900, due in 0_usize..900) {
            let [one, two, three] = share(room, asked, fresh, due);
            prop_assert!(one <= asked && two <= fresh && three <= due);
            prop_assert_eq!(one + two + three, room.min(asked + fresh + due));
            let left = room - one;
            prop_assert!(two >= fresh.min(left / 2) && three >= due.min(left / 2), "nobody starves");
        }
    }
}
