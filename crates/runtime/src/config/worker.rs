//! `worker`: how much is done at once, and how patiently.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much is done at once, and how patiently.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Worker {
    /// How many long jobs (fetches, audits) a service runs at once; 0 is one per processor.
    #[schemars(range(min = 0, max = 1024))]
    #[schemars(extend("x-default" = "one per processor"))]
    pub jobs: usize,
    /// How many short handlers run at once, per queue.
    #[schemars(range(min = 1, max = 1024))]
    pub handlers: usize,
    /// How many seconds a job may be silent before another process takes it over.
    #[schemars(range(min = 3, max = 86_400))]
    pub lease_seconds: u64,
    /// Every how many seconds a service looks for work that is owed and that nobody was woken for.
    #[schemars(range(min = 1, max = 3600))]
    pub sweep_seconds: u64,
}

impl Default for Worker {
    fn default() -> Self {
        Self { jobs: 0, handlers: 4, lease_seconds: 60, sweep_seconds: 15 }
    }
}

impl Worker {
    /// How long a job's lease lives without a heartbeat.
    pub const fn lease(&self) -> Duration {
        Duration::from_secs(self.lease_seconds)
    }

    /// How often a service looks for what is owed.
    pub const fn sweep_every(&self) -> Duration {
        Duration::from_secs(self.sweep_seconds)
    }
}
