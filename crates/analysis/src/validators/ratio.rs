//! `ratio`: it does not unfold to something out of all proportion.

use super::{Validator, found, numbers};
use crate::validation::{Found, Kind, Param, Params, Subject};

pub(super) struct Ratio;

impl Validator for Ratio {
    fn id(&self) -> &'static str {
        "ratio"
    }

    fn meaning(&self) -> &'static str {
        "Unpacked it is at most so many times as large as packed."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Archive]
    }

    fn params(&self) -> &'static [Param] {
        &[Param { name: "most", default: "100", meaning: "Bytes unpacked for each byte packed." }]
    }

    fn check(&self, params: &Params) -> Result<(), String> {
        numbers(params, &["most"])
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        let unpacked: u64 = subject.entries().iter().map(|entry| entry.bytes).sum();
        let packed = (subject.bytes().len() as u64).max(1);
        if unpacked / packed <= params.checked("most") {
            return Vec::new();
        }
        let text = format!("Archive unfolds {packed} bytes to {unpacked}.");
        found("ratio", text)
    }
}
