//! What can go wrong on the bus.

use contracts::ErrorKind;

/// Why the bus did not do what it was asked. No variant ever holds a password.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BusError {
    /// What was asked for makes no sense: a wrong URL, an unknown queue.
    #[error("{0}")]
    Invalid(String),
    /// The broker refuses us: wrong credentials, an unknown virtual host, or a queue that exists with
    /// other properties. Says what to do.
    #[error("{0}")]
    Refused(String),
    /// No queue takes this message, and it is no event that may go unheard.
    #[error(
        "no queue takes messages with the routing key {key:?}; add its kind to a queue in contracts::route"
    )]
    Unroutable {
        /// The routing key it was published with.
        key: String,
    },
    /// The broker does not take or give messages now.
    #[error("{0}")]
    Unavailable(String),
    /// The bus was closed.
    #[error("the bus is closed")]
    Closed,
}

impl BusError {
    /// What kind of error this is, which decides what happens next.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Refused(_) => ErrorKind::Forbidden,
            Self::Unroutable { .. } => ErrorKind::Internal,
            Self::Unavailable(_) => ErrorKind::Unavailable,
            Self::Closed => ErrorKind::Cancelled,
        }
    }
}
