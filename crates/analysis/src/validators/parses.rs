//! `parses`: what says that it is JSON is JSON.

use super::{Validator, found};
use crate::validation::{Found, Kind, Params, Subject};

pub(super) struct Parses;

impl Validator for Parses {
    fn id(&self) -> &'static str {
        "parses"
    }

    fn meaning(&self) -> &'static str {
        "JSON can be read as such."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Source]
    }

    fn validate(&self, subject: &Subject<'_>, _: &Params) -> Vec<Found> {
        let language = subject.report("language").and_then(|report| report["language"].as_str());
        let Some(language) = language else { return Vec::new() };
        if language == "JSON" {
            return match serde_json::from_slice::<serde::de::IgnoredAny>(subject.bytes()) {
                Ok(_) => Vec::new(),
                Err(error) => found("parses", format!("Asset is not JSON: {error}.")),
            };
        }
        Vec::new()
    }
}
