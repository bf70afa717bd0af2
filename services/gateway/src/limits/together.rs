//! Limits and counts in Redis, for several gateways that count as one.
//!
//! One script, one round trip: it takes from the bucket, looks at the day, counts. Redis has the clock, so that
//! gateways whose clocks differ agree.

use std::sync::{Mutex, PoisonError};

use contracts::{ErrorKind, Failure, KeyId};
use jiff::civil::Date;
use redis::{Client, RedisError, aio::MultiplexedConnection};
use runtime::config::ServiceUrl;
use tokio::time::{Instant, timeout};

use super::{
    PATIENCE, PAUSE, Wanted, rest_of_day,
    standing::{Part, Standing, Used},
};
use crate::access::Account;

const SCRIPT: &str = include_str!("take.lua");

pub(super) struct Shared {
    client: Client,
    connection: Mutex<Option<MultiplexedConnection>>,
    /// Until when nobody asks it.
    away_until: Mutex<Option<Instant>>,
}

impl Shared {
    /// None when no Redis is configured.
    pub(super) fn open(url: &ServiceUrl) -> Result<Option<Self>, Failure> {
        if url.is_empty() {
            return Ok(None);
        }
        let client = Client::open(url.expose()).map_err(|error| {
            Failure::new(
                ErrorKind::Invalid,
                format!("limits.redis: {} cannot be used: {:?}", url, error.kind()),
            )
        })?;
        Ok(Some(Self { client, connection: Mutex::default(), away_until: Mutex::default() }))
    }

    /// None when Redis does not answer.
    pub(super) async fn take(&self, wanted: &Wanted) -> Option<Standing> {
        let day = wanted.day();
        let (name, counted) = match wanted.account {
            Account::Key(key) => (format!("key:{key}"), key.to_string()),
            Account::Address(address) => (format!("address:{address}"), String::new()),
        };
        let mut command = redis::cmd("EVAL");
        command
            .arg(SCRIPT)
            .arg(3)
            .arg(format!("stocktake:bucket:{name}"))
            .arg(format!("stocktake:day:{day}"))
            .arg(format!("stocktake:callers:{day}:{counted}"))
            .arg(wanted.rate.unwrap_or(0))
            .arg(wanted.cost)
            .arg(wanted.quota.unwrap_or(0))
            .arg(counted)
            .arg(wanted.address.to_string());
        let answer: [i64; 5] = self.ask(async |mut on| command.query_async(&mut on).await).await?;
        let [allowed, left, full_in, wait, used] = answer.map(|figure| u64::try_from(figure).unwrap_or(0));
        let reset = rest_of_day(wanted.now);
        let over_quota = allowed == 2;
        Some(Standing {
            allowed: allowed == 1,
            minute: wanted.rate.map(|rate| Part { limit: rate.into(), left, reset: full_in }),
            day: wanted.quota.map(|quota| Part { limit: quota, left: quota.saturating_sub(used), reset }),
            wait: if over_quota { reset } else { wait },
        })
    }

    /// None when Redis does not answer.
    pub(super) async fn used(&self, day: Date) -> Option<Vec<(KeyId, Used)>> {
        let mut command = redis::cmd("HGETALL");
        command.arg(format!("stocktake:day:{day}"));
        let fields: Vec<(String, u64)> = self.ask(async |mut on| command.query_async(&mut on).await).await?;
        let mut found: Vec<(KeyId, Used)> = Vec::new();
        for (field, count) in fields {
            let Some((key, what)) = field.split_once(' ') else { continue };
            let Ok(key) = key.parse::<KeyId>() else { continue };
            let at = found.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
                found.push((key, Used::default()));
                found.len() - 1
            });
            match what {
                "requests" => found[at].1.requests = count,
                _ => found[at].1.refused = count,
            }
        }
        for (key, used) in &mut found {
            let mut command = redis::cmd("PFCOUNT");
            command.arg(format!("stocktake:callers:{day}:{key}"));
            used.callers = self.ask(async |mut on| command.query_async(&mut on).await).await?;
        }
        Some(found)
    }

    async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(MultiplexedConnection) -> Result<T, RedisError>,
    ) -> Option<T> {
        let now = Instant::now();
        if lock(&self.away_until).is_some_and(|until| until > now) {
            return None;
        }
        let asking = async {
            let kept = lock(&self.connection).clone();
            let connection = match kept {
                Some(connection) => connection,
                None => {
                    let made = self.client.get_multiplexed_async_connection().await?;
                    lock(&self.connection).insert(made).clone()
                }
            };
            question(connection).await
        };
        let error = match timeout(PATIENCE, asking).await {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => format!("{:?}", error.kind()),
            Err(elapsed) => elapsed.to_string(),
        };
        tracing::warn!(error, pause = ?PAUSE, "redis does not answer; limits are those of this process");
        *lock(&self.connection) = None;
        *lock(&self.away_until) = Some(now + PAUSE);
        None
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
