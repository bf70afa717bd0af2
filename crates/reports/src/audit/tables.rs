//! A report as comma-separated values (RFC 4180, UTF-8, lines end in LF).
//!
//! The whole report is a table for each section: its title, its head, its rows, a blank line. A section without
//! rows has its title and head all the same. A report of one section is that table alone, without title.
//!
//! A text that a spreadsheet would run as a formula gets an apostrophe in front, as OWASP advises; so does a
//! text that begins with one, so that what was meant is always [without the first apostrophe](bare).

use std::{
    borrow::Cow,
    io::{self, BufWriter, Write},
};

use super::{
    columns::{ChangeColumns, FindingColumns, SUMMARY},
    facts::{Facts, Value},
    rows::{Change, Finding, Section},
};
use crate::xlsx::{Cell, hex, is_formula};

pub(super) struct Tables<W: Write> {
    out: BufWriter<W>,
    /// The sections that are wanted and have no table yet, the next one last.
    missing: Vec<Section>,
    /// Whether there is but one.
    alone: bool,
    is_first: bool,
    open: Option<ChangeColumns>,
    findings: FindingColumns,
    facts: Facts,
    line: Vec<u8>,
}

impl<W: Write> Tables<W> {
    pub(super) fn begin(only: Option<Section>, facts: &Facts, out: W) -> io::Result<Self> {
        let wanted = |section: &Section| only.is_none_or(|only| only == *section);
        Ok(Self {
            out: BufWriter::with_capacity(64 << 10, out),
            missing: Section::ALL.into_iter().rev().filter(wanted).collect(),
            alone: only.is_some(),
            is_first: true,
            open: None,
            findings: FindingColumns::new(),
            facts: facts.clone(),
            line: Vec::new(),
        })
    }

    pub(super) fn change(&mut self, section: Section, change: &Change<'_>) -> io::Result<()> {
        self.open(section)?;
        match &self.open {
            Some(columns) => record(&columns.cells(change), &mut self.line, &mut self.out),
            None => Ok(()),
        }
    }

    pub(super) fn finding(&mut self, finding: &Finding<'_>) -> io::Result<()> {
        self.open(Section::Findings)?;
        record(&self.findings.cells(finding), &mut self.line, &mut self.out)
    }

    /// Begins the table of `section`, and those before it that have no rows.
    fn open(&mut self, section: Section) -> io::Result<()> {
        while let Some(next) = self.missing.pop_if(|next| *next <= section) {
            if !self.alone {
                let blank = if self.is_first { "" } else { "\n" };
                writeln!(self.out, "{blank}{}", next.title())?;
            }
            self.is_first = false;
            let columns = ChangeColumns::of(next);
            let head = |(name, _, _)| Cell::Text(name);
            let heads: Vec<Cell<'_>> = match next {
                Section::Findings => self.findings.columns().map(head).collect(),
                Section::Summary => SUMMARY.into_iter().map(head).collect(),
                _ => columns.columns().map(head).collect(),
            };
            record(&heads, &mut self.line, &mut self.out)?;
            self.open = Some(columns);
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        let with_summary = self.missing.contains(&Section::Summary);
        self.open(Section::Summary)?;
        if with_summary {
            for fact in self.facts.all() {
                let value = match &fact.value {
                    Value::Text(text) => Cell::Text(text),
                    Value::Number(number) => Cell::Number(*number),
                };
                record(&[Cell::Text(fact.name), value], &mut self.line, &mut self.out)?;
            }
        }
        self.out.flush()?;
        self.out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

fn record(cells: &[Cell<'_>], line: &mut Vec<u8>, out: &mut impl Write) -> io::Result<()> {
    line.clear();
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            line.push(b',');
        }
        match cell {
            Cell::Empty => {}
            Cell::Number(number) => write!(line, "{number}")?,
            Cell::Hex(bytes) => line.extend(bytes.iter().flat_map(|byte| [hex(byte >> 4), hex(byte & 15)])),
            Cell::Text(text) | Cell::Repeated(text) => field(text, line),
            Cell::Made(text) => field(text, line),
        }
    }
    line.push(b'\n');
    out.write_all(line)
}

/// Appends a text, in quotes where it needs them.
fn field(text: &str, line: &mut Vec<u8>) {
    let text = neutral(text);
    let bytes = text.as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        line.extend_from_slice(bytes);
        return;
    }
    line.push(b'"');
    for &byte in bytes {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    line.push(b'"');
}

/// `text` as no spreadsheet takes it for a formula.
fn neutral(text: &str) -> Cow<'_, str> {
    if is_formula(text) || text.starts_with('\'') { format!("'{text}").into() } else { text.into() }
}

/// What a cell of a report in CSV was before it was made safe.
pub fn bare(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}
