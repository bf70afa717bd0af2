//! `depot`: where contents are kept.

use std::{collections::BTreeMap, fmt, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::{ServiceUrl, check::Check};

/// Where contents are kept.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Depot {
    /// Which object store, and where in it.
    #[schemars(extend("x-default" = "file://{data.dir}/depot"))]
    #[schemars(extend("x-accepted" = "file:///PATH, memory:, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"))]
    pub url: ServiceUrl,
    /// Settings of the object store by name, for instance `aws_region`, `aws_endpoint`, `aws_access_key_id`,
    /// `aws_secret_access_key`. None is needed for `file:` and `memory:`.
    #[schemars(extend("x-accepted" = "a text for each name"))]
    pub options: StorageOptions,
    /// Every how many seconds what is of no use is collected and what is mostly of no use is written anew.
    #[schemars(range(min = 60, max = 31_536_000))]
    pub upkeep_seconds: u64,
    /// How many seconds something must have been of no use before it goes: a snapshot aborted, a pack without
    /// anything that refers to it.
    #[schemars(range(min = 0, max = 31_536_000))]
    pub grace_seconds: u64,
    /// From which share of bytes that nothing refers to, in percent, a pack is written anew without them.
    #[schemars(range(min = 1, max = 100))]
    pub dead_percent: u64,
}

impl Default for Depot {
    fn default() -> Self {
        Self {
            url: ServiceUrl::default(),
            options: StorageOptions::default(),
            upkeep_seconds: 21_600,
            grace_seconds: 86_400,
            dead_percent: 50,
        }
    }
}

impl Depot {
    /// How often the depot is looked after.
    pub const fn upkeep_every(&self) -> Duration {
        Duration::from_secs(self.upkeep_seconds)
    }

    /// How long something must have been of no use before it goes.
    pub const fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds)
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.scheme("depot.url", &self.url, &["file", "memory", "s3", "gs", "az"]);
    }
}

/// Settings of an object store by name. Values whose names speak of secrets are never printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct StorageOptions(BTreeMap<String, String>);

impl StorageOptions {
    /// Names and values, secrets included.
    pub fn expose(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    fn redacted(&self) -> BTreeMap<&str, &str> {
        let shown = |name: &str| {
            ["region", "endpoint", "bucket", "allow_http", "virtual_hosted"]
                .iter()
                .any(|part| name.contains(part))
        };
        let pairs = self.0.iter();
        pairs.map(|(name, value)| (name.as_str(), if shown(name) { value } else { "***" })).collect()
    }
}

impl fmt::Debug for StorageOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.redacted().fmt(f)
    }
}

impl Serialize for StorageOptions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.redacted().serialize(serializer)
    }
}
