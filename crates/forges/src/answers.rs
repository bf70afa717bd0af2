//! What an answer says beside its body: how much is left, and whether we are to wait.

use std::time::Duration;

use contracts::{ErrorKind, Failure};
use jiff::Timestamp;

use crate::exchange::{Answer, Request};

/// The first pause when a forge says "too much" and not for how long; it doubles with each further time.
const FIRST_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause of that kind.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);
/// No forge's word makes us wait for longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
/// Numbers above this are times in seconds since 1970, below it they are seconds from now.
const IS_TIME: i64 = 1_000_000_000;

/// What the headers tell of a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Calls in one period.
    pub limit: Option<i64>,
    /// Calls that are left of it.
    pub remaining: Option<i64>,
    /// When the next period begins.
    pub reset_at: Option<Timestamp>,
}

/// What an answer means for the calls after it.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is an answer to what was asked.
    Fine,
    /// What was asked is as it was when its tag was given.
    NotModified,
    /// No more calls with this token until then, for this reason.
    Wait {
        /// Until when.
        until: Timestamp,
        /// Why, for people.
        reason: String,
    },
    /// The token is expired, revoked or not good for this.
    BadToken(String),
    /// It cannot be had, now or at all.
    Failed(Failure),
}

/// Reads the headers of every forge's family: `x-ratelimit-*` (GitHub, Bitbucket, Forgejo), `ratelimit-*`
/// (GitLab and the drafts of the IETF).
pub fn told(answer: &Answer, now: Timestamp) -> Told {
    let number = |name: &str| {
        let value = ["x-ratelimit-", "ratelimit-"]
            .iter()
            .find_map(|prefix| answer.header(&format!("{prefix}{name}")))?;
        // Some say `100, 100;w=60`.
        value.split([',', ';', '.']).next()?.trim().parse::<i64>().ok().filter(|number| *number >= 0)
    };
    Told {
        limit: number("limit"),
        remaining: number("remaining"),
        reset_at: number("reset").and_then(|at| moment(at, now)),
    }
}

/// A number that is a time, in whatever unit, or a span from now.
fn moment(number: i64, now: Timestamp) -> Option<Timestamp> {
    let at = match number {
        0..IS_TIME => now.checked_add(Duration::from_secs(number.unsigned_abs())).ok(),
        IS_TIME..=100_000_000_000 => Timestamp::from_second(number).ok(),
        _ => Timestamp::from_millisecond(number).ok(),
    };
    at.map(|at| at.min(now + LONGEST_WAIT))
}

/// What `Retry-After` says: seconds, or a date of HTTP.
fn retry_after(answer: &Answer, now: Timestamp) -> Option<Timestamp> {
    let value = answer.header("retry-after")?.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(now + Duration::from_secs(seconds.into()).min(LONGEST_WAIT));
    }
    // Sat, 21 Nov 2026 15:00:00 GMT
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(date.clamp(now, now + LONGEST_WAIT))
}

/// What an answer means. `with_token` is whether one was shown, `strikes` how often this budget was passed in
/// a row before.
pub fn verdict(
    request: &Request,
    answer: &Answer,
    with_token: bool,
    strikes: u32,
    now: Timestamp,
) -> Verdict {
    let told = told(answer, now);
    if request.understands.contains(&answer.status) && !is_limit(answer, &told) {
        return Verdict::Fine;
    }
    match answer.status {
        200 | 206 => Verdict::Fine,
        304 => Verdict::NotModified,
        401 if with_token => Verdict::BadToken(format!("the forge refuses the token ({})", words(answer))),
        401 => failed(ErrorKind::Forbidden, answer, "it wants a token; give one in forges.tokens"),
        403 | 429 if is_limit(answer, &told) => wait(answer, &told, strikes, now),
        403 => failed(ErrorKind::Forbidden, answer, "it does not let us see that"),
        301 | 302 | 307 | 308 => failed(ErrorKind::NotFound, answer, "it is elsewhere by now"),
        404 | 410 | 451 => failed(ErrorKind::NotFound, answer, "there is no such thing"),
        408 | 504 => failed(ErrorKind::TimedOut, answer, "it took too long for the forge itself"),
        500..=599 => match retry_after(answer, now) {
            Some(until) if answer.status == 503 => {
                Verdict::Wait { until, reason: format!("the forge is down for a while ({})", words(answer)) }
            }
            _ => failed(ErrorKind::Unavailable, answer, "the forge is in trouble"),
        },
        _ => failed(ErrorKind::Invalid, answer, "it does not understand what we ask"),
    }
}

fn failed(kind: ErrorKind, answer: &Answer, what: &str) -> Verdict {
    Verdict::Failed(Failure::new(
        kind,
        format!("the forge answered {}: {what} ({})", answer.status, words(answer)),
    ))
}

/// Whether "no" means "not now". GitHub says 403 for both.
fn is_limit(answer: &Answer, told: &Told) -> bool {
    match answer.status {
        429 => true,
        403 => {
            told.remaining == Some(0) || answer.header("retry-after").is_some() || {
                let body = String::from_utf8_lossy(&answer.body).to_ascii_lowercase();
                ["rate limit", "abuse detection", "too many requests"]
                    .iter()
                    .any(|words| body.contains(words))
            }
        }
        _ => false,
    }
}

fn wait(answer: &Answer, told: &Told, strikes: u32, now: Timestamp) -> Verdict {
    let used_up = (told.remaining == Some(0)).then_some(told.reset_at).flatten();
    let pause = FIRST_PAUSE.saturating_mul(1 << strikes.min(10)).min(LONGEST_PAUSE);
    let (until, reason) = match (retry_after(answer, now), used_up) {
        (Some(until), _) => (until, "the forge asks us to wait"),
        (None, Some(until)) => (until, "the calls of this period are used up"),
        (None, None) => (now + pause, "the forge says too much, and not for how long"),
    };
    // A clock that goes a little ahead of ours must not make us ask in vain.
    let until = until.max(now + Duration::from_secs(1));
    Verdict::Wait { until, reason: format!("{reason} ({})", words(answer)) }
}

/// What the forge itself says, shortened.
fn words(answer: &Answer) -> String {
    let document: Option<serde_json::Value> = serde_json::from_slice(&answer.body).ok();
    let message = document.as_ref().and_then(|document| {
        ["/message", "/error/message", "/error", "/errors/0/message"]
            .iter()
            .find_map(|pointer| document.pointer(pointer)?.as_str())
    });
    let text = match message {
        Some(message) => message.to_owned(),
        None => String::from_utf8_lossy(&answer.body).split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let text: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
    if text.is_empty() { "without a word".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Auth;

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status, headers, body: body.as_bytes().to_vec(), more: false }
    }

    fn judge(answer: &Answer, strikes: u32) -> Verdict {
        let request = Request::json("https://f.example/x".to_owned(), Auth::Bearer, "core");
        verdict(&request, answer, true, strikes, NOW)
    }

    fn until(verdict: Verdict) -> i64 {
        match verdict {
            Verdict::Wait { until, .. } => until.as_second() - NOW.as_second(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_familys_headers_are_read() {
        let github = answer(
            200,
            &[
                ("x-ratelimit-limit", "5000"),
                ("x-ratelimit-remaining", "4999"),
                ("x-ratelimit-reset", "1800000060"),
            ],
            "",
        );
        let told_github = told(&github, NOW);
        assert_eq!((told_github.limit, told_github.remaining), (Some(5000), Some(4999)));
        assert_eq!(told_github.reset_at.unwrap().as_second(), 1_800_000_060);
        let ietf = answer(
            200,
            &[("ratelimit-limit", "100, 100;w=60"), ("ratelimit-remaining", "7"), ("ratelimit-reset", "30")],
            "",
        );
        let told_ietf = told(&ietf, NOW);
        assert_eq!((told_ietf.limit, told_ietf.remaining), (Some(100), Some(7)));
        assert_eq!(told_ietf.reset_at.unwrap(), NOW + Duration::from_secs(30));
        assert_eq!(told(&answer(200, &[("x-ratelimit-remaining", "-3")], ""), NOW), Told::default());
    }

    #[test]
    fn limits_are_waited_for_as_long_as_the_forge_says() {
        let primary = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000900")];
        assert_eq!(until(judge(&answer(403, &primary, ""), 0)), 900);
        assert_eq!(until(judge(&answer(429, &[("retry-after", "42")], ""), 5)), 42);
        let date = [("retry-after", "Fri, 15 Jan 2027 08:02:00 GMT")];
        assert_eq!(until(judge(&answer(429, &date, ""), 0)), 120);
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        assert_eq!(until(judge(&answer(403, &[], secondary), 0)), 60);
        // Without a word on how long: longer and longer, and not for ever.
        assert_eq!(until(judge(&answer(429, &[], "<html>no</html>"), 1)), 120);
        assert_eq!(until(judge(&answer(429, &[], ""), 40)), 3600);
        let absurd = [("retry-after", "4000000000")];
        assert_eq!(until(judge(&answer(429, &absurd, ""), 0)), 24 * 3600);
    }

    #[test]
    fn what_is_no_limit_is_told_by_its_kind() {
        let kind = |status| match judge(&answer(status, &[], r#"{"message":"why"}"#), 0) {
            Verdict::Failed(failure) => {
                assert!(failure.reason.contains("why"), "{failure}");
                Some(failure.kind)
            }
            _ => None,
        };
        assert_eq!(kind(403), Some(ErrorKind::Forbidden));
        assert_eq!(kind(404), Some(ErrorKind::NotFound));
        assert_eq!(kind(500), Some(ErrorKind::Unavailable));
        assert_eq!(kind(502), Some(ErrorKind::Unavailable));
        assert_eq!(kind(422), Some(ErrorKind::Invalid));
        assert!(matches!(judge(&answer(401, &[], ""), 0), Verdict::BadToken(_)));
        assert_eq!(judge(&answer(304, &[], ""), 0), Verdict::NotModified);
    }
}
