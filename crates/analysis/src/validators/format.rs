//! `format`: it is one of the kinds of picture that are wanted, by its bytes and never by its name.

use super::{Validator, found};
use crate::validation::{Format, Found, Kind, Param, Params, Subject};

pub(super) struct AllowedFormat;

impl Validator for AllowedFormat {
    fn id(&self) -> &'static str {
        "format"
    }

    fn meaning(&self) -> &'static str {
        "It is one of the kinds of picture that are wanted, by its first bytes and never by its name."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Image]
    }

    fn params(&self) -> &'static [Param] {
        &[Param { name: "allowed", default: "jpeg", meaning: "The kinds, with slashes between them." }]
    }

    fn check(&self, params: &Params) -> Result<(), String> {
        match params.list("allowed").find(|name| Format::from_name(name).is_none()) {
            Some(unknown) => {
                Err(format!("no picture is of kind {unknown:?}; known: {}", Format::names().join(", ")))
            }
            None => Ok(()),
        }
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        let Some(format) = subject.format() else { return Vec::new() };
        let allowed: Vec<&str> =
            params.list("allowed").filter_map(Format::from_name).map(Format::name).collect();
        if allowed.contains(&format.name()) {
            return Vec::new();
        }
        let text =
            format!("Assets must be a {}, the provided image is a {}", allowed.join(" or a "), format.name());
        found("asset", text)
    }
}
