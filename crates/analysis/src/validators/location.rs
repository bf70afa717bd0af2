//! `location`: it does not say where it was taken.

use super::{Validator, found};
use crate::validation::{self, Found, Kind, Level, Params, Subject};

pub(super) struct Location;

impl Validator for Location {
    fn id(&self) -> &'static str {
        "location"
    }

    fn meaning(&self) -> &'static str {
        "What a camera wrote beside the picture can be read and does not say where it was taken."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Image]
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn validate(&self, subject: &Subject<'_>, _: &Params) -> Vec<Found> {
        let exif = validation::exif(subject.bytes());
        let mut texts = Vec::new();
        if exif.located {
            texts.extend(found("location", "Asset says where it was taken (GPS in its EXIF or XMP)."));
        }
        if exif.broken {
            texts.extend(found("location", "Asset has EXIF that cannot be read."));
        }
        texts
    }
}
