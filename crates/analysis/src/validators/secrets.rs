//! `secrets`: it has no keys in it that open something.

use super::Validator;
use crate::{
    secrets,
    validation::{Found, Kind, Params, Subject},
};

pub(super) struct Secrets;

impl Validator for Secrets {
    fn id(&self) -> &'static str {
        "secrets"
    }

    fn meaning(&self) -> &'static str {
        "It has no keys, tokens or passwords in it."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Source]
    }

    fn validate(&self, subject: &Subject<'_>, _: &Params) -> Vec<Found> {
        // Never with the secret in the text: only what it is, and where.
        let said = secrets::find(subject.bytes()).into_iter().map(|secret| {
            let description = secret.description.trim_end_matches(':');
            Found { key: "secrets", text: format!("Asset has {description} in line {}.", secret.line) }
        });
        said.collect()
    }
}
