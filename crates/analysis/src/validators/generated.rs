//! `generated`: somebody wrote it.

use super::{Validator, found};
use crate::validation::{Found, Kind, Params, Subject};

pub(super) struct Generated;

impl Validator for Generated {
    fn id(&self) -> &'static str {
        "generated"
    }

    fn meaning(&self) -> &'static str {
        "It is neither generated nor minified."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Source]
    }

    fn validate(&self, subject: &Subject<'_>, _: &Params) -> Vec<Found> {
        let Some(report) = subject.report("language") else { return Vec::new() };
        let mut texts = Vec::new();
        if report["generated"] == true {
            texts.extend(found("generated", "Asset is generated."));
        }
        if report["minified"] == true {
            texts.extend(found("generated", "Asset is minified."));
        }
        texts
    }
}
