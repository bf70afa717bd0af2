//! How fast requests to one destination may begin.

use std::time::{Duration, Instant};

/// A bucket of tokens: at most a tenth of a second's worth at once, and then so many a second.
pub(crate) struct Pace {
    per_second: f64,
    tokens: f64,
    filled: Instant,
}

impl Pace {
    pub(crate) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second.max(1));
        Self { per_second, tokens: most(per_second), filled: now }
    }

    /// Takes a token; or says how long to wait for the next.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let gained = now.saturating_duration_since(self.filled).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(most(self.per_second));
        self.filled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / self.per_second))
    }
}

fn most(per_second: f64) -> f64 {
    (per_second / 10.0).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_begin_in_a_second_than_are_allowed() {
        let begun = Instant::now();
        let mut pace = Pace::new(50, begun);
        let mut taken = 0;
        let mut at = begun;
        while at < begun + Duration::from_secs(10) {
            match pace.take(at) {
                Ok(()) => taken += 1,
                Err(wait) => at += wait.max(Duration::from_micros(10)),
            }
        }
        assert!((495..=510).contains(&taken), "{taken}");
    }

    #[test]
    fn one_a_second_is_one_a_second() {
        let begun = Instant::now();
        let mut pace = Pace::new(1, begun);
        assert!(pace.take(begun).is_ok());
        let wait = pace.take(begun).unwrap_err();
        assert!(wait <= Duration::from_secs(1) && wait > Duration::from_millis(900));
        assert!(pace.take(begun + wait + Duration::from_millis(1)).is_ok());
    }
}
