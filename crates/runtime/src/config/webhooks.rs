//! `webhooks`: how webhooks are sent.

use std::time::Duration;

use addresses::Allowed;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Check;

/// How webhooks are sent. A destination is what has one scheme, host and port, whoever named it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Webhooks {
    /// How many seconds one try may take, from the look-up of the name to the end of the answer.
    #[schemars(range(min = 1, max = 120))]
    pub timeout_seconds: u64,
    /// How many requests to one destination may be under way at once.
    #[schemars(range(min = 1, max = 1024))]
    pub in_flight: usize,
    /// How many requests to one destination may begin in a second.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub per_second: u32,
    /// How many destinations one process sends to at once.
    #[schemars(range(min = 1, max = 10_000))]
    pub destinations: usize,
    /// After how many hours of nothing but failures a destination is switched off.
    #[schemars(range(min = 1, max = 8760))]
    pub switch_off_hours: u64,
    /// For how many days what was sent is kept, with each try.
    #[schemars(range(min = 1, max = 3650))]
    pub keep_days: u64,
    /// Addresses that may be reached beside those of the internet: for receivers in your own network.
    #[schemars(extend("x-accepted" = "a list of ranges, for instance 10.20.0.0/16,fd00::/8"))]
    pub allowed_addresses: Vec<String>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            timeout_seconds: 15,
            in_flight: 8,
            per_second: 100,
            destinations: 256,
            switch_off_hours: 120,
            keep_days: 30,
            allowed_addresses: Vec::new(),
        }
    }
}

impl Webhooks {
    /// How long one try may take.
    pub const fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    /// Which addresses may be reached; the internet alone when the texts are no ranges.
    pub fn allowed(&self) -> Allowed {
        Allowed::parse(&self.allowed_addresses).unwrap_or_default()
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.that("webhooks.allowed_addresses", Allowed::parse(&self.allowed_addresses).is_ok());
    }
}
