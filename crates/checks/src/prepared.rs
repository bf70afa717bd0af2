//! The checks that a policy asks for, made ready.

use contracts::policy::{CheckPolicy, Level};

use crate::{CHECKS, Found, Look, Needs, Subject};

/// The checks of one policy.
pub struct Prepared {
    looks: Vec<Ready>,
    needs: Needs,
}

struct Ready {
    check: &'static str,
    level: Level,
    needs: Needs,
    look: Box<dyn Look>,
}

/// What a check found, and what it is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The check.
    pub check: &'static str,
    /// What it is taken for.
    pub level: Level,
    /// What it found.
    pub found: Found,
}

/// Makes the checks of a policy ready.
///
/// # Errors
/// Which check is not known or has wrong parameters, and what would be right.
pub fn prepare(policy: &[CheckPolicy]) -> Result<Prepared, String> {
    let mut prepared = Prepared { looks: Vec::with_capacity(policy.len()), needs: Needs::default() };
    for (index, wanted) in policy.iter().enumerate() {
        let Some(check) = CHECKS.iter().find(|check| check.id() == wanted.check) else {
            let known: Vec<&str> = CHECKS.iter().map(|check| check.id()).collect();
            return Err(format!(
                "checks[{index}]: no check is named {:?}; known: {}",
                wanted.check,
                known.join(", ")
            ));
        };
        let look = check
            .prepare(&wanted.params)
            .map_err(|error| format!("checks[{index}]: parameters of {:?}: {error}", wanted.check))?;
        prepared.looks.push(Ready { check: check.id(), level: wanted.level, needs: check.needs(), look });
        prepared.needs = prepared.needs.or(check.needs());
    }
    Ok(prepared)
}

impl Prepared {
    /// What the checks want to be shown.
    pub const fn needs(&self) -> Needs {
        self.needs
    }

    /// Whether there is nothing to check.
    pub fn is_empty(&self) -> bool {
        self.looks.is_empty()
    }

    /// Lets every check look at the subject; in the order of the policy. A check that should have seen bytes which
    /// cannot be had finds just that, at its own level: what nobody could look at is not taken for clean.
    pub fn look(&self, subject: &Subject<'_>, hits: &mut Vec<Hit>) {
        let mut found = Vec::new();
        for Ready { check, level, needs, look } in &self.looks {
            match subject.unreadable {
                Some(reason) if needs.bytes => {
                    if look.wants_bytes(subject) {
                        let text = format!("not looked at, because its bytes cannot be had: {reason}");
                        found.push(Found::new("unreadable", text));
                    }
                }
                _ => look.look(subject, &mut found),
            }
            hits.extend(found.drain(..).map(|found| Hit { check, level: *level, found }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(check: &str, params: serde_json::Value) -> CheckPolicy {
        CheckPolicy { check: check.to_owned(), level: Level::Block, params }
    }

    #[test]
    fn what_is_not_known_is_answered_with_what_is() {
        let error = prepare(&[wanted("licens", serde_json::json!({}))]).err().unwrap();
        assert!(error.contains("checks[0]") && error.contains("licence, size"), "{error}");
        let error = prepare(&[wanted("size", serde_json::json!({ "max": 1 }))]).err().unwrap();
        assert!(error.contains("max_bytes"), "{error}");
    }

    #[test]
    fn every_check_is_content_without_parameters_and_needs_no_luck() {
        let all: Vec<CheckPolicy> =
            CHECKS.iter().map(|check| wanted(check.id(), serde_json::json!({}))).collect();
        let prepared = prepare(&all).unwrap();
        assert_eq!(prepared.needs(), Needs { facts: true, bytes: true, stocked: true });
        let subject = Subject { path: b"\xff", size: u64::MAX, mode: 0, ..crate::checks::file("") };
        prepared.look(&subject, &mut Vec::new());
    }

    #[test]
    fn what_cannot_be_looked_at_is_found_at_the_level_of_who_should_have_looked() {
        let policy = [
            CheckPolicy { level: Level::Info, ..wanted("size", serde_json::json!({ "max_bytes": 1 })) },
            wanted("secrets", serde_json::json!({ "ignore": ["vendor/**"], "max_bytes": 10 })),
        ];
        let prepared = prepare(&policy).unwrap();
        let of = |path: &'static str, size| {
            let mut hits = Vec::new();
            let subject = Subject { size, unreadable: Some("pack 7 is gone"), ..crate::checks::file(path) };
            prepared.look(&subject, &mut hits);
            hits
        };
        let hits = of("a", 5);
        let codes: Vec<_> = hits.iter().map(|hit| (hit.check, hit.level, hit.found.code.as_ref())).collect();
        assert_eq!(codes, [("size", Level::Info, "too_large"), ("secrets", Level::Block, "unreadable")]);
        assert!(hits[1].found.message.contains("pack 7 is gone"));
        // Nobody would have looked at these.
        assert_eq!((of("vendor/a", 5).len(), of("a", 11).len()), (1, 1));
    }

    #[test]
    fn names_are_used_once() {
        let mut ids: Vec<&str> = CHECKS.iter().map(|check| check.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), CHECKS.len());
    }
}
