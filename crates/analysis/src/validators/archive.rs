//! `archive`: it is an archive, and everything in it can be read.

use super::{Validator, found, numbers};
use crate::validation::{Found, Kind, Param, Params, Subject};

pub(super) struct Archive;

impl Validator for Archive {
    fn id(&self) -> &'static str {
        "archive"
    }

    fn meaning(&self) -> &'static str {
        "It is a zip, tar or tar.gz, and everything in it can be read to its end, within bounds."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Archive]
    }

    fn params(&self) -> &'static [Param] {
        &[
            Param { name: "max_entries", default: "100_000", meaning: "Files in it." },
            Param { name: "max_unpacked", default: "1_073_741_824", meaning: "Bytes of all files in it." },
        ]
    }

    fn check(&self, params: &Params) -> Result<(), String> {
        numbers(params, &["max_entries", "max_unpacked"])
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        match subject.listing(params.checked("max_entries"), params.checked("max_unpacked")) {
            Err(reason) => found("archive", reason),
            Ok(listing) if listing.cut => found(
                "archive",
                format!(
                    "Archive has more than {} files or {} bytes in it.",
                    params.checked("max_entries"),
                    params.checked("max_unpacked")
                ),
            ),
            Ok(listing) => listing
                .entries
                .iter()
                .filter(|entry| entry.encrypted)
                .take(1)
                .flat_map(|entry| {
                    found("archive", format!("{} can be read only with a password.", entry.path))
                })
                .collect(),
        }
    }
}
