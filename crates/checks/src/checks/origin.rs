//! `origin`: files that nobody here wrote: generated, minified, vendored, binary.

use serde::Deserialize;
use serde_json::Value;

use super::{Check, Look};
use crate::{Found, Needs, Subject, params::read};

pub(super) struct Origin;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    #[serde(default = "yes")]
    generated: bool,
    #[serde(default = "yes")]
    minified: bool,
    #[serde(default = "yes")]
    vendored: bool,
    #[serde(default = "yes")]
    binary: bool,
}

fn yes() -> bool {
    true
}

impl Check for Origin {
    fn id(&self) -> &'static str {
        "origin"
    }

    fn summary(&self) -> &'static str {
        "Finds files that are generated, minified, vendored or binary."
    }

    fn needs(&self) -> Needs {
        Needs { facts: true, ..Needs::default() }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Look>, String> {
        Ok(Box::new(read::<Params>(params)?))
    }
}

impl Look for Params {
    fn look(&self, subject: &Subject<'_>, found: &mut Vec<Found>) {
        if !subject.is_file() {
            return;
        }
        let class = analysis::classify(subject.path);
        let fact = |is: fn(&contracts::Facts) -> bool| subject.facts.is_some_and(is);
        let generated = class.generated || fact(|facts| facts.generated);
        for (wanted, is, code, text) in [
            (self.generated, generated, "generated", "the file is generated"),
            (self.minified, fact(|facts| facts.minified), "minified", "the file is minified"),
            (
                self.vendored,
                class.vendored,
                "vendored",
                "the file is somebody else's, kept in this repository",
            ),
            (self.binary, fact(|facts| facts.binary), "binary", "the file is no text"),
        ] {
            if wanted && is {
                found.push(Found::new(code, text.to_owned()));
            }
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
    fn names_and_contents_both_tell() {
        let facts = Facts { minified: true, binary: true, ..Facts::default() };
        let subject = Subject { facts: Some(&facts), ..file("node_modules/a/Cargo.lock") };
        let codes = |params| -> Vec<String> {
            let said = said(&Origin, params, &subject);
            said.iter().filter_map(|text| Some(text.split_once(':')?.0.to_owned())).collect()
        };
        assert_eq!(codes(json!({})), ["generated", "minified", "vendored", "binary"]);
        assert_eq!(codes(json!({ "minified": false, "vendored": false })), ["generated", "binary"]);
        assert!(said(&Origin, json!({}), &file("src/main.rs")).is_empty());
    }
}
