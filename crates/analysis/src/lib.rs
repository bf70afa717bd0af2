//! What can be said of a file from its name and its bytes alone.
//!
//! Pure functions: no clock, no disk, no network, no randomness; the same bytes give the same answer
//! for ever. Any bytes at all are fine input, and every cost is linear in their number.
//!
//! - [`hint`]: the part of a path that decides what a file is. Results are kept per (content, hint).
//! - [`analyze`] and [`analyze_missing`]: run the [`ANALYZERS`] over one content.
//! - [`classify`]: what a path alone says (vendored, documentation, test, generated).
//! - [`commit_message()`]: the measures of a commit message.
//! - [`language`]: the languages, by linguist's names.
//! - [`secrets`]: keys, tokens and passwords.
//!
//! ```
//! let hint = analysis::hint(b"src/main.rs");
//! assert_eq!(hint, ".rs");
//! let reports = analysis::analyze(hint, b"fn main() {}\n", &analysis::Limits::default());
//! let lines = reports.iter().find(|report| report.analyzer == "lines");
//! assert!(matches!(lines.map(|report| &report.outcome), Some(analysis::Outcome::Ok(_))));
//! ```

mod analyzers;
mod commit_message;
mod engine;
mod file;
pub mod functions;
#[cfg(test)]
mod growth;
pub mod language;
mod lexer;
mod licence;
mod limits;
pub mod lines;
mod outcome;
mod path;
pub mod python;
pub mod secrets;
mod steps;
mod text;
pub mod validation;
pub mod validators;

pub use analyzers::{ANALYZERS, Analyzer};
pub use commit_message::{CommitMessage, CommitType, commit_message};
pub use engine::{analyze, analyze_missing, fingerprint, versions};
pub use file::File;
pub use language::hint::hint;
pub use limits::Limits;
pub use outcome::{Outcome, Report};
pub use path::{PathClass, classify};
pub use text::{Encoding, Unread};
