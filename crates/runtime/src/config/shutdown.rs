//! `shutdown` and `faults`: how a process stops, and how a test lets it die.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// How a process stops.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Shutdown {
    /// How many seconds a process may take to finish or hand back what it has begun, once it is told to stop.
    #[schemars(range(min = 0, max = 3600))]
    pub grace_seconds: u64,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { grace_seconds: 25 }
    }
}

impl Shutdown {
    /// How long a process may take to stop.
    pub const fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds)
    }
}

/// Points at which a test lets a debug build die.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Faults {
    /// Ends the process, as `kill -9` does, at the nth passing of a named fault point. Only debug builds have
    /// fault points.
    #[schemars(with = "String")]
    #[schemars(extend("x-accepted" = "NAME:N with a known fault point and N from 1, or nothing"))]
    #[serde(deserialize_with = "plan", serialize_with = "text")]
    pub abort_at: crate::faults::Faults,
}

fn plan<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<crate::faults::Faults, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn text<S: Serializer>(plan: &crate::faults::Faults, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(plan)
}
