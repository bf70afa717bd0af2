//! The validators: one file each here, and one entry in the list.

mod animation;
mod archive;
mod bounds;
mod colour;
mod decodes;
mod dimensions;
mod duplicate;
mod format;
mod generated;
mod image;
mod language;
mod licence;
mod location;
mod parses;
mod paths;
mod ratio;
mod secrets;
mod size;
mod trailing;

use crate::validation::{Found, Kind, Level, Param, Params, Subject};

/// Something that a file has to be, or should be.
pub trait Validator: Sync {
    /// The name in pipelines: lower case, never changed.
    fn id(&self) -> &'static str;

    /// What it sees to, in a sentence.
    fn meaning(&self) -> &'static str;

    /// What it can look at.
    fn kinds(&self) -> &'static [Kind];

    /// How bad what it finds is, unless a pipeline says otherwise.
    fn level(&self) -> Level {
        Level::Error
    }

    /// The parameters that it takes.
    fn params(&self) -> &'static [Param] {
        &[]
    }

    /// Whether these parameters can be used; numbers and names are checked here, once.
    ///
    /// # Errors
    /// What is wrong, and what is accepted.
    fn check(&self, params: &Params) -> Result<(), String> {
        let _ = params;
        Ok(())
    }

    /// Whether there is nothing left to look at when this one finds something.
    fn is_gate(&self) -> bool {
        false
    }

    /// Whether it looks at bare bytes, and so at everything.
    fn looks_at_bytes(&self) -> bool {
        false
    }

    /// What is wrong; nothing when all is well. Must end in bounded time and memory, for any bytes.
    fn validate(&self, subject: &Subject<'_>, params: &Params) -> Vec<Found>;
}

/// Every validator.
pub static VALIDATORS: &[&dyn Validator] = &[
    &image::Image,
    &format::AllowedFormat,
    &dimensions::Dimensions,
    &bounds::Bounds,
    &decodes::Decodes,
    &colour::Colour,
    &animation::Animation,
    &location::Location,
    &trailing::Trailing,
    &size::Size,
    &duplicate::Duplicate,
    &language::AllowedLanguage,
    &parses::Parses,
    &licence::AllowedLicence,
    &generated::Generated,
    &secrets::Secrets,
    &archive::Archive,
    &paths::Paths,
    &ratio::Ratio,
];

/// One thing that was found.
fn found(key: &'static str, text: impl Into<String>) -> Vec<Found> {
    vec![Found { key, text: text.into() }]
}

/// Sees to it that each of these parameters is a number.
fn numbers(params: &Params, names: &[&str]) -> Result<(), String> {
    names.iter().try_for_each(|name| params.number(name).map(drop))
}
