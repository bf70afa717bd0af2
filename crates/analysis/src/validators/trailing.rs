//! `trailing`: nothing is hidden behind its end.

use super::{Validator, found, numbers};
use crate::validation::{self, Found, Kind, Level, Param, Params, Subject};

pub(super) struct Trailing;

impl Validator for Trailing {
    fn id(&self) -> &'static str {
        "trailing"
    }

    fn meaning(&self) -> &'static str {
        "Nothing else is behind its end: a file that is two things at once is seldom meant well."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Image]
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn params(&self) -> &'static [Param] {
        &[Param { name: "max_bytes", default: "16", meaning: "Bytes that do not matter." }]
    }

    fn check(&self, params: &Params) -> Result<(), String> {
        numbers(params, &["max_bytes"])
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        let end = subject.format().and_then(|format| validation::end_of(subject.bytes(), format));
        let Some(end) = end else { return Vec::new() };
        let rest = subject.bytes().len().saturating_sub(end) as u64;
        if rest <= params.checked("max_bytes") {
            return Vec::new();
        }
        found("trailing", format!("Asset has {rest} bytes behind the end of the picture."))
    }
}
