//! Whether a file is fit for use: a pipeline of [`validators`](crate::validators), each with parameters and a
//! level, over one file.
//!
//! A pipeline is configuration: a list of texts such as `format allowed=jpeg/png` or `location
//! level=error`. Everything that is found is kept, under a key: one that fails keeps no other from
//! looking, unless nothing is left to look at.

mod archive;
mod exif;
mod gif;
mod image;
mod jpeg;
mod params;
mod pipeline;
mod subject;

use std::collections::BTreeMap;

pub use archive::{Entry, Listing, list};
pub use exif::{Exif, exif};
pub use image::{Decoded, Format, Header, decode, end_of, frames, header, sniff};
pub use params::{Param, Params};
pub use pipeline::{InvalidPipeline, Pipeline, Step};
pub use subject::Subject;

/// What is looked at, by its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A picture.
    Image,
    /// A text of a program or of its surroundings.
    Source,
    /// Many files in one.
    Archive,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::Image, Self::Source, Self::Archive];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Source => "source",
            Self::Archive => "archive",
        }
    }

    /// The kind with this name; `None` for an unknown one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The file is not fit for use.
    Error,
    /// It is odd.
    Warning,
}

/// What a validator found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The key that it is kept under.
    pub key: &'static str,
    /// What is wrong, for people.
    pub text: String,
}

/// Texts by key, in the order in which they were found.
pub type Findings = BTreeMap<String, Vec<String>>;

/// What a pipeline came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why the file is not fit for use; it is when there is nothing.
    pub errors: Findings,
    /// What is odd about it.
    pub warnings: Findings,
}

impl Verdict {
    /// Keeps what was found.
    pub fn add(&mut self, level: Level, key: &str, text: impl Into<String>) {
        let findings = match level {
            Level::Error => &mut self.errors,
            Level::Warning => &mut self.warnings,
        };
        findings.entry(key.to_owned()).or_default().push(text.into());
    }

    /// Whether the file is fit for use.
    pub fn is_fit(&self) -> bool {
        self.errors.is_empty()
    }
}
