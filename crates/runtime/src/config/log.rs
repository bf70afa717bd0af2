//! `log`: what is logged, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Check;

/// What is logged to the standard error stream, and how.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Log {
    /// Which lines are logged: a level for all, or a list of `target=level`.
    #[schemars(extend("x-accepted" = "error, warn, info, debug, trace or off, or a list such as info,worker=debug"))]
    pub level: String,
    /// How lines look. `auto` is `text` on a terminal and `json` elsewhere.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum LogFormat {
    /// `text` on a terminal, `json` elsewhere.
    #[default]
    Auto,
    /// One line for people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Auto }
    }
}

impl Log {
    pub(super) fn check(&self, check: &mut Check<'_>) {
        check.that("log.level", crate::logs::filter(&self.level).is_some());
    }
}
