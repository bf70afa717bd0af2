//! The one vocabulary of failure. The worker maps it to retry or set-aside, the gateway to HTTP;
//! no other mapping exists.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of thing went wrong, which decides what happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The input is wrong and will stay wrong.
    Invalid,
    /// What was asked for does not exist.
    NotFound,
    /// It exists, but not for us: credentials missing, refused, or an address that is not allowed.
    Forbidden,
    /// It does not fit the present state (a stale version, a lease lost).
    Conflict,
    /// A configured limit of size, count, depth or time was passed.
    TooLarge,
    /// Something we depend on does not answer now.
    Unavailable,
    /// Something we depend on asked us to slow down.
    RateLimited,
    /// It took longer than allowed.
    TimedOut,
    /// A person, or the end of the process, asked to stop.
    Cancelled,
    /// Our own defect, or data of ours that contradicts itself.
    Internal,
}

impl ErrorKind {
    /// Whether trying the same again later can help.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Unavailable | Self::RateLimited | Self::TimedOut | Self::Conflict)
    }

    /// The stable name, as it stands in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
            Self::RateLimited => "rate_limited",
            Self::TimedOut => "timed_out",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }

    /// The kind with this stable name; `None` for an unknown one.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Invalid,
            Self::NotFound,
            Self::Forbidden,
            Self::Conflict,
            Self::TooLarge,
            Self::Unavailable,
            Self::RateLimited,
            Self::TimedOut,
            Self::Cancelled,
            Self::Internal,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure that is kept: its kind, and its reason in words that a user can act on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// What kind of thing went wrong.
    pub kind: ErrorKind,
    /// What was wrong and where, never with a secret in it.
    pub reason: String,
}

impl Failure {
    /// A failure of this kind for this reason.
    pub fn new(kind: ErrorKind, reason: impl fmt::Display) -> Self {
        Self { kind, reason: reason.to_string() }
    }
}
