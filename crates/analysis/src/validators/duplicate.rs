//! `duplicate`: no other asset has the same bytes.

use super::{Validator, found};
use crate::validation::{Found, Kind, Level, Params, Subject};

pub(super) struct Duplicate;

impl Validator for Duplicate {
    fn id(&self) -> &'static str {
        "duplicate"
    }

    fn meaning(&self) -> &'static str {
        "No asset that is known has the same bytes."
    }

    fn kinds(&self) -> &'static [Kind] {
        Kind::ALL
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn looks_at_bytes(&self) -> bool {
        true
    }

    fn validate(&self, subject: &Subject<'_>, _: &Params) -> Vec<Found> {
        match subject.known() {
            Some(other) => found("duplicate", format!("Asset has the same bytes as {other}.")),
            None => Vec::new(),
        }
    }
}
