//! `dimensions`: it is not too wide and not too high.

use super::{Validator, found, numbers};
use crate::validation::{Found, Kind, Param, Params, Subject};

pub(super) struct Dimensions;

impl Validator for Dimensions {
    fn id(&self) -> &'static str {
        "dimensions"
    }

    fn meaning(&self) -> &'static str {
        "It is at most so wide and so high, by its header."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Image]
    }

    fn params(&self) -> &'static [Param] {
        &[
            Param { name: "max_width", default: "1000", meaning: "In pixels." },
            Param { name: "max_height", default: "1000", meaning: "In pixels." },
        ]
    }

    fn check(&self, params: &Params) -> Result<(), String> {
        numbers(params, &["max_width", "max_height"])
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        let Some(header) = subject.header() else { return Vec::new() };
        let (width, height) = (params.checked("max_width"), params.checked("max_height"));
        if u64::from(header.width) <= width && u64::from(header.height) <= height {
            return Vec::new();
        }
        let text = format!(
            "Asset dimensions must be smaller than {width}x{height}px, the provided image is {}x{}px.",
            header.width, header.height
        );
        found("asset", text)
    }
}
