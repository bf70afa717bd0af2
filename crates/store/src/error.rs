//! What can go wrong in the store, and which kind of failure each is.

use contracts::{ErrorKind, Failure};
use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// A failure of the store. Messages hold no password.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A URL, an id or another argument cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// What was asked for is not there.
    #[error("{0}")]
    NotFound(String),
    /// It does not fit the present state: a lost lease, a stale version, something that exists already.
    #[error("{0}")]
    Conflict(String),
    /// What is stored contradicts itself or cannot be read by this version.
    #[error("the store holds {0}")]
    Corrupt(String),
    /// The database lacks migrations that this version needs.
    #[error("the schema of {database} is behind: {missing} is missing; run `stocktake admin migrate`")]
    SchemaBehind {
        /// Where.
        database: String,
        /// The first migration that is missing.
        missing: String,
    },
    /// The database was migrated by a later version.
    #[error(
        "the schema of {database} is ahead: it has {unknown}, which this version does not know; \
         use the version that ran `stocktake admin migrate`"
    )]
    SchemaAhead {
        /// Where.
        database: String,
        /// The first migration that is unknown.
        unknown: String,
    },
    /// The database cannot be reached.
    #[error("cannot connect to {database}: {reason}")]
    Connect {
        /// Where.
        database: String,
        /// What the database or its client library said.
        reason: String,
    },
    /// A statement failed.
    #[error("database: {reason}")]
    Database {
        /// What that means.
        kind: ErrorKind,
        /// What the database said.
        reason: String,
    },
}

impl StoreError {
    /// What kind of failure this is, which decides whether trying again can help.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::NotFound(_) => ErrorKind::NotFound,
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::Corrupt(_) => ErrorKind::Internal,
            // A service that was started before the migration ran can go on once it has run.
            Self::SchemaBehind { .. } | Self::SchemaAhead { .. } | Self::Connect { .. } => {
                ErrorKind::Unavailable
            }
            Self::Database { kind, .. } => *kind,
        }
    }

    /// The value of `column` is none that this version knows.
    pub(crate) fn unknown(column: &str, value: &str) -> Self {
        Self::Corrupt(format!("{value:?} as {column}, which this version does not know"))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(error.kind(), error)
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        Self::Database { kind: kind_of(&error), reason: error.to_string() }
    }
}

fn kind_of(error: &DieselError) -> ErrorKind {
    use DatabaseErrorKind as Kind;
    match error {
        DieselError::NotFound => ErrorKind::NotFound,
        DieselError::DatabaseError(kind, details) => match kind {
            Kind::UniqueViolation
            | Kind::ForeignKeyViolation
            | Kind::RestrictViolation
            | Kind::ExclusionViolation => ErrorKind::Conflict,
            Kind::SerializationFailure => ErrorKind::Conflict,
            Kind::ClosedConnection => ErrorKind::Unavailable,
            _ => kind_of_message(details.message()),
        },
        DieselError::BrokenTransactionManager => ErrorKind::Unavailable,
        DieselError::RollbackErrorOnCommit { commit_error, .. } => kind_of(commit_error),
        _ => ErrorKind::Internal,
    }
}

/// Neither driver hands over a code for these, so they are told by their words; a connection asks
/// PostgreSQL for untranslated ones.
fn kind_of_message(message: &str) -> ErrorKind {
    const KINDS: &[(&str, ErrorKind)] = &[
        ("deadlock detected", ErrorKind::Conflict),
        ("lock timeout", ErrorKind::TimedOut),
        ("statement timeout", ErrorKind::TimedOut),
        // SQLite: another process held the write lock for longer than we wait.
        ("database is locked", ErrorKind::Unavailable),
        ("database table is locked", ErrorKind::Unavailable),
        ("disk is full", ErrorKind::Unavailable),
        ("disk I/O error", ErrorKind::Unavailable),
        ("No space left on device", ErrorKind::Unavailable),
        // PostgreSQL comes or goes.
        ("terminating connection", ErrorKind::Unavailable),
        ("the database system is", ErrorKind::Unavailable),
        ("server closed the connection", ErrorKind::Unavailable),
        ("no connection to the server", ErrorKind::Unavailable),
        ("connection to server", ErrorKind::Unavailable),
        ("too many clients", ErrorKind::Unavailable),
        ("out of memory", ErrorKind::Unavailable),
        ("readonly database", ErrorKind::Forbidden),
        ("permission denied", ErrorKind::Forbidden),
    ];
    KINDS.iter().find(|(words, _)| message.contains(words)).map_or(ErrorKind::Internal, |(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_second_try_can_mend_is_transient() {
        for (message, transient) in [
            ("deadlock detected", true),
            ("database is locked", true),
            ("terminating connection due to administrator command", true),
            ("syntax error at or near \"FROM\"", false),
            ("permission denied for table tasks", false),
        ] {
            assert_eq!(kind_of_message(message).is_transient(), transient, "{message}");
        }
    }
}
