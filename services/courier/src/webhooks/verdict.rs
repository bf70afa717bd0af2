//! What a try came to.

use std::time::Duration;

use contracts::{DeliveryId, ErrorKind, Failure};
use egress::Answer;
use jiff::{SignedDuration, Timestamp};
use store::webhooks::deliveries::{Attempt, Ended};

use super::schedule;

/// How much of an answer is kept, in bytes.
pub(crate) const KEPT: usize = 1_024;

/// What a try means for its delivery, for its webhook and for its destination.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) attempt: Attempt,
    pub(crate) ended: Ended,
    /// The receiver asked not to be told any more.
    pub(crate) gone: bool,
    /// Whether the destination did well; `None` when it was not asked at all.
    pub(crate) well: Option<bool>,
}

/// Judges the try that began at `at`, the `tries`th.
pub(crate) fn judge(
    id: DeliveryId,
    tries: u32,
    result: Result<Answer, Failure>,
    at: Timestamp,
    took: Duration,
    now: Timestamp,
) -> Verdict {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let attempt = Attempt { at, micros, status: None, error: None, answer: String::new() };
    match result {
        Ok(answer) => {
            let attempt = Attempt {
                status: Some(answer.status),
                answer: String::from_utf8_lossy(&answer.head).into_owned(),
                ..attempt
            };
            if answer.is_success() {
                return Verdict { attempt, ended: Ended::Delivered, gone: false, well: Some(true) };
            }
            if answer.status == 410 {
                let reason = "the receiver answered 410: it does not want to be told any more".to_owned();
                return Verdict { attempt, ended: Ended::Failed(reason), gone: true, well: Some(true) };
            }
            let asked = answer.retry_after.as_deref().and_then(|text| schedule::retry_after(text, now));
            let why = match answer.status {
                300..400 => format!("the receiver answered {}: redirects are not followed", answer.status),
                status => format!("the receiver answered {status}"),
            };
            Verdict { attempt, ended: again(id, tries, asked, &why, now), gone: false, well: Some(false) }
        }
        Err(failure) => {
            let attempt = Attempt { error: Some(failure.reason.clone()), ..attempt };
            // An address that is refused is refused the next time too.
            if matches!(failure.kind, ErrorKind::Forbidden | ErrorKind::Invalid) {
                return Verdict { attempt, ended: Ended::Failed(failure.reason), gone: false, well: None };
            }
            Verdict {
                attempt,
                ended: again(id, tries, None, &failure.reason, now),
                gone: false,
                well: Some(false),
            }
        }
    }
}

fn again(id: DeliveryId, tries: u32, asked: Option<Duration>, why: &str, now: Timestamp) -> Ended {
    let given_up = || Ended::Failed(format!("given up after {tries} tries; the last: {why}"));
    let Some(pause) = schedule::pause(id, tries, asked) else { return given_up() };
    let at = SignedDuration::try_from(pause).ok().and_then(|pause| now.checked_add(pause).ok());
    at.map_or_else(given_up, Ended::Again)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16) -> Verdict {
        let answer = Answer { status, head: b"well\xff".to_vec(), retry_after: None };
        judged(1, Ok(answer))
    }

    fn judged(tries: u32, result: Result<Answer, Failure>) -> Verdict {
        let now = Timestamp::UNIX_EPOCH;
        judge(DeliveryId::new(), tries, result, now, Duration::from_millis(3), now)
    }

    #[test]
    fn the_status_decides() {
        for status in [200, 201, 204, 299] {
            let verdict = answered(status);
            assert_eq!((verdict.ended, verdict.well), (Ended::Delivered, Some(true)));
            assert_eq!(verdict.attempt.answer, "well\u{fffd}");
        }
        for status in [301, 307, 400, 404, 429, 500, 503] {
            let verdict = answered(status);
            assert!(matches!(verdict.ended, Ended::Again(_)), "{status}");
            assert_eq!((verdict.well, verdict.attempt.status), (Some(false), Some(status)));
        }
        let gone = answered(410);
        assert!(gone.gone && matches!(gone.ended, Ended::Failed(_)));
    }

    #[test]
    fn what_is_refused_is_not_tried_again_and_what_fails_is() {
        let failed = |kind| judged(1, Err(Failure::new(kind, "x"))).ended;
        assert!(matches!(failed(ErrorKind::Forbidden), Ended::Failed(_)));
        assert!(matches!(failed(ErrorKind::Invalid), Ended::Failed(_)));
        assert!(matches!(failed(ErrorKind::TimedOut), Ended::Again(_)));
        let last = judged(10, Err(Failure::new(ErrorKind::Unavailable, "nobody there")));
        assert_eq!(last.ended, Ended::Failed("given up after 10 tries; the last: nobody there".to_owned()));
    }
}
