//! `size`: it has some bytes, and not too many.

use super::{Validator, found, numbers};
use crate::validation::{Found, Kind, Param, Params, Subject};

pub(super) struct Size;

impl Validator for Size {
    fn id(&self) -> &'static str {
        "size"
    }

    fn meaning(&self) -> &'static str {
        "It has at least and at most so many bytes."
    }

    fn kinds(&self) -> &'static [Kind] {
        Kind::ALL
    }

    fn params(&self) -> &'static [Param] {
        &[
            Param { name: "min_bytes", default: "1", meaning: "Bytes." },
            Param { name: "max_bytes", default: "8_388_608", meaning: "Bytes." },
        ]
    }

    fn check(&self, params: &Params) -> Result<(), String> {
        numbers(params, &["min_bytes", "max_bytes"])
    }

    fn looks_at_bytes(&self) -> bool {
        true
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        let bytes = subject.bytes().len() as u64;
        let (least, most) = (params.checked("min_bytes"), params.checked("max_bytes"));
        if (least..=most).contains(&bytes) {
            return Vec::new();
        }
        found("size", format!("Asset has {bytes} bytes; from {least} to {most} are wanted."))
    }
}
