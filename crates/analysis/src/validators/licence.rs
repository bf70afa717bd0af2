//! `licence`: it is under a licence that is wanted.

use super::{Validator, found};
use crate::validation::{Found, Kind, Param, Params, Subject};

pub(super) struct AllowedLicence;

impl Validator for AllowedLicence {
    fn id(&self) -> &'static str {
        "licence"
    }

    fn meaning(&self) -> &'static str {
        "Every licence that it names is one of those that are wanted."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Source]
    }

    fn params(&self) -> &'static [Param] {
        &[
            Param {
                name: "allowed",
                default: "",
                meaning: "SPDX ids, with slashes between them; any when empty.",
            },
            Param { name: "required", default: "no", meaning: "Whether it has to name one: yes or no." },
        ]
    }

    fn check(&self, params: &Params) -> Result<(), String> {
        match params.text("required") {
            "yes" | "no" => Ok(()),
            other => Err(format!("required cannot be {other:?}; accepted: yes or no")),
        }
    }

    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found> {
        let Some(report) = subject.report("licence") else { return Vec::new() };
        let named: Vec<&str> = report["licences"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["id"].as_str())
            .collect();
        if named.is_empty() && params.text("required") == "yes" {
            return found("licence", "Asset names no licence.");
        }
        let allowed: Vec<&str> = params.list("allowed").collect();
        let unwanted = named.into_iter().filter(|id| !allowed.is_empty() && !allowed.contains(id));
        unwanted
            .flat_map(|id| found("licence", format!("Asset is under {id}, which is not wanted.")))
            .collect()
    }
}
