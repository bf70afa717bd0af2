//! What an analyzer has to say.

use serde::Serialize;

use crate::text::Unread;

/// How one analyzer ended on one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The result: one compact JSON object.
    Ok(String),
    /// The analyzer could not do what it should have done, and why. Never zeros in place of a result.
    Failed(String),
    /// There is nothing for this analyzer to say about this content, and why.
    Skipped(String),
}

impl Outcome {
    /// The result as compact JSON; a value that does not serialize is a failure that says so.
    pub fn json(value: &impl Serialize) -> Outcome {
        match serde_json::to_string(value) {
            Ok(json) => Outcome::Ok(json),
            Err(error) => Outcome::Failed(format!("the result is not valid JSON: {error}")),
        }
    }
}

impl From<&Unread> for Outcome {
    fn from(unread: &Unread) -> Outcome {
        match unread {
            Unread::Binary | Unread::TooLarge { .. } => Outcome::Skipped(unread.to_string()),
            Unread::Undecodable { .. } => Outcome::Failed(unread.to_string()),
        }
    }
}

/// One analyzer's outcome, with what is needed to store it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The analyzer's id.
    pub analyzer: &'static str,
    /// The analyzer's version.
    pub version: i32,
    /// How it ended.
    pub outcome: Outcome,
}
