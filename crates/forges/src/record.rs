//! What a forge says about one repository, in the words that all forges share.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::exchange::Refused;

/// The longest text that is kept of a description, in characters.
const DESCRIPTION: usize = 4_000;
/// The most topics that are kept.
const TOPICS: usize = 100;

/// A repository as a source shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// A clone URL, as the source has it.
    pub url: String,
    /// Its name for people; taken from the URL when absent.
    pub name: Option<String>,
    /// The forge, by the host of its pages; empty for a source that is no forge.
    pub forge: String,
    /// The forge's own id, which stays when the repository is renamed.
    pub id: Option<String>,
    /// What is said about it.
    pub facts: Facts,
    /// The record as it came; none for a bare URL.
    pub raw: Option<Value>,
}

/// What is said about a repository. What a forge does not say is absent, which is not the same as no.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// In a line or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its web page on the forge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// The name of its default branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_branch: Option<String>,
    /// Stars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stars: Option<i64>,
    /// Forks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forks: Option<i64>,
    /// The main language, as the forge sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Topics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// The licence, as the forge sees it; an SPDX identifier where it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// Whether it is read-only for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
    /// Whether it is a fork.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<bool>,
    /// Whether only some may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// Its size in bytes, roughly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<i64>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When it was last pushed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_at: Option<Timestamp>,
    /// What it is a fork of: a name on the same forge, or a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

impl Record {
    /// A repository of which only a URL is known.
    pub fn bare(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            name: None,
            forge: String::new(),
            id: None,
            facts: Facts::default(),
            raw: None,
        }
    }
}

/// Reads one record out of a forge's JSON; `read` gives a reason when it cannot be understood.
pub(crate) fn each(
    items: &[Value],
    mut read: impl FnMut(&Value) -> Result<Record, String>,
) -> (Vec<Record>, Vec<Refused>) {
    let (mut found, mut refused) = (Vec::with_capacity(items.len()), Vec::new());
    for item in items {
        match read(item) {
            Ok(record) => found.push(record),
            Err(reason) => refused.push(Refused::new(subject_of(item), reason)),
        }
    }
    (found, refused)
}

/// What a record that is refused is called.
fn subject_of(item: &Value) -> String {
    ["full_name", "path_with_namespace", "nameWithOwner", "name", "id", "url"]
        .iter()
        .find_map(|key| match item.get(key)? {
            Value::String(text) => Some(text.chars().take(200).collect()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .unwrap_or_else(|| "a record without a name".to_owned())
}

/// The text at this JSON pointer; none when it is empty.
pub(crate) fn text(item: &Value, pointer: &str) -> Option<String> {
    item.pointer(pointer)?.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A text that people wrote, not longer than what is kept.
pub(crate) fn prose(item: &Value, pointer: &str) -> Option<String> {
    text(item, pointer).map(|text| text.chars().take(DESCRIPTION).collect())
}

pub(crate) fn number(item: &Value, pointer: &str) -> Option<i64> {
    item.pointer(pointer)?.as_i64().filter(|number| *number >= 0)
}

pub(crate) fn flag(item: &Value, pointer: &str) -> Option<bool> {
    item.pointer(pointer)?.as_bool()
}

pub(crate) fn time(item: &Value, pointer: &str) -> Option<Timestamp> {
    item.pointer(pointer)?.as_str()?.parse().ok()
}

pub(crate) fn texts(item: &Value, pointer: &str) -> Vec<String> {
    let list = item.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).take(TOPICS).collect()
}

/// An id that is a number or a text.
pub(crate) fn id(item: &Value, pointer: &str) -> Option<String> {
    match item.pointer(pointer)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}
