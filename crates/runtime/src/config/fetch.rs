//! `fetch`: what a repository may be, and from where.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Check;

const SCHEMES: &[&str] = &["https", "http", "ssh", "git"];

/// What a repository may be, and from where. Limits are per repository.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Fetch {
    /// How many bytes may come over the network.
    #[schemars(range(min = 1, max = 1_099_511_627_776_u64))]
    pub transfer_bytes: u64,
    /// How many bytes of scratch space may be taken.
    #[schemars(range(min = 1, max = 1_099_511_627_776_u64))]
    pub disk_bytes: u64,
    /// The largest file that is stored and analysed, in bytes; a larger one is listed and marked.
    #[schemars(range(min = 1, max = 1_073_741_824))]
    pub content_bytes: u64,
    /// How many bytes one object may unfold to in memory while it is received. A repository with a larger one
    /// cannot be fetched.
    #[schemars(range(min = 1_048_576, max = 4_294_967_296_u64))]
    pub object_bytes: u64,
    /// How many bytes all fetches of a process may have in the scratch space before new ones wait.
    #[schemars(range(min = 1, max = 1_125_899_906_842_624_u64))]
    pub scratch_bytes: u64,
    /// How many files there may be.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub files: u64,
    /// How deep folders may lie in one another.
    #[schemars(range(min = 1, max = 1000))]
    pub depth: u32,
    /// How many bytes the path of a file may have.
    #[schemars(range(min = 1, max = 65_536))]
    pub path_bytes: u32,
    /// How many commits a history may have.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub commits: u64,
    /// How many seconds may pass without a byte.
    #[schemars(range(min = 1, max = 3600))]
    pub idle_seconds: u64,
    /// How many seconds a fetch may take in all.
    #[schemars(range(min = 1, max = 604_800))]
    pub total_seconds: u64,
    /// How many fetches from one host a process does at once; others wait. 0 is without limit.
    #[schemars(range(max = 10_000))]
    pub host_parallel: u32,
    /// How many requests a minute a process sends to one host; others wait. 0 is without limit.
    #[schemars(range(max = 1_000_000))]
    pub host_requests_per_minute: u32,
    /// A file with who we are to which host, in the format of `.netrc`: `machine HOST login USER password
    /// SECRET`. Read at start; what is in it is sent over https to that host alone, and shown nowhere. Empty
    /// is nobody.
    #[schemars(extend("x-accepted" = "a file's path"))]
    pub credentials_file: String,
    /// How often a visit is tried that fails in a way that may pass: a host that cannot be reached, that is
    /// overrun, that breaks off. The first pause is five seconds and each next one twice as long; eight tries
    /// take ten minutes. `stocktake scan`, before which somebody sits, tries three times.
    #[schemars(range(min = 1, max = 20))]
    pub tries: u32,
    /// After how many visits in a row that failed for good a repository rests. 0 is never.
    #[schemars(range(max = 1000))]
    pub rest_after: u32,
    /// For how many hours it rests then; twice as long each time it fails again, up to 30 days.
    #[schemars(range(min = 1, max = 720))]
    pub rest_hours: u32,
    /// The kinds of URL that may be fetched from.
    #[schemars(extend("x-accepted" = "a list of https, http, ssh and git"))]
    pub schemes: Vec<String>,
    /// Whether paths and `file:` URLs of this machine may be read when they come from outside: from the API,
    /// from a message, from a source. Whoever names a path to `stocktake scan` is always allowed to.
    pub allow_local: bool,
    /// Whether hosts with loopback, private, link-local or metadata addresses may be reached.
    pub allow_private_addresses: bool,
}

impl Default for Fetch {
    fn default() -> Self {
        Self {
            transfer_bytes: 8 << 30,
            disk_bytes: 16 << 30,
            content_bytes: 64 << 20,
            object_bytes: 256 << 20,
            scratch_bytes: 64 << 30,
            files: 2_000_000,
            depth: 256,
            path_bytes: 4096,
            commits: 2_000_000,
            idle_seconds: 60,
            total_seconds: 3600,
            host_parallel: 4,
            host_requests_per_minute: 600,
            credentials_file: String::new(),
            tries: 8,
            rest_after: 3,
            rest_hours: 24,
            schemes: SCHEMES.iter().map(|&scheme| scheme.to_owned()).collect(),
            allow_local: false,
            allow_private_addresses: false,
        }
    }
}

impl Fetch {
    /// How long may pass without a byte.
    pub const fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_seconds)
    }

    /// How long a fetch may take in all.
    pub const fn total(&self) -> Duration {
        Duration::from_secs(self.total_seconds)
    }

    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.that("fetch.schemes", self.schemes.iter().all(|scheme| SCHEMES.contains(&scheme.as_str())));
        if self.total_seconds < self.idle_seconds {
            check.wrong(
                "fetch.total_seconds",
                format!("at least fetch.idle_seconds, which is {}", self.idle_seconds),
            );
        }
    }
}
