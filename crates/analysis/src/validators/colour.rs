//! `colour`: its colours are written in one of the ways that are wanted.

use super::{Validator, found};
use crate::validation::{Found, Kind, Level, Param, Params, Subject};

const KNOWN: &[&str] = &["grey", "greya", "rgb", "rgba", "palette", "cmyk"];

pub(super) struct Colour;

impl Validator for Colour {
    fn id(&self) -> &'static str {
        "colour"
    }

    fn meaning(&self) -> &'static str {
        "Its colours are written in one of the ways that are wanted."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Image]
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn params(&self) -> &'static [Param] {
        &[Param {
            name: "allowed",
            default: "grey/greya/rgb/rgba/palette",
            meaning: "The ways, with slashes between them: grey, greya, rgb, rgba, palette, cmyk.",
        }]
    }

    fn check(&self, params: &Params) -> Result<(), String> {
        match params.list("allowed").find(|name| !KNOWN.contains(name)) {
            Some(unknown) => Err(format!("no colours are {unknown:?}; known: {}", KNOWN.join(", "))),
            None => Ok(()),
        }
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        match subject.header() {
            Some(header) if !params.list("allowed").any(|allowed| allowed == header.colour) => {
                found("colour", format!("Asset is in {}.", header.colour))
            }
            _ => Vec::new(),
        }
    }
}
