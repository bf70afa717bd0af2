//! What a run tells people and programs at its end: one struct, rendered as a table, as JSON or as CSV.
//!
//! Rendering is pure: the same report gives the same bytes, in the same order, whatever order it was filled
//! in. Names come from other people's repositories; a table escapes their control characters, and a CSV cell
//! that a spreadsheet would take for a formula is made text.

pub mod audit;
mod csv;
mod numbers;
mod render;
mod scan;
mod table;
mod xlsx;

pub use numbers::{bytes, count, seconds};
pub use render::{Format, Layout, UnknownFormat, render};
pub use scan::{
    Analyzer, AuditCounts, Failed, Function, History, Language, Licence, Repository, ScanReport, Stage,
    Status, Totals,
};
pub use table::printable;
