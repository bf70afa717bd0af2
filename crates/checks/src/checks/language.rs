//! `language`: languages that are denied or not allowed.

use serde::Deserialize;
use serde_json::Value;

use super::{Check, Look};
use crate::{
    Found, Needs, Subject,
    params::{Names, read},
};

pub(super) struct Language;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Linguist's names; when there are any, every other language is found.
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    deny: Vec<String>,
    /// What becomes of text files whose language is not known.
    #[serde(default)]
    unknown: Unknown,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Unknown {
    #[default]
    Pass,
    Find,
}

struct Ready {
    allow: Names,
    deny: Names,
    unknown: Unknown,
}

impl Check for Language {
    fn id(&self) -> &'static str {
        "language"
    }

    fn summary(&self) -> &'static str {
        "Finds files in languages that are denied or not allowed."
    }

    fn needs(&self) -> Needs {
        Needs { facts: true, ..Needs::default() }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Look>, String> {
        let Params { allow, deny, unknown } = read(params)?;
        Ok(Box::new(Ready { allow: Names::new(&allow), deny: Names::new(&deny), unknown }))
    }
}

impl Look for Ready {
    fn look(&self, subject: &Subject<'_>, found: &mut Vec<Found>) {
        let Some(facts) = subject.facts.filter(|_| subject.is_file()) else { return };
        match &facts.language {
            Some(language) if self.deny.has(language) => {
                found.push(Found::new("denied", format!("the language {language} is denied")));
            }
            Some(language) if !self.allow.is_empty() && !self.allow.has(language) => {
                let text = format!("the language {language} is not among those allowed");
                found.push(Found::new("not_allowed", text));
            }
            None if self.unknown == Unknown::Find && !facts.binary => {
                found.push(Found::new("unknown", "the language is not known".to_owned()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::Facts;
    use serde_json::json;

    use super::*;
    use crate::checks::{file, said};

    #[test]
    fn languages_are_allowed_denied_or_unknown() {
        let of = |language: Option<&str>, params| {
            let facts = Facts { language: language.map(str::to_owned), ..Facts::default() };
            said(&Language, params, &Subject { facts: Some(&facts), ..file("a") })
        };
        assert_eq!(of(Some("PHP"), json!({ "deny": ["php"] })), ["denied: the language PHP is denied"]);
        assert_eq!(of(Some("C"), json!({ "allow": ["Rust"] })).len(), 1);
        assert!(of(Some("Rust"), json!({ "allow": ["rust"] })).is_empty());
        assert!(of(None, json!({ "allow": ["rust"] })).is_empty());
        assert_eq!(of(None, json!({ "unknown": "find" })), ["unknown: the language is not known"]);
    }
}
