//! The checks: one file each here, and one entry in the list.

mod analysis;
mod complexity;
mod duplicate;
mod language;
mod licence;
mod origin;
mod path;
mod secrets;
mod size;

use serde_json::Value;

use crate::{Found, Needs, Subject};

/// Something that can be wrong with a node on its way into a stock.
pub trait Check: Sync {
    /// The name under which policies ask for it: lower case, never changed.
    fn id(&self) -> &'static str;

    /// What it finds, in a sentence.
    fn summary(&self) -> &'static str;

    /// What it wants to be shown.
    fn needs(&self) -> Needs {
        Needs::default()
    }

    /// Makes it ready with the parameters of a policy.
    ///
    /// # Errors
    /// What is wrong with the parameters.
    fn prepare(&self, params: &Value) -> Result<Box<dyn Look>, String>;
}

/// A check with its parameters.
pub trait Look: Send + Sync {
    /// Adds what is wrong with the subject. Must end in time linear in its size, for any bytes.
    fn look(&self, subject: &Subject<'_>, found: &mut Vec<Found>);

    /// Whether it would look at the subject's bytes. Only asked of checks that need bytes.
    fn wants_bytes(&self, _subject: &Subject<'_>) -> bool {
        true
    }
}

/// Every check.
pub static CHECKS: &[&dyn Check] = &[
    &licence::Licence,
    &size::Size,
    &language::Language,
    &origin::Origin,
    &analysis::Analysis,
    &complexity::Complexity,
    &duplicate::Duplicate,
    &path::Path,
    &secrets::Secrets,
];

/// What tests show to a check, and what it says: codes and messages.
#[cfg(test)]
fn said(check: &dyn Check, params: Value, subject: &Subject<'_>) -> Vec<String> {
    let mut found = Vec::new();
    check.prepare(&params).unwrap().look(subject, &mut found);
    found.into_iter().map(|found| format!("{}: {}", found.code, found.message)).collect()
}

/// A file without content.
#[cfg(test)]
pub(crate) fn file(path: &str) -> Subject<'_> {
    Subject {
        path: path.as_bytes(),
        mode: 0o100_644,
        size: 0,
        facts: None,
        bytes: None,
        unreadable: None,
        stocked: None,
    }
}
