//! How a task stands.

use std::fmt;

use crate::StoreError;

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskState {
    /// It waits for a worker, for the first time or for another try.
    Created,
    /// A worker has claimed it.
    Running,
    /// It is done.
    Finished,
    /// It could not even begin: what it was to work on was wrong.
    ErrorTrigger,
    /// It failed on the way, for good.
    ErrorRuntime,
    /// It was stopped on request.
    Cancelled,
}

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::Created,
        Self::Running,
        Self::Finished,
        Self::ErrorTrigger,
        Self::ErrorRuntime,
        Self::Cancelled,
    ];

    /// The stable name, as it stands in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::ErrorTrigger => "error_trigger",
            Self::ErrorRuntime => "error_runtime",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state with this stable name; `None` for an unknown one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether nothing more happens to the task unless somebody runs it again.
    pub const fn has_ended(self) -> bool {
        !matches!(self, Self::Created | Self::Running)
    }

    pub(super) fn parse(name: &str) -> Result<Self, StoreError> {
        Self::from_name(name).ok_or_else(|| StoreError::unknown("a task's state", name))
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
