//! Functions, their sizes and their complexity, with lizard's meaning of the words.
//!
//! [`analyze`] needs nothing but a language and a text. A lexer cuts the text into tokens, a [`Context`]
//! counts them, and one small state machine per language says where functions begin and end.

#[cfg(test)]
mod classes;
mod context;
mod function;
mod languages;
mod metrics;
mod name;
#[cfg(test)]
mod properties;
#[expect(clippy::collapsible_match, reason = "an arm takes its token; a guard would hand it to the next arm")]
mod readers;
#[expect(clippy::collapsible_match, reason = "an arm takes its token; a guard would hand it to the next arm")]
mod shape;

pub use function::{FileFunctions, Function};
pub use languages::{Reader, reader};
pub use metrics::FileMetrics;

pub use crate::lexer::Quirks;
use crate::steps::Steps;
pub(crate) use context::Context;

/// The functions of a text in a language, by linguist's name of it (`C++`, `TypeScript`, `TSX`, …).
///
/// `None` when functions are not looked for in that language. Never fails: a text that is not valid in
/// its language still gets what can be recognised of it.
pub fn analyze(language: &str, text: &str) -> Option<FileFunctions> {
    Some(analyze_with(reader(language)?, text, Quirks::NONE))
}

/// The same for a reader that is known already, with some of lizard's slips repeated.
pub fn analyze_with(reader: Reader, text: &str, quirks: Quirks) -> FileFunctions {
    analyze_within(&Steps::unbounded(), reader, text, quirks)
}

/// The same within so many steps.
pub(crate) fn analyze_within(steps: &Steps, reader: Reader, text: &str, quirks: Quirks) -> FileFunctions {
    if text.contains('\r') {
        // A carriage return ends a line, with or without a line feed after it.
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        return readers::run(reader, &text, quirks, steps);
    }
    readers::run(reader, text, quirks, steps)
}
