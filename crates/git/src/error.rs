//! What can go wrong, in words that a user can act on.

use std::fmt;

use contracts::{ErrorKind, Failure};

/// A failed step. Its text says what was wrong and where; a URL in it never carries a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct GitError {
    kind: ErrorKind,
    reason: String,
}

impl GitError {
    /// A failure of this kind for this reason.
    pub fn new(kind: ErrorKind, reason: impl fmt::Display) -> Self {
        Self { kind, reason: reason.to_string() }
    }

    pub(crate) fn invalid(reason: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Invalid, reason)
    }

    pub(crate) fn not_found(reason: impl fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, reason)
    }

    pub(crate) fn forbidden(reason: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Forbidden, reason)
    }

    pub(crate) fn unavailable(reason: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Unavailable, reason)
    }

    pub(crate) fn too_large(reason: impl fmt::Display) -> Self {
        Self::new(ErrorKind::TooLarge, reason)
    }

    pub(crate) fn timed_out(reason: impl fmt::Display) -> Self {
        Self::new(ErrorKind::TimedOut, reason)
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(ErrorKind::Cancelled, "cancelled")
    }

    pub(crate) fn internal(reason: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Internal, reason)
    }

    /// An operation of the operating system that failed on `what`.
    pub(crate) fn io(what: impl fmt::Display, error: &std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            std::io::ErrorKind::PermissionDenied => ErrorKind::Forbidden,
            std::io::ErrorKind::StorageFull => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        };
        Self::new(kind, format_args!("{what}: {error}"))
    }

    /// What kind of thing went wrong, which decides what happens next.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The same failure with the place where it happened in front of its text.
    pub(crate) fn at(mut self, place: impl fmt::Display) -> Self {
        self.reason = format!("{place}: {}", self.reason);
        self
    }
}

impl From<GitError> for Failure {
    fn from(error: GitError) -> Self {
        Self { kind: error.kind, reason: error.reason }
    }
}

/// Every link of an error's chain in one line: libraries put what matters at its end.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
