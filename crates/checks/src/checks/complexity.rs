//! `complexity`: files with a function that is too complex.

use serde::Deserialize;
use serde_json::Value;

use super::{Check, Look};
use crate::{Found, Needs, Subject, params::read};

pub(super) struct Complexity;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    /// The largest cyclomatic complexity of a function that is fine.
    #[serde(default = "max")]
    max: u64,
}

fn max() -> u64 {
    30
}

impl Check for Complexity {
    fn id(&self) -> &'static str {
        "complexity"
    }

    fn summary(&self) -> &'static str {
        "Finds files with a function that is too complex."
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
        let worst = subject.facts.and_then(|facts| facts.complexity).filter(|worst| *worst > self.max);
        if let Some(worst) = worst {
            let text = format!("a function of complexity {worst}; the most is {}", self.max);
            found.push(Found::new("too_complex", text));
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
    fn the_ceiling_itself_is_fine() {
        let of = |complexity| {
            let facts = Facts { complexity, ..Facts::default() };
            said(&Complexity, json!({ "max": 5 }), &Subject { facts: Some(&facts), ..file("a.c") })
        };
        assert!(of(Some(5)).is_empty() && of(None).is_empty());
        assert_eq!(of(Some(6)), ["too_complex: a function of complexity 6; the most is 5"]);
    }
}
