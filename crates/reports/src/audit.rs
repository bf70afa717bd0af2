//! The report of an audit: what a snapshot would change in a stock and what the checks found in it; and the
//! same of the difference between two versions of a stock, or between two snapshots.
//!
//! A report is written row by row while its rows are read, and holds no more of them in memory than a page
//! needs for its pictures, which is bounded. Rows come section by section, in the order of [`Section::ALL`],
//! and in each section in the order in which they are to stand. The same rows give the same bytes: there is no
//! clock in a report.
//!
//! ```
//! use reports::audit::{Change, Facts, Format, Report, Section, State};
//!
//! let mut report = Report::begin(Format::Csv, None, &Facts::default(), Vec::new()).unwrap();
//! let after = State { mode: 0o100_644, digest: &[0xab; 20], size: 7, ..State::default() };
//! let change =
//!     Change { repository: "https://example.org/a", path: b"src/main.rs", after: Some(after), ..Change::default() };
//! report.change(Section::New, &change).unwrap();
//! let text = String::from_utf8(report.finish().unwrap()).unwrap();
//! assert!(text.contains("https://example.org/a,src/main.rs,100644,abab"));
//! ```

mod columns;
mod facts;
mod json;
mod page;
mod path;
mod rows;
mod sheets;
mod tables;

use std::{fmt, io, io::Write, str::FromStr};

pub use self::{
    columns::reference,
    facts::{Counts, Fact, Facts, Value},
    path::{PathText, quoted},
    rows::{Change, Finding, Level, Override, Section, State},
    tables::bare,
};
use self::{json::Json, page::Page, sheets::Sheets, tables::Tables};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A workbook for spreadsheets (Office Open XML), a sheet for each section.
    Xlsx,
    /// Comma-separated values (RFC 4180), a table for each section.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// A page with pictures, for browsers; it needs nothing beside it.
    Html,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Xlsx, Self::Csv, Self::Jsonl, Self::Html];

    /// The stable name, which is also how a file of it ends.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Html => "html",
        }
    }

    /// The media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/x-ndjson",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A name that is none of what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no {what}; known: {known}")]
pub struct UnknownName {
    name: String,
    what: &'static str,
    known: String,
}

impl UnknownName {
    fn new(name: &str, what: &'static str, known: &[&str]) -> Self {
        Self { name: name.to_owned(), what, known: known.join(", ") }
    }
}

impl FromStr for Format {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.map(Self::as_str);
        let found = Self::ALL.into_iter().find(|format| format.as_str() == name);
        found.ok_or_else(|| UnknownName::new(name, "format of a report", &known))
    }
}

/// A report that is being written.
pub struct Report<W: Write> {
    writer: Writer<W>,
    /// Only this section is wanted.
    only: Option<Section>,
    /// The section of the last row.
    at: Section,
}

enum Writer<W: Write> {
    Sheets(Box<Sheets<W>>),
    Tables(Box<Tables<W>>),
    Json(Json<W>),
    Page(Box<Page<W>>),
}

impl<W: Write> Report<W> {
    /// Begins a report of which `facts` is already known; of one section only, when `only` names it.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn begin(format: Format, only: Option<Section>, facts: &Facts, out: W) -> io::Result<Self> {
        let writer = match format {
            Format::Xlsx => Writer::Sheets(Box::new(Sheets::begin(only, facts, out)?)),
            Format::Csv => Writer::Tables(Box::new(Tables::begin(only, facts, out)?)),
            Format::Jsonl => Writer::Json(Json::begin(only, facts, out)?),
            Format::Html => Writer::Page(Box::new(Page::begin(facts, out))),
        };
        Ok(Self { writer, only, at: Section::New })
    }

    /// Whether rows of this section have a place in the report: others need not be read.
    pub fn wants(&self, section: Section) -> bool {
        self.only.is_none_or(|only| only == section)
    }

    /// Adds a change to its section.
    ///
    /// # Errors
    /// When the section is over already or has no changes, or `out` does not take it.
    pub fn change(&mut self, section: Section, change: &Change<'_>) -> io::Result<()> {
        if !section.has_changes() {
            return Err(invalid(format!("{section} has no changes")));
        }
        self.move_on(section)?;
        if !self.wants(section) {
            return Ok(());
        }
        match &mut self.writer {
            Writer::Sheets(sheets) => sheets.change(section, change),
            Writer::Tables(tables) => tables.change(section, change),
            Writer::Json(json) => json.change(section, change),
            Writer::Page(page) => {
                page.change(section, change);
                Ok(())
            }
        }
    }

    /// Adds a finding.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn finding(&mut self, finding: &Finding<'_>) -> io::Result<()> {
        self.move_on(Section::Findings)?;
        if !self.wants(Section::Findings) {
            return Ok(());
        }
        match &mut self.writer {
            Writer::Sheets(sheets) => sheets.finding(finding),
            Writer::Tables(tables) => tables.finding(finding),
            Writer::Json(json) => json.finding(finding),
            Writer::Page(page) => {
                page.finding(finding);
                Ok(())
            }
        }
    }

    /// Writes what is missing, and gives the stream back.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn finish(self) -> io::Result<W> {
        match self.writer {
            Writer::Sheets(sheets) => sheets.finish(),
            Writer::Tables(tables) => tables.finish(),
            Writer::Json(json) => json.finish(),
            Writer::Page(page) => page.finish(),
        }
    }

    fn move_on(&mut self, section: Section) -> io::Result<()> {
        if section < self.at {
            return Err(invalid(format!("a row of {section} behind one of {}", self.at)));
        }
        self.at = section;
        Ok(())
    }
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

#[cfg(test)]
mod tests;
