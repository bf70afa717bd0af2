//! `decodes`: it can be decoded from its first byte to its last.

use super::{Validator, found, numbers};
use crate::validation::{Found, Kind, Param, Params, Subject};

pub(super) struct Decodes;

impl Validator for Decodes {
    fn id(&self) -> &'static str {
        "decodes"
    }

    fn meaning(&self) -> &'static str {
        "It decodes completely: nothing is cut off and nothing is damaged."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Image]
    }

    fn params(&self) -> &'static [Param] {
        &[
            Param { name: "max_pixels", default: "50_000_000", meaning: "What has more is not begun." },
            Param {
                name: "max_memory",
                default: "268_435_456",
                meaning: "What takes more bytes is not begun.",
            },
        ]
    }

    fn check(&self, params: &Params) -> Result<(), String> {
        numbers(params, &["max_pixels", "max_memory"])
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        match subject.decoded(params.checked("max_pixels"), params.checked("max_memory")) {
            Ok(_) => Vec::new(),
            Err(reason) => found("decodes", reason),
        }
    }
}
