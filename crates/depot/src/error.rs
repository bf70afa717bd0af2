//! What can go wrong with a depot, and what kind of thing each is.

use contracts::{ErrorKind, Failure, Oid};

/// A failure of the depot. Messages name the pack and the content where there is one, and never carry a
/// credential.
#[derive(Debug, thiserror::Error)]
pub enum DepotError {
    /// The depot's URL or an option is wrong.
    #[error("depot {url}: {reason}")]
    Invalid {
        /// The URL, without anything secret.
        url: String,
        /// What is wrong with it and what would be accepted.
        reason: String,
    },
    /// There is no such pack.
    #[error("pack {pack} is not in the depot")]
    Missing {
        /// The pack's name.
        pack: String,
    },
    /// The pack is there, but not what was written.
    #[error("pack {pack} is damaged: {reason}")]
    DamagedPack {
        /// The pack's name.
        pack: String,
        /// What is wrong and where.
        reason: String,
    },
    /// One content of a pack is not what was written.
    #[error("content {content} in pack {pack} is damaged: {reason}")]
    DamagedContent {
        /// The pack's name.
        pack: String,
        /// The content's git blob id.
        content: Oid,
        /// What is wrong.
        reason: String,
    },
    /// A content or pack is larger than the depot's limits allow.
    #[error("{what} has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// What is too large.
        what: String,
        /// Its size in bytes.
        bytes: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The storage refused the credentials, or we may not read or write there.
    #[error("{doing}: access denied: {reason}")]
    Forbidden {
        /// What was being done.
        doing: String,
        /// What the storage said.
        reason: String,
    },
    /// The storage does not answer, or not as it should.
    #[error("{doing}: {reason}")]
    Unavailable {
        /// What was being done.
        doing: String,
        /// What the storage said.
        reason: String,
    },
    /// A defect of ours.
    #[error("{doing}: {reason}")]
    Internal {
        /// What was being done.
        doing: String,
        /// What went wrong.
        reason: String,
    },
}

impl DepotError {
    /// What kind of failure this is, which decides whether trying again can help.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. } => ErrorKind::Invalid,
            Self::Missing { .. } => ErrorKind::NotFound,
            Self::DamagedPack { .. } | Self::DamagedContent { .. } | Self::Internal { .. } => {
                ErrorKind::Internal
            }
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Forbidden { .. } => ErrorKind::Forbidden,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
        }
    }

    /// Whether what is stored is not what was written, so that only fetching it again can help.
    pub const fn is_damage(&self) -> bool {
        matches!(self, Self::DamagedPack { .. } | Self::DamagedContent { .. })
    }

    pub(crate) fn damaged_pack(pack: &str, reason: impl Into<String>) -> Self {
        Self::DamagedPack { pack: pack.to_owned(), reason: reason.into() }
    }

    pub(crate) fn damaged_content(pack: &str, content: Oid, reason: impl Into<String>) -> Self {
        Self::DamagedContent { pack: pack.to_owned(), content, reason: reason.into() }
    }
}

impl From<DepotError> for Failure {
    fn from(error: DepotError) -> Self {
        Self::new(error.kind(), error)
    }
}
