//! Limits and counts of this process alone.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use contracts::KeyId;
use jiff::civil::Date;

use super::{
    Wanted,
    bucket::Bucket,
    distinct::Distinct,
    rest_of_day,
    standing::{Part, Standing, Used},
};
use crate::access::Account;

/// Buckets that are kept at once. When there are more, full ones are let go, and then any.
const BUCKETS: usize = 100_000;
/// Keys that are counted on one day.
const KEYS: usize = 10_000;
/// Days that are remembered.
const DAYS: usize = 8;

#[derive(Default)]
pub(super) struct Local {
    buckets: Mutex<HashMap<Account, Bucket>>,
    days: Mutex<BTreeMap<Date, HashMap<KeyId, Count>>>,
}

#[derive(Default)]
struct Count {
    requests: u64,
    refused: u64,
    callers: Distinct,
}

impl Local {
    pub(super) fn take(&self, wanted: &Wanted) -> Standing {
        let minute = wanted.rate.map(|rate| (rate, self.bucket(wanted, rate)));
        let mut standing = Standing { allowed: true, ..Standing::default() };
        if let Some((rate, taken)) = minute {
            standing.allowed = taken.allowed;
            standing.wait = taken.wait;
            standing.minute =
                Some(Part { limit: rate.into(), left: taken.left.into(), reset: taken.full_in });
        }
        if let Account::Key(key) = wanted.account {
            self.count(key, wanted, &mut standing);
        }
        standing
    }

    fn bucket(&self, wanted: &Wanted, rate: u32) -> super::bucket::Taken {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS && !buckets.contains_key(&wanted.account) {
            buckets.retain(|_, bucket| !bucket.is_full(wanted.now));
            if buckets.len() >= BUCKETS {
                let some: Vec<Account> = buckets.keys().take(BUCKETS / 10).copied().collect();
                for account in some {
                    buckets.remove(&account);
                }
            }
        }
        let bucket = buckets.entry(wanted.account).or_insert_with(|| Bucket::full(rate, wanted.now));
        bucket.take(rate, wanted.cost, wanted.now)
    }

    fn count(&self, key: KeyId, wanted: &Wanted, standing: &mut Standing) {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let day = days.entry(wanted.day()).or_default();
        if day.len() >= KEYS && !day.contains_key(&key) {
            return;
        }
        let count = day.entry(key).or_default();
        count.callers.see(wanted.address);
        if let Some(quota) = wanted.quota {
            let reset = rest_of_day(wanted.now);
            if standing.allowed && count.requests.saturating_add(wanted.cost.into()) > quota {
                standing.allowed = false;
                standing.wait = reset;
            }
            let spent = if standing.allowed { u64::from(wanted.cost) } else { 0 };
            let left = quota.saturating_sub(count.requests.saturating_add(spent));
            standing.day = Some(Part { limit: quota, left, reset });
        }
        if standing.allowed {
            count.requests = count.requests.saturating_add(wanted.cost.into());
        } else {
            count.refused = count.refused.saturating_add(1);
        }
        while days.len() > DAYS {
            days.pop_first();
        }
    }

    pub(super) fn used(&self, day: Date) -> Vec<(KeyId, Used)> {
        let days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let used = |(key, count): (&KeyId, &Count)| {
            let Count { requests, refused, callers } = count;
            (*key, Used { requests: *requests, refused: *refused, callers: callers.estimate() })
        };
        days.get(&day).into_iter().flatten().map(used).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use jiff::{SignedDuration, Timestamp};

    use super::*;

    fn wanted(account: Account, now: Timestamp) -> Wanted {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Wanted { account, address, rate: Some(5), quota: Some(7), cost: 1, now }
    }

    #[test]
    fn a_day_has_its_quota_whatever_the_minutes_have() {
        let (local, now) = (Local::default(), Timestamp::UNIX_EPOCH);
        let key = Account::Key(KeyId::new());
        let mut allowed = 0;
        for minute in 0..4 {
            for _ in 0..6 {
                let at = now + SignedDuration::from_secs(minute * 60);
                allowed += u32::from(local.take(&wanted(key, at)).allowed);
            }
        }
        assert_eq!(allowed, 7);
        let over = local.take(&wanted(key, now + SignedDuration::from_secs(400)));
        assert_eq!((over.allowed, over.wait), (false, 86_000));
        let tomorrow = now + SignedDuration::from_hours(24);
        assert!(local.take(&wanted(key, tomorrow)).allowed);
        let day = wanted(key, now).day();
        let used = local.used(day);
        assert_eq!((used[0].1.requests, used[0].1.callers), (7, 1));
        assert_eq!(used[0].1.refused, 18);
    }

    #[test]
    fn who_floods_with_addresses_does_not_grow_this_process() {
        let (local, now) = (Local::default(), Timestamp::UNIX_EPOCH);
        for at in 0..(BUCKETS as u32 + 10) {
            local.take(&wanted(Account::Address(IpAddr::V4(at.into())), now));
        }
        assert!(local.buckets.lock().unwrap().len() <= BUCKETS);
    }
}
