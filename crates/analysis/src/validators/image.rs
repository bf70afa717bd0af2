//! `image`: it is a picture, by its bytes.

use super::{Validator, found};
use crate::validation::{Found, Kind, Params, Subject};

pub(super) struct Image;

impl Validator for Image {
    fn id(&self) -> &'static str {
        "image"
    }

    fn meaning(&self) -> &'static str {
        "It is a picture, by its first bytes."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Image]
    }

    fn is_gate(&self) -> bool {
        true
    }

    fn validate(&self, subject: &Subject<'_>, _: &Params) -> Vec<Found> {
        match subject.format() {
            Some(_) => Vec::new(),
            None => found("asset", "Asset is not an image."),
        }
    }
}
