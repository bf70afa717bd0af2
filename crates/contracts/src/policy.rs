//! What a stock lets in, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How grave a finding is.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know.
    Info,
    /// Worth a look before the commit.
    #[default]
    Warn,
    /// Forbids the commit until a person overrides it.
    Block,
}

impl Level {
    /// Every level, the lightest first.
    pub const ALL: &[Self] = &[Self::Info, Self::Warn, Self::Block];

    /// The stable name, as it stands in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Block => "block",
        }
    }

    /// The level with this stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|level| level.as_str() == name)
    }
}

/// When an audited snapshot enters its stock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommitBy {
    /// By itself, when nothing stands in its way and its run was not asked to wait.
    #[default]
    Itself,
    /// When a person says so.
    Hand,
}

/// What becomes of nodes that the newest revision of a repository no longer has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Removed {
    /// They leave the stock.
    #[default]
    Apply,
    /// They stay: the stock only grows.
    Keep,
}

/// What becomes of a snapshot some of whose repositories failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailedRepositories {
    /// It may commit without them; what the stock holds of them stays as it is.
    #[default]
    LeaveOut,
    /// A person says whether it commits without them, runs them again, or is aborted.
    Ask,
}

/// Which versions of a stock stay readable. The newest always does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The newest so many, from 1; all when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<u32>,
    /// Those that were replaced less than so many days ago, from 1. A version stays while either rule
    /// keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// A check that a stock asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckPolicy {
    /// The check's name, for instance `licence`.
    pub check: String,
    /// What its findings are taken for.
    #[serde(default)]
    pub level: Level,
    /// The check's parameters; each check has its own.
    #[serde(default = "nothing", skip_serializing_if = "is_nothing")]
    pub params: Value,
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

fn is_nothing(params: &Value) -> bool {
    params.as_object().is_some_and(serde_json::Map::is_empty)
}

/// What a stock lets in, and how. The default lets in everything, by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StockPolicy {
    /// When an audited snapshot enters the stock.
    #[serde(default)]
    pub commit: CommitBy,
    /// What becomes of nodes that the newest revision no longer has.
    #[serde(default)]
    pub removed: Removed,
    /// What becomes of a snapshot some of whose repositories failed.
    #[serde(default)]
    pub failed: FailedRepositories,
    /// Which versions stay readable.
    #[serde(default)]
    pub retention: Retention,
    /// What is looked at on its way in. A check may stand here more than once, with other parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckPolicy>,
}

impl StockPolicy {
    /// The most checks that one stock asks for.
    pub const MAX_CHECKS: usize = 64;

    /// Whether the policy makes sense by itself; the names and parameters of checks are the auditor's.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn check(&self) -> Result<(), String> {
        for (name, value) in [("versions", self.retention.versions), ("days", self.retention.days)] {
            if value == Some(0) {
                return Err(format!("retention.{name} is 0; it counts from 1, and is left out to keep all"));
            }
        }
        if self.checks.len() > Self::MAX_CHECKS {
            return Err(format!("{} checks; the most is {}", self.checks.len(), Self::MAX_CHECKS));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_has_its_default() {
        assert_eq!(serde_json::from_str::<StockPolicy>("{}").unwrap(), StockPolicy::default());
        let policy: StockPolicy = serde_json::from_str(
            r#"{"commit":"hand","removed":"keep","failed":"ask","retention":{"versions":3},
                "checks":[{"check":"size","level":"block","params":{"max_bytes":10}},{"check":"secrets"}]}"#,
        )
        .unwrap();
        assert_eq!((policy.commit, policy.removed), (CommitBy::Hand, Removed::Keep));
        assert_eq!(policy.checks[1].level, Level::Warn);
        let again = serde_json::from_str(&serde_json::to_string(&policy).unwrap()).unwrap();
        assert_eq!(policy, again);
        assert!(serde_json::from_str::<StockPolicy>(r#"{"comit":"hand"}"#).is_err());
    }

    #[test]
    fn a_retention_of_nothing_is_refused() {
        let policy =
            StockPolicy { retention: Retention { versions: Some(0), days: None }, ..StockPolicy::default() };
        assert!(policy.check().unwrap_err().contains("retention.versions"));
    }
}
