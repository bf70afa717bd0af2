//! Collects what is wrong with values that each have the right type.

use super::{Problem, ServiceUrl, keys::Key, merged::Merged};

/// Collects what is wrong with values that each have the right type.
pub(super) struct Check<'a> {
    merged: &'a Merged,
    keys: &'a [Key],
    pub(super) problems: Vec<Problem>,
}

impl<'a> Check<'a> {
    pub(super) const fn new(merged: &'a Merged, keys: &'a [Key]) -> Self {
        Self { merged, keys, problems: Vec::new() }
    }

    /// Refuses the value of `key` unless `right`.
    pub(super) fn that(&mut self, key: &'static str, right: bool) {
        if !right {
            let accepted = self.keys.iter().find(|known| known.name == key).map(Key::accepted);
            self.wrong(key, accepted.unwrap_or_default());
        }
    }

    /// Refuses the value of `key` unless it starts with one of these schemes. What is empty is filled in later.
    pub(super) fn scheme(&mut self, key: &'static str, url: &ServiceUrl, known: &[&str]) {
        self.that(key, url.is_empty() || known.contains(&url.scheme().as_str()));
    }

    /// Refuses the value of `key`.
    pub(super) fn wrong(&mut self, key: &'static str, accepted: String) {
        let (value, origin) = self.merged.shown(key, self.keys);
        self.problems.push(Problem::Value { key: key.to_owned(), value, accepted, origin });
    }
}
