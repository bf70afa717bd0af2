//! `bounds`: decoding it would not take too much. Looked at before anything is decoded.

use super::{Validator, found, numbers};
use crate::validation::{Found, Kind, Param, Params, Subject};

pub(super) struct Bounds;

impl Validator for Bounds {
    fn id(&self) -> &'static str {
        "bounds"
    }

    fn meaning(&self) -> &'static str {
        "Its pixels, and the memory that they would take, are within bounds, by its header."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Image]
    }

    fn params(&self) -> &'static [Param] {
        &[
            Param { name: "max_pixels", default: "50_000_000", meaning: "Pixels." },
            Param { name: "max_memory", default: "268_435_456", meaning: "Bytes of the decoded picture." },
        ]
    }

    fn check(&self, params: &Params) -> Result<(), String> {
        numbers(params, &["max_pixels", "max_memory"])
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        let Some(header) = subject.header() else { return Vec::new() };
        let memory = header.pixels().saturating_mul(header.pixel_bytes);
        if header.pixels() <= params.checked("max_pixels") && memory <= params.checked("max_memory") {
            return Vec::new();
        }
        let text = format!("Asset would take {memory} bytes for {} pixels when decoded.", header.pixels());
        found("bounds", text)
    }
}
