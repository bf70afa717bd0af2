//! `secrets`: keys, tokens and passwords, as [`analysis::secrets`] knows them.

use analysis::secrets::{Finder, OwnRule};
use serde::Deserialize;
use serde_json::Value;

use super::{Check, Look};
use crate::{Found, Needs, Subject, globs::Globs, params::read};

pub(super) struct Secrets;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Rules of one's own.
    #[serde(default)]
    rules: Vec<RuleText>,
    /// Names of rules that are left out.
    #[serde(default)]
    without: Vec<String>,
    /// Patterns of paths that are not looked at.
    #[serde(default)]
    ignore: Vec<String>,
    /// Larger files are not looked at.
    #[serde(default = "max_bytes")]
    max_bytes: u64,
}

fn max_bytes() -> u64 {
    10_000_000
}

/// A rule of a policy.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    id: String,
    /// What it finds, for people.
    description: String,
    /// An expression; its first group, or all of it, is the secret.
    regex: String,
    /// Words one of which stands near every secret, in any case. Without them nothing is found.
    keywords: Vec<String>,
    /// The least entropy of the secret, in bits for each byte.
    #[serde(default)]
    entropy: f32,
}

struct Ready {
    finder: Finder,
    ignore: Globs,
    max_bytes: u64,
}

impl Check for Secrets {
    fn id(&self) -> &'static str {
        "secrets"
    }

    fn summary(&self) -> &'static str {
        "Finds keys, tokens and passwords."
    }

    fn needs(&self) -> Needs {
        Needs { bytes: true, ..Needs::default() }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Look>, String> {
        let params: Params = read(params)?;
        let own = params.rules.into_iter().map(|rule| {
            let RuleText { id, description, regex, keywords, entropy } = rule;
            OwnRule { id, description, regex, keywords, entropy }
        });
        let finder = Finder::new(&params.without, own.collect())?;
        let ignore = Globs::new(&params.ignore)?;
        Ok(Box::new(Ready { finder, ignore, max_bytes: params.max_bytes }))
    }
}

impl Look for Ready {
    fn look(&self, subject: &Subject<'_>, found: &mut Vec<Found>) {
        let Some(bytes) = subject.bytes.filter(|_| self.wants_bytes(subject)) else { return };
        found.extend(self.finder.find(bytes).into_iter().map(|secret| Found {
            code: secret.rule.to_owned().into(),
            message: format!("{} of {} characters", secret.description, secret.length),
            line: Some(secret.line),
        }));
    }

    fn wants_bytes(&self, subject: &Subject<'_>) -> bool {
        subject.size <= self.max_bytes && !self.ignore.fit(subject.path)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::{file, said};

    /// Put together here, so that this file holds none.
    fn token() -> String {
        format!("x: {}{}", "ghp_", "q7Zr3XkP9vLm2WbT8sYc5NdF6gHj4KaE1uRi")
    }

    #[test]
    fn the_line_is_told_and_the_secret_is_not() {
        let text = format!("a\nb\n{}\n", token());
        let mut found = Vec::new();
        let subject = Subject { bytes: Some(text.as_bytes()), ..file("a") };
        Secrets.prepare(&json!({})).unwrap().look(&subject, &mut found);
        assert_eq!((found[0].line, &*found[0].code), (Some(3), "github-token"));
        assert_eq!(found[0].message, "a token of GitHub of 40 characters");
    }

    #[test]
    fn a_policy_adds_and_leaves_out_rules() {
        let own = json!({
            "rules": [{ "id": "ours", "description": "our token", "regex": "OURS-([a-z0-9]{8})", "keywords": ["ours-"] }],
            "without": ["github-token"], "ignore": ["vendor/**"]
        });
        let of = |path, text: &str| {
            said(&Secrets, own.clone(), &Subject { bytes: Some(text.as_bytes()), ..file(path) })
        };
        assert_eq!(of("a", "OURS-q7zr3xkp"), ["ours: our token of 8 characters"]);
        assert!(of("vendor/a", "OURS-q7zr3xkp").is_empty());
        assert!(of("a", &token()).is_empty());
        assert!(Secrets.prepare(&json!({ "without": ["nonsense"] })).err().unwrap().contains("private-key"));
        let wrong = json!({ "rules": [{ "id": "x", "description": "x", "regex": "(", "keywords": ["x"] }] });
        assert!(Secrets.prepare(&wrong).err().unwrap().contains("\"x\""));
    }

    #[test]
    fn what_is_too_large_is_not_looked_at() {
        let text = token();
        let subject = Subject { bytes: Some(text.as_bytes()), size: 10_000_001, ..file("a") };
        assert!(said(&Secrets, json!({}), &subject).is_empty());
    }
}
