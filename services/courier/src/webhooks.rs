//! Webhooks: how what is to be told reaches those who want to be told.
//!
//! What is to be told is a row, written in the transaction that made it true. [`dispatch`] finds
//! destinations that something is due to and takes their leases; [`sender`] sends to one of them until
//! nothing is due. A crash anywhere leaves the rows as they are: they are sent again, with the same id.

pub(crate) mod breaker;
pub(crate) mod dispatch;
pub(crate) mod fan_out;
pub(crate) mod pace;
pub(crate) mod schedule;
pub(crate) mod sender;
pub(crate) mod verdict;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use addresses::Allowed;
use contracts::{ErrorKind, Failure};
use runtime::config::Webhooks;
use tokio::sync::Notify;

/// A shorter lease could be lost to a machine that is busy, and what is under way would be sent twice.
const SHORTEST_LEASE: Duration = Duration::from_secs(5);

/// What sending needs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) client: egress::Client,
    pub(crate) settings: Arc<Settings>,
    /// Rung when something new is due.
    pub(crate) bell: Arc<Notify>,
}

/// The bounds of sending.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) timeout: Duration,
    pub(crate) in_flight: usize,
    pub(crate) per_second: u32,
    pub(crate) destinations: usize,
    pub(crate) switch_off: Duration,
    pub(crate) keep: Duration,
    /// How long a destination is ours without being renewed.
    pub(crate) lease: Duration,
}

impl Context {
    pub(crate) fn build(config: &Webhooks, lease: Duration) -> Result<Self, Failure> {
        let options = egress::Options {
            allowed: Allowed::parse(&config.allowed_addresses)
                .map_err(|error| Failure::new(ErrorKind::Invalid, error))?,
            user_agent: concat!("stocktake-webhooks/", env!("CARGO_PKG_VERSION")).to_owned(),
            ..egress::Options::default()
        };
        Ok(Self {
            client: egress::Client::new(&options)?,
            settings: Arc::new(Settings {
                timeout: config.timeout(),
                in_flight: config.in_flight,
                per_second: config.per_second,
                destinations: config.destinations,
                switch_off: Duration::from_secs(config.switch_off_hours * 3600),
                keep: Duration::from_secs(config.keep_days * 24 * 3600),
                lease: lease.max(SHORTEST_LEASE),
            }),
            bell: Arc::new(Notify::new()),
        })
    }
}

/// The keys of the webhooks that are at work, ready for signing.
pub(crate) type Keys = BTreeMap<contracts::WebhookId, Vec<egress::sign::Key>>;

pub(crate) fn internal(reason: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Internal, reason)
}
