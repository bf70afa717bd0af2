//! Where a value comes from.

use std::{fmt, path::PathBuf};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// This file.
    File(PathBuf),
    /// The environment variable of this name.
    Environment(String),
    /// An option of the command.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

impl Origin {
    /// As it travels through the merge, which only carries a text.
    pub(super) fn encode(&self) -> String {
        match self {
            Self::Default => String::new(),
            Self::File(path) => format!("file:{}", path.display()),
            Self::Environment(name) => format!("environment:{name}"),
            Self::CommandLine => "command line".to_owned(),
        }
    }

    /// Reads it from there.
    pub(super) fn decode(text: Option<&str>) -> Self {
        match text.and_then(|text| text.split_once(':')) {
            Some(("file", path)) => Self::File(PathBuf::from(path)),
            Some(("environment", name)) => Self::Environment(name.to_owned()),
            _ if text == Some("command line") => Self::CommandLine,
            _ => Self::Default,
        }
    }
}
