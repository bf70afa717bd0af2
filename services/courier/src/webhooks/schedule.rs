//! When a delivery is tried again: ten tries over about three days.

use std::time::Duration;

use contracts::DeliveryId;
use jiff::Timestamp;

/// The pause after each try that failed.
const PAUSES: &[Duration] = &[
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(14 * 3600),
    Duration::from_secs(20 * 3600),
    Duration::from_secs(24 * 3600),
];

/// The longest pause that a destination may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);

/// The pause after `tries` tries; `None` when it is given up. It is jittered by up to a fifth, from the
/// delivery's id, so that what failed together does not come back together. A destination may ask for
/// more time, within bounds, but not for less.
pub(crate) fn pause(id: DeliveryId, tries: u32, asked: Option<Duration>) -> Option<Duration> {
    let pause = PAUSES.get(usize::try_from(tries.checked_sub(1)?).ok()?)?;
    let byte = id.0.as_bytes()[15].wrapping_add(u8::try_from(tries % 251).unwrap_or(0).wrapping_mul(37));
    let jittered = pause.mul_f64(0.8 + 0.4 * f64::from(byte) / 255.0);
    Some(asked.map_or(jittered, |asked| jittered.max(asked.min(LONGEST_ASKED))))
}

/// What a header `Retry-After` asks for: seconds, or a date.
pub(crate) fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(&text.replace("GMT", "+0000")).ok()?.timestamp();
    Duration::try_from(date.duration_since(now)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tries_take_about_three_days() {
        for _ in 0..1_000 {
            let id = DeliveryId::new();
            let pauses: Vec<Duration> = (1..).map_while(|tries| pause(id, tries, None)).collect();
            assert_eq!(pauses.len(), 9);
            let days = pauses.iter().sum::<Duration>().as_secs_f64() / 86_400.0;
            assert!((2.5..3.8).contains(&days), "{days}");
            for (pause, wanted) in pauses.iter().zip(PAUSES) {
                let part = pause.as_secs_f64() / wanted.as_secs_f64();
                assert!((0.8..=1.2).contains(&part), "{pauses:?}");
            }
            assert_eq!(pause(id, 0, None), None);
        }
    }

    #[test]
    fn a_destination_may_ask_for_more_time_but_not_for_less() {
        let id = DeliveryId::new();
        let asked = |seconds| pause(id, 1, Some(Duration::from_secs(seconds))).unwrap();
        assert!(asked(0) >= Duration::from_secs(4));
        assert_eq!(asked(3600), Duration::from_secs(3600));
        assert_eq!(asked(u64::MAX), LONGEST_ASKED);
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sat, 21 Nov 2026 10:01:00 GMT", now), Some(Duration::from_secs(60)));
        for text in ["", "soon", "-1", "Sat, 21 Nov 2026 09:00:00 GMT", "99999999999999999999"] {
            assert_eq!(retry_after(text, now), None, "{text}");
        }
    }
}
