//! Repositories that fail again and again are left alone for a while.

use contracts::{ErrorKind, Failure};
use jiff::{SignedDuration, Timestamp};
use store::failures::RepositoryFailures;

/// The longest rest.
const LONGEST_HOURS: u32 = 30 * 24;

/// When a repository rests, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    /// Failures in a row after which it does; 0 is never.
    pub(crate) after: u32,
    /// The first rest in hours; each further failure doubles it.
    pub(crate) hours: u32,
}

impl Rest {
    /// What one more failure comes to. `None` when it says nothing about the repository: it was stopped, the
    /// network or something of ours failed.
    pub(crate) fn failed(
        self,
        before: Option<&RepositoryFailures>,
        failure: &Failure,
        now: Timestamp,
    ) -> Option<RepositoryFailures> {
        use ErrorKind::{Forbidden, Invalid, NotFound, TooLarge};
        if !matches!(failure.kind, NotFound | Forbidden | Invalid | TooLarge) {
            return None;
        }
        let in_a_row = before.map_or(0, |before| before.in_a_row) + 1;
        let over = in_a_row.checked_sub(u64::from(self.after)).filter(|_| self.after > 0);
        let rests_until = over.map(|over| {
            let hours = self.hours.saturating_mul(1 << over.min(16)).min(LONGEST_HOURS);
            now + SignedDuration::from_hours(hours.into())
        });
        Some(RepositoryFailures { in_a_row, last: failure.clone(), at: now, rests_until })
    }
}

/// Why a visit is not made now, when it is not: the repository rests. Whoever waits for the answer at a terminal
/// gets one from the repository itself.
pub(crate) fn resting(
    failures: Option<&RepositoryFailures>,
    insisted: bool,
    now: Timestamp,
) -> Option<Failure> {
    let failures = failures.filter(|_| !insisted)?;
    let until = failures.rests_until.filter(|until| *until > now)?;
    let RepositoryFailures { in_a_row, last, .. } = failures;
    let reason = format!(
        "rests until {until:.0}, because {in_a_row} visits in a row failed, the last one so: {}",
        last.reason
    );
    Some(Failure { kind: last.kind, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
    }

    #[test]
    fn the_third_failure_in_a_row_is_followed_by_a_rest_that_grows() {
        let rest = Rest { after: 3, hours: 24 };
        let gone = Failure::new(ErrorKind::NotFound, "there is no repository");
        let mut failures = None;
        let mut rests = Vec::new();
        for _ in 0..9 {
            failures = rest.failed(failures.as_ref(), &gone, at(0));
            let until = failures.as_ref().unwrap().rests_until;
            rests.push(until.map(|until| until.duration_since(at(0)).as_hours()));
        }
        let some = [24, 48, 96, 192, 384, 720, 720].map(Some);
        assert_eq!(rests, [&[None, None][..], &some].concat());
    }

    #[test]
    fn only_what_the_repository_did_counts() {
        let rest = Rest { after: 1, hours: 1 };
        for kind in [ErrorKind::Cancelled, ErrorKind::Internal, ErrorKind::Unavailable] {
            assert_eq!(rest.failed(None, &Failure::new(kind, "x"), at(0)), None);
        }
        let never = Rest { after: 0, hours: 1 };
        let failed = never.failed(None, &Failure::new(ErrorKind::NotFound, "x"), at(0)).unwrap();
        assert_eq!(failed.rests_until, None);
    }

    #[test]
    fn it_says_that_it_rests_until_it_does_not_or_somebody_insists() {
        let failed = Rest { after: 1, hours: 2 }
            .failed(None, &Failure::new(ErrorKind::NotFound, "there is none"), at(0))
            .unwrap();
        let said = resting(Some(&failed), false, at(1)).unwrap();
        assert_eq!(said.kind, ErrorKind::NotFound);
        assert!(
            said.reason.contains("1 visits in a row") && said.reason.ends_with("there is none"),
            "{said}"
        );
        assert_eq!(resting(Some(&failed), true, at(1)), None);
        assert_eq!(resting(Some(&failed), false, at(3)), None);
        assert_eq!(resting(None, false, at(0)), None);
    }
}
