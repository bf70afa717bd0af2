//! `licence`: licences that are denied or not allowed.

use serde::Deserialize;
use serde_json::Value;

use super::{Check, Look};
use crate::{
    Found, Needs, Subject,
    params::{Names, read},
};

pub(super) struct Licence;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// SPDX ids; when there are any, every other licence is found.
    #[serde(default)]
    allow: Vec<String>,
    /// SPDX ids.
    #[serde(default)]
    deny: Vec<String>,
    /// Whether a text file of code that names no licence is found.
    #[serde(default)]
    required: bool,
}

struct Ready {
    allow: Names,
    deny: Names,
    required: bool,
}

impl Check for Licence {
    fn id(&self) -> &'static str {
        "licence"
    }

    fn summary(&self) -> &'static str {
        "Finds files under licences that are denied or not allowed."
    }

    fn needs(&self) -> Needs {
        Needs { facts: true, ..Needs::default() }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Look>, String> {
        let Params { allow, deny, required } = read(params)?;
        Ok(Box::new(Ready { allow: Names::new(&allow), deny: Names::new(&deny), required }))
    }
}

impl Look for Ready {
    fn look(&self, subject: &Subject<'_>, found: &mut Vec<Found>) {
        let Some(facts) = subject.facts else { return };
        for licence in &facts.licences {
            if self.deny.has(licence) {
                found.push(Found::new("denied", format!("the licence {licence} is denied")));
            } else if !self.allow.is_empty() && !self.allow.has(licence) {
                found.push(Found::new(
                    "not_allowed",
                    format!("the licence {licence} is not among those allowed"),
                ));
            }
        }
        let is_code = facts.code.is_some_and(|code| code > 0);
        if self.required && facts.licences.is_empty() && is_code {
            found.push(Found::new("missing", "the file names no licence".to_owned()));
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
    fn lists_are_compared_without_case_and_denial_comes_first() {
        let facts = Facts { licences: vec!["GPL-3.0".into(), "MIT".into()], ..Facts::default() };
        let subject = Subject { facts: Some(&facts), ..file("a.c") };
        let denied = said(&Licence, json!({ "deny": ["gpl-3.0"] }), &subject);
        assert_eq!(denied, ["denied: the licence GPL-3.0 is denied"]);
        let allowed = said(&Licence, json!({ "allow": ["mit"], "deny": ["Zlib"] }), &subject);
        assert_eq!(allowed, ["not_allowed: the licence GPL-3.0 is not among those allowed"]);
        assert!(said(&Licence, json!({}), &subject).is_empty());
    }

    #[test]
    fn only_code_has_to_name_a_licence() {
        let code = Facts { code: Some(3), ..Facts::default() };
        let required = json!({ "required": true });
        assert_eq!(said(&Licence, required.clone(), &Subject { facts: Some(&code), ..file("a.c") }).len(), 1);
        let data = Facts::default();
        assert!(said(&Licence, required, &Subject { facts: Some(&data), ..file("a.bin") }).is_empty());
    }
}
