//! `licence`: SPDX ids of the licences that a content is, contains or names.

use crate::language::Kind;
use crate::{Analyzer, File, Outcome, licence};

/// Compares licence files with the known texts, and looks at the head of other files.
pub(super) struct Licence;

impl Analyzer for Licence {
    fn id(&self) -> &'static str {
        "licence"
    }

    fn version(&self) -> i32 {
        1
    }

    fn analyze(&self, file: &File<'_>) -> Outcome {
        let body = match file.body() {
            Ok(body) => body,
            Err(unread) => return unread.into(),
        };
        let is_licence_file = file.hint().starts_with("LICENSE") || file.hint().starts_with("COPYING");
        // A document that speaks of a licence is not under it for that.
        if !is_licence_file && file.language().is_some_and(|language| language.kind == Kind::Prose) {
            return Outcome::json(&licence::identified(body));
        }
        Outcome::json(&licence::find(body, is_licence_file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn a_document_that_speaks_of_a_licence_is_not_under_it() {
        let text = b"Licensed under the MIT license.\n";
        let limits = Limits::default();
        let found = |hint| match Licence.analyze(&File::new(hint, text, &limits)) {
            Outcome::Ok(json) => json,
            other => panic!("{other:?}"),
        };
        assert_eq!(found(".md"), r#"{"licences":[]}"#);
        assert_eq!(found(".rs"), r#"{"licences":[{"id":"MIT","by":"header","confidence":0.9}]}"#);
        assert_eq!(found("LICENSE"), r#"{"licences":[{"id":"MIT","by":"header","confidence":0.9}]}"#);
    }
}
