//! How much one caller may ask for: a bucket of a minute's requests, a quota of a day's, and the count of
//! both. In this process, or in Redis for several gateways; when Redis does not answer, in this process.

mod bucket;
mod distinct;
mod local;
mod standing;
mod together;

use std::{net::IpAddr, time::Duration};

use contracts::{Failure, KeyId};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use runtime::metrics::names::{LIMITED_REQUESTS, LIMITS_SHARED};

pub(crate) use self::standing::{Standing, Used};
use self::{local::Local, together::Shared};
use crate::access::{Account, Caller};

/// The limits of everybody.
pub(crate) struct Limits {
    settings: runtime::config::Limits,
    local: Local,
    shared: Option<Shared>,
}

/// What one request asks of the limits.
#[derive(Clone, Copy)]
struct Wanted {
    account: Account,
    address: IpAddr,
    /// Requests a minute; none when there is no limit.
    rate: Option<u32>,
    /// Requests a day; none when there is no limit.
    quota: Option<u64>,
    /// How many requests it counts for.
    cost: u32,
    now: Timestamp,
}

impl Wanted {
    fn day(&self) -> Date {
        self.now.to_zoned(TimeZone::UTC).date()
    }
}

impl Limits {
    /// # Errors
    /// When the URL of Redis is none.
    pub(crate) fn new(settings: &runtime::config::Limits) -> Result<Self, Failure> {
        let shared = Shared::open(&settings.redis)?;
        Ok(Self { settings: settings.clone(), local: Local::default(), shared })
    }

    /// Counts a request of `caller` that costs as much as `cost` usual ones, and says whether it may go on.
    pub(crate) async fn take(&self, caller: &Caller, cost: u32, now: Timestamp) -> Standing {
        let (rate, quota) = match &caller.key {
            Some(key) => (
                key.rate_per_minute.unwrap_or(self.settings.rate_per_minute),
                key.daily_quota.unwrap_or(self.settings.daily_quota),
            ),
            None => (self.settings.anonymous_per_minute, 0),
        };
        let wanted = Wanted {
            account: caller.account(),
            address: caller.address,
            rate: (rate > 0).then_some(rate),
            quota: (quota > 0).then_some(quota),
            cost,
            now,
        };
        let standing = match &self.shared {
            None => self.local.take(&wanted),
            Some(shared) => match shared.take(&wanted).await {
                Some(standing) => {
                    metrics::gauge!(LIMITS_SHARED).set(1.0);
                    standing
                }
                None => {
                    metrics::gauge!(LIMITS_SHARED).set(0.0);
                    self.local.take(&wanted)
                }
            },
        };
        if !standing.allowed {
            let by = if caller.key.is_some() { "key" } else { "address" };
            metrics::counter!(LIMITED_REQUESTS, "by" => by).increment(1);
        }
        standing
    }

    /// What keys used on this day: from Redis when it is there and answers, and what this process counted by
    /// itself otherwise.
    pub(crate) async fn used(&self, day: Date) -> Vec<(KeyId, Used)> {
        if let Some(shared) = &self.shared
            && let Some(used) = shared.used(day).await
        {
            return used;
        }
        self.local.used(day)
    }
}

/// Seconds from `now` to the end of the day.
fn rest_of_day(now: Timestamp) -> u64 {
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    86_400 - seconds % 86_400
}

/// How long Redis may take before this process goes on by itself.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long this process then goes on by itself before it asks again.
const PAUSE: Duration = Duration::from_secs(2);
