//! `assets`: where single files may come from, and what they have to be.

use std::time::Duration;

use addresses::Allowed;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{StorageOptions, check::Check};

/// Where single files may come from, and what they have to be.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Assets {
    /// Below what files may be read: folders of this machine, and parts of buckets. None are read elsewhere.
    #[schemars(extend("x-accepted" = "a list of folders and of s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX"))]
    pub roots: Vec<String>,
    /// Settings of the object stores by name, as `depot.options` has them.
    #[schemars(extend("x-accepted" = "a text for each name"))]
    pub storage: StorageOptions,
    /// The largest file that is read, in bytes.
    #[schemars(range(min = 1, max = 1_073_741_824))]
    pub max_bytes: u64,
    /// How many seconds fetching one file may take, or the arrival of one, or of a manifest, with a request.
    #[schemars(range(min = 1, max = 3600))]
    pub fetch_seconds: u64,
    /// The largest manifest that brings many at once, in bytes.
    #[schemars(range(min = 1024, max = 1_073_741_824))]
    pub manifest_bytes: usize,
    /// Addresses that files may be fetched from beside those of the internet.
    #[schemars(extend("x-accepted" = "a list of ranges, for instance 10.20.0.0/16,fd00::/8"))]
    pub allowed_addresses: Vec<String>,
    /// What an image goes through.
    #[schemars(extend("x-accepted" = "a list of validators with their parameters, for instance dimensions max_width=2000 level=warning"))]
    pub image: Vec<String>,
    /// What a source file goes through.
    #[schemars(extend("x-accepted" = "a list of validators with their parameters, for instance licence allowed=MIT/Apache-2.0"))]
    pub source: Vec<String>,
    /// What an archive goes through.
    #[schemars(extend("x-accepted" = "a list of validators with their parameters, for instance ratio most=50"))]
    pub archive: Vec<String>,
}

impl Default for Assets {
    fn default() -> Self {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Self {
            roots: Vec::new(),
            storage: StorageOptions::default(),
            max_bytes: 32 << 20,
            fetch_seconds: 30,
            manifest_bytes: 64 << 20,
            allowed_addresses: Vec::new(),
            image: texts(&[
                "image",
                "format",
                "dimensions",
                "bounds",
                "decodes",
                "animation",
                "colour",
                "location",
                "trailing",
                "duplicate",
            ]),
            source: texts(&[
                "size",
                "language",
                "parses",
                "licence",
                "generated level=warning",
                "secrets",
                "duplicate",
            ]),
            archive: texts(&["archive", "paths", "ratio", "duplicate"]),
        }
    }
}

impl Assets {
    /// How long fetching one file may take.
    pub const fn fetch(&self) -> Duration {
        Duration::from_secs(self.fetch_seconds)
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.that("assets.allowed_addresses", Allowed::parse(&self.allowed_addresses).is_ok());
        let known = |root: &String| {
            root.starts_with('/') || ["s3://", "gs://", "az://"].iter().any(|scheme| root.starts_with(scheme))
        };
        check.that("assets.roots", self.roots.iter().all(known));
    }
}
