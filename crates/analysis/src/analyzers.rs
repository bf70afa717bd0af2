//! The analyzers: one file each here, and one entry in the list.

mod digests;
mod functions;
mod language;
mod licence;
mod lines;
mod python;

use crate::{File, Outcome};

/// Something that can be said of one content.
pub trait Analyzer: Sync {
    /// The name under which results are stored: lower case, never changed.
    fn id(&self) -> &'static str;

    /// Raised when the same content can get another result than before; results of the old version are
    /// then computed anew.
    fn version(&self) -> i32;

    /// What there is to say. Must end in time and memory linear in the content's size, for any bytes; a
    /// loop that follows the text spends the file's steps, so that it ends even when that is wrong.
    fn analyze(&self, file: &File<'_>) -> Outcome;
}

/// Every analyzer.
pub static ANALYZERS: &[&dyn Analyzer] = &[
    &language::LanguageAnalyzer,
    &lines::Lines,
    &functions::Functions,
    &python::Python,
    &digests::Digests,
    &licence::Licence,
];
