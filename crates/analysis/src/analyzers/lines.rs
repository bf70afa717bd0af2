//! `lines`: how many lines are code, comments or blank.

use serde::Serialize;

use crate::{Analyzer, File, Outcome, lines};

/// Counts the lines of a text.
pub(super) struct Lines;

#[derive(Serialize)]
struct Found {
    total: u64,
    code: u64,
    comments: u64,
    blanks: u64,
}

impl Analyzer for Lines {
    fn id(&self) -> &'static str {
        "lines"
    }

    fn version(&self) -> i32 {
        1
    }

    fn analyze(&self, file: &File<'_>) -> Outcome {
        let body = match file.body() {
            Ok(body) => body,
            Err(unread) => return unread.into(),
        };
        let Some(language) = file.language() else {
            return Outcome::Skipped("the language is not known".into());
        };
        match lines::count_within(file.steps(), language, body) {
            Some(counts) => Outcome::json(&Found {
                total: counts.total(),
                code: counts.code,
                comments: counts.comments,
                blanks: counts.blanks,
            }),
            None => Outcome::Skipped(format!("what a comment is in {} is not known", language.name)),
        }
    }
}
