//! `path`: paths that match, or do not match, patterns; links and submodules.

use serde::Deserialize;
use serde_json::Value;

use super::{Check, Look};
use crate::{Found, Subject, globs::Globs, params::read};

pub(super) struct Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Patterns; when there are any, every path that fits none is found.
    #[serde(default)]
    allow: Vec<String>,
    /// Patterns; paths that fit one are found.
    #[serde(default)]
    deny: Vec<String>,
    /// Whether symbolic links are found.
    #[serde(default)]
    links: bool,
    /// Whether submodules are found.
    #[serde(default)]
    submodules: bool,
}

struct Ready {
    allow: Globs,
    deny: Globs,
    links: bool,
    submodules: bool,
}

impl Check for Path {
    fn id(&self) -> &'static str {
        "path"
    }

    fn summary(&self) -> &'static str {
        "Finds paths by patterns, links and submodules."
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Look>, String> {
        let Params { allow, deny, links, submodules } = read(params)?;
        Ok(Box::new(Ready { allow: Globs::new(&allow)?, deny: Globs::new(&deny)?, links, submodules }))
    }
}

impl Look for Ready {
    fn look(&self, subject: &Subject<'_>, found: &mut Vec<Found>) {
        if self.deny.fit(subject.path) {
            found.push(Found::new("denied", "the path is denied by a pattern".to_owned()));
        }
        if !self.allow.is_empty() && !self.allow.fit(subject.path) {
            found.push(Found::new("not_allowed", "the path fits no pattern that is allowed".to_owned()));
        }
        if self.links && subject.is_link() {
            found.push(Found::new("link", "a symbolic link".to_owned()));
        }
        if self.submodules && subject.is_submodule() {
            found.push(Found::new("submodule", "a submodule".to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::{file, said};

    #[test]
    fn a_star_stops_at_a_slash() {
        let denied = |path| !said(&Path, json!({ "deny": ["src/*.rs", "**/.env"] }), &file(path)).is_empty();
        assert!(denied("src/a.rs") && denied("a/b/.env") && denied(".env"));
        assert!(!denied("src/a/b.rs"));
        assert_eq!(said(&Path, json!({ "allow": ["src/**"] }), &file("docs/a.md")).len(), 1);
        let link = Subject { mode: 0o120_000, ..file("a") };
        assert_eq!(said(&Path, json!({ "links": true }), &link), ["link: a symbolic link"]);
    }

    #[test]
    fn a_wrong_pattern_is_told() {
        let error = Path.prepare(&json!({ "deny": ["a[" ] })).err().unwrap();
        assert!(error.contains("a["), "{error}");
    }

    #[test]
    fn a_path_of_any_bytes_can_be_matched() {
        let subject = Subject { path: b"caf\xe9/x.key", ..file("") };
        assert_eq!(said(&Path, json!({ "deny": ["**/*.key"] }), &subject).len(), 1);
    }
}
