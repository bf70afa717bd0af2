//! What can be wrong with a configuration, in words that say what to change and where.

use std::{fmt, path::PathBuf};

use super::Origin;

/// Everything that is wrong with a configuration, told at once.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError {
    /// What is wrong, in the order in which it was met; never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            write!(f, "{gap}{problem}")?;
        }
        Ok(())
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// There is no such key.
    #[error("unknown key {key} ({origin}){}", closest.as_ref().map(|key| format!("; the closest known key is {key}")).unwrap_or_default())]
    Unknown {
        /// The key as it was given.
        key: String,
        /// The known key that resembles it, when one does.
        closest: Option<String>,
        /// Where it was given.
        origin: Origin,
    },
    /// The key cannot have this value.
    #[error("{key} cannot be {value} ({origin}); accepted: {accepted}")]
    Value {
        /// The key.
        key: String,
        /// What it was given, in quotation marks when it is a text, with secrets hidden.
        value: String,
        /// What would have been accepted.
        accepted: String,
        /// Where it was given.
        origin: Origin,
    },
    /// The key has no default here and was not given.
    #[error("{key} is not set: {reason}; accepted: {accepted}")]
    Missing {
        /// The key.
        key: String,
        /// Why there is no default.
        reason: String,
        /// What would be accepted.
        accepted: String,
    },
    /// The file cannot be read or is no TOML.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with line and column where there is one.
        reason: String,
    },
}
