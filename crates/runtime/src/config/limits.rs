//! `limits`: how much one caller may ask of the API.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ServiceUrl, check::Check};

/// How much one caller may ask of the API.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Limits {
    /// Requests a minute of a key that has no number of its own; 0 is no limit. Expensive requests count as
    /// several.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub rate_per_minute: u32,
    /// Requests a day (UTC) of a key that has no number of its own; 0 is no limit.
    #[schemars(range(min = 0))]
    pub daily_quota: u64,
    /// Requests a minute of an address without a key; 0 is no limit.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub anonymous_per_minute: u32,
    /// Redis, for several gateways that count as one. Without it, and while it does not answer, each process
    /// counts by itself.
    #[schemars(extend("x-accepted" = "redis://USER:PASSWORD@HOST:PORT/DATABASE, or nothing"))]
    pub redis: ServiceUrl,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate_per_minute: 6_000,
            daily_quota: 0,
            anonymous_per_minute: 600,
            redis: ServiceUrl::default(),
        }
    }
}

impl Limits {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.scheme("limits.redis", &self.redis, &["redis"]);
    }
}
