//! The time of day, passed in, so that a test can say what it is.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// The time of day. Cheap to clone; clones of a manual clock are moved together.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    manual: Option<watch::Sender<Timestamp>>,
    ahead: Duration,
}

impl Clock {
    /// The clock of the machine.
    pub const fn system() -> Self {
        Self { manual: None, ahead: Duration::ZERO }
    }

    /// A clock that goes with the machine's, `by` ahead of it: as if so much time had passed.
    pub const fn ahead(by: Duration) -> Self {
        Self { manual: None, ahead: by }
    }

    /// A clock that stands at `start` until it is moved.
    pub fn manual(start: Timestamp) -> Self {
        Self { manual: Some(watch::Sender::new(start)), ahead: Duration::ZERO }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.manual.as_ref().map_or_else(|| later(Timestamp::now(), self.ahead), |at| *at.borrow())
    }

    /// Moves a manual clock forward and wakes who sleeps on it. The machine's clock is not moved.
    pub fn advance(&self, by: Duration) {
        if let Some(at) = &self.manual {
            at.send_modify(|now| *now = later(*now, by));
        }
    }

    /// Waits until `duration` has passed on this clock: on a manual one, until it was moved that far.
    pub async fn sleep(&self, duration: Duration) {
        let Some(at) = &self.manual else {
            return tokio::time::sleep(duration).await;
        };
        let until = later(*at.borrow(), duration);
        // `self` holds the sender, so the wait cannot end for want of one.
        drop(at.subscribe().wait_for(|now| *now >= until).await);
    }
}

/// `at` and `by` more; the last representable moment when that is out of range.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_manual_clock_move_together() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let other = clock.clone();
        clock.advance(Duration::from_secs(90));
        assert_eq!(other.now().as_second(), 90);
        clock.advance(Duration::MAX);
        assert_eq!(other.now(), Timestamp::MAX);
    }

    #[test]
    fn the_system_clock_goes_by_itself() {
        let clock = Clock::system();
        let before = Timestamp::now();
        clock.advance(Duration::from_secs(3600));
        assert!(clock.now() >= before && clock.now() < later(before, Duration::from_secs(3000)));
    }

    #[test]
    fn a_clock_ahead_goes_with_the_machine() {
        let ahead = Clock::ahead(Duration::from_secs(3600)).now();
        assert!(ahead > later(Timestamp::now(), Duration::from_secs(3500)));
        assert!(ahead <= later(Timestamp::now(), Duration::from_secs(3600)));
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_was_moved_far_enough() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let sleep = clock.sleep(Duration::from_secs(10));
        tokio::pin!(sleep);
        assert!(futures_poll(sleep.as_mut()).await.is_none());
        clock.advance(Duration::from_secs(9));
        assert!(futures_poll(sleep.as_mut()).await.is_none());
        clock.advance(Duration::from_secs(1));
        sleep.await;
    }

    /// Polls once.
    async fn futures_poll<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
        std::future::poll_fn(|cx| {
            std::task::Poll::Ready(match std::pin::Pin::new(&mut future).poll(cx) {
                std::task::Poll::Ready(output) => Some(output),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
