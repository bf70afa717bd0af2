//! What may be fetched from where, and how much of it.

use std::time::Duration;

/// A way of reaching a repository over the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Smart HTTP over TLS.
    Https,
    /// Smart HTTP in clear text.
    Http,
    /// The `git` daemon's own protocol, in clear text.
    Git,
    /// The host's `ssh` program, with the keys and the configuration of whoever runs this process.
    Ssh,
}

impl Scheme {
    /// The scheme as it stands in a URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Git => "git",
            Self::Ssh => "ssh",
        }
    }

    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
            Self::Git => 9418,
            Self::Ssh => 22,
        }
    }
}

/// What may be fetched. The default is meant for input from outside: https to public addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whether paths and `file://` URLs are read, in place.
    pub allow_local: bool,
    /// Whether loopback, private, link-local and similar addresses are connected to.
    pub allow_private_addresses: bool,
    /// The network schemes that are allowed.
    pub schemes: Vec<Scheme>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { allow_local: false, allow_private_addresses: false, schemes: vec![Scheme::Https] }
    }
}

impl Policy {
    /// What a person at their own machine may fetch: everything that this crate knows.
    pub fn trusted() -> Self {
        Self {
            allow_local: true,
            allow_private_addresses: true,
            schemes: vec![Scheme::Https, Scheme::Http, Scheme::Git, Scheme::Ssh],
        }
    }
}

/// Where a visit ends. Each limit has its own error text; all but `content_bytes` end the visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes received over the network for one repository.
    pub transfer_bytes: u64,
    /// Bytes that the scratch folder of one repository may hold.
    pub disk_bytes: u64,
    /// Bytes of one content. Over it the entry is still listed, but reading it is refused.
    pub content_bytes: u64,
    /// Bytes that may be held in memory for one object while a pack is taken apart: bounds what a small
    /// pack can unfold to. A repository with a larger object cannot be fetched.
    pub object_bytes: u64,
    /// Entries of one revision, and also directories of one revision.
    pub files: u64,
    /// Directories inside each other.
    pub depth: usize,
    /// Bytes of one path.
    pub path_bytes: usize,
    /// Commits of one history.
    pub commits: u64,
    /// Time without a single byte from the other side.
    pub idle: Duration,
    /// Time in all, for one call.
    pub total: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            transfer_bytes: 4 << 30,
            disk_bytes: 8 << 30,
            content_bytes: 64 << 20,
            object_bytes: 256 << 20,
            files: 2_000_000,
            depth: 256,
            path_bytes: 4096,
            commits: 2_000_000,
            idle: Duration::from_secs(60),
            total: Duration::from_secs(3600),
        }
    }
}
