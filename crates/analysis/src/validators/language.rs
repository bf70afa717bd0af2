//! `language`: it is written in one of the languages that are wanted.

use super::{Validator, found};
use crate::validation::{Found, Kind, Param, Params, Subject};

pub(super) struct AllowedLanguage;

impl Validator for AllowedLanguage {
    fn id(&self) -> &'static str {
        "language"
    }

    fn meaning(&self) -> &'static str {
        "It is text in one of the languages that are wanted, by linguist's names."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Source]
    }

    fn params(&self) -> &'static [Param] {
        &[Param {
            name: "allowed",
            default: "",
            meaning: "The languages, with slashes between them; any when empty.",
        }]
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        let Some(report) = subject.report("language") else { return Vec::new() };
        if report["kind"] == "binary" {
            return found("language", "Asset is not text.");
        }
        let allowed: Vec<&str> = params.list("allowed").map(|name| name.trim()).collect();
        // Spaces separate parameters, so that a language's own are written as underscores.
        let is_allowed =
            |language: &str| allowed.iter().any(|one| one.replace('_', " ").eq_ignore_ascii_case(language));
        match report["language"].as_str() {
            _ if allowed.is_empty() => Vec::new(),
            Some(language) if is_allowed(language) => Vec::new(),
            Some(language) => found(
                "language",
                format!("Assets must be in {}, the provided file is in {language}.", allowed.join(" or ")),
            ),
            None => found(
                "language",
                format!("Assets must be in {}, the language is not known.", allowed.join(" or ")),
            ),
        }
    }
}
