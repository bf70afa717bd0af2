//! A bucket of tokens: full at first, filled evenly, emptied by requests.

use jiff::Timestamp;

/// A bucket that holds one minute's requests.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    tokens: f64,
    at: Timestamp,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Taken {
    pub(super) allowed: bool,
    /// Requests that are left.
    pub(super) left: u32,
    /// Seconds until the bucket is full.
    pub(super) full_in: u64,
    /// Seconds until as much as was asked for is there.
    pub(super) wait: u64,
}

impl Bucket {
    pub(super) fn full(rate: u32, now: Timestamp) -> Self {
        Self { tokens: f64::from(rate), at: now }
    }

    /// Whether it is as good as new, and need not be kept.
    pub(super) fn is_full(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).as_secs() >= 60
    }

    /// Takes `cost` tokens of a bucket that fills at `rate` a minute. What costs more than a whole minute has
    /// counts as a whole minute.
    pub(super) fn take(&mut self, rate: u32, cost: u32, now: Timestamp) -> Taken {
        let (size, per_second) = (f64::from(rate), f64::from(rate) / 60.0);
        let passed = now.duration_since(self.at).as_secs_f64().max(0.0);
        self.tokens = (self.tokens + passed * per_second).min(size);
        self.at = now;
        let cost = f64::from(cost).min(size);
        let allowed = self.tokens >= cost;
        if allowed {
            self.tokens -= cost;
        }
        let seconds = |tokens: f64| (tokens.max(0.0) / per_second).ceil() as u64;
        Taken {
            allowed,
            left: self.tokens as u32,
            full_in: seconds(size - self.tokens),
            wait: if allowed { 0 } else { seconds(cost - self.tokens).max(1) },
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_minute_has_what_it_has_and_fills_evenly() {
        let now = Timestamp::UNIX_EPOCH;
        let mut bucket = Bucket::full(60, now);
        for left in (0..60).rev() {
            let taken = bucket.take(60, 1, now);
            assert_eq!((taken.allowed, taken.left), (true, left));
        }
        let refused = bucket.take(60, 1, now);
        assert_eq!(refused, Taken { allowed: false, left: 0, full_in: 60, wait: 1 });
        assert_eq!(bucket.take(60, 10, now).wait, 10);
        let later = now + SignedDuration::from_secs(10);
        assert!(bucket.take(60, 10, later).allowed);
        assert!(!bucket.take(60, 1, later).allowed);
        // A clock that goes back gives nothing, and takes nothing.
        assert!(!bucket.take(60, 1, now).allowed);
        let much_later = now + SignedDuration::from_secs(600);
        assert!(bucket.is_full(much_later));
        assert!(bucket.take(60, 1_000, much_later).allowed);
    }
}
