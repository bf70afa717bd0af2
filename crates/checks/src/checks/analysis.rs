//! `analysis`: files that an analyzer failed on, or whose bytes are not there.

use serde::Deserialize;
use serde_json::Value;

use super::{Check, Look};
use crate::{
    Found, Needs, Subject,
    params::{Names, read},
};

pub(super) struct Analysis;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Only failures of these; of all when empty.
    #[serde(default)]
    analyzers: Vec<String>,
}

struct Ready(Names);

impl Check for Analysis {
    fn id(&self) -> &'static str {
        "analysis"
    }

    fn summary(&self) -> &'static str {
        "Finds files that could not be parsed or analysed."
    }

    fn needs(&self) -> Needs {
        Needs { facts: true, ..Needs::default() }
    }

    fn prepare(&self, params: &Value) -> Result<Box<dyn Look>, String> {
        Ok(Box::new(Ready(Names::new(&read::<Params>(params)?.analyzers))))
    }
}

impl Look for Ready {
    fn look(&self, subject: &Subject<'_>, found: &mut Vec<Found>) {
        let failures = subject.facts.iter().flat_map(|facts| &facts.failures);
        for (analyzer, reason) in failures.filter(|(analyzer, _)| self.0.is_empty() || self.0.has(analyzer)) {
            found.push(Found::new("failed", format!("{analyzer}: {reason}")));
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
    fn failures_are_told_with_their_reasons() {
        let mut facts = Facts::default();
        facts.fail("lines", "too deep");
        facts.fail("python", "no syntax");
        let subject = Subject { facts: Some(&facts), ..file("a.py") };
        assert_eq!(said(&Analysis, json!({}), &subject).len(), 2);
        let some = said(&Analysis, json!({ "analyzers": ["python"] }), &subject);
        assert_eq!(some, ["failed: python: no syntax"]);
    }
}
