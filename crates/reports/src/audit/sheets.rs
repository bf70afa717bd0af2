//! A report as a workbook: a sheet for each section, the summary in front, and the meanings of the columns.

use std::io::{self, Write};

use super::{
    columns::{ChangeColumns, FindingColumns, SUMMARY, all_columns},
    facts::{Facts, Value},
    rows::{Change, Finding, Section},
};
use crate::xlsx::{Cell, Head, Workbook};

/// The sheet with the meanings.
const MEANINGS: [Head<'static>; 3] = [
    Head { name: "sheet", width: 14 },
    Head { name: "column", width: 20 },
    Head { name: "meaning", width: 100 },
];

pub(super) struct Sheets<W: Write> {
    book: Workbook<W>,
    /// The sections that are wanted and have no sheet yet, the next one last.
    missing: Vec<Section>,
    /// The section of the open sheet, and its columns.
    open: Option<(Section, ChangeColumns)>,
    findings: FindingColumns,
    facts: Facts,
}

impl<W: Write> Sheets<W> {
    pub(super) fn begin(only: Option<Section>, facts: &Facts, out: W) -> io::Result<Self> {
        let wanted = |section: &Section| only.is_none_or(|only| only == *section);
        Ok(Self {
            book: Workbook::new(out)?,
            missing: Section::ALL.into_iter().rev().filter(wanted).collect(),
            open: None,
            findings: FindingColumns::new(),
            facts: facts.clone(),
        })
    }

    pub(super) fn change(&mut self, section: Section, change: &Change<'_>) -> io::Result<()> {
        self.open(section)?;
        match &self.open {
            Some((_, columns)) => self.book.row(&columns.cells(change)),
            None => Ok(()),
        }
    }

    pub(super) fn finding(&mut self, finding: &Finding<'_>) -> io::Result<()> {
        self.open(Section::Findings)?;
        self.book.row(&self.findings.cells(finding))
    }

    /// Opens the sheet of `section`, and those before it that have no rows.
    fn open(&mut self, section: Section) -> io::Result<()> {
        while let Some(next) = self.missing.pop_if(|next| *next <= section) {
            let columns = ChangeColumns::of(next);
            let head = |(name, width, _)| Head { name, width };
            let heads: Vec<Head<'_>> = match next {
                Section::Findings => self.findings.columns().map(head).collect(),
                Section::Summary => SUMMARY.into_iter().map(head).collect(),
                _ => columns.columns().map(head).collect(),
            };
            self.book.sheet(next.title(), &heads)?;
            self.open = Some((next, columns));
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        let with_summary = self.missing.contains(&Section::Summary);
        self.open(Section::Summary)?;
        if with_summary {
            self.book.in_front();
            for fact in self.facts.all() {
                let value = match &fact.value {
                    Value::Text(text) => Cell::Text(text),
                    Value::Number(number) => Cell::Number(*number),
                };
                self.book.row(&[Cell::Text(fact.name), value])?;
            }
        }
        self.book.sheet("Columns", &MEANINGS)?;
        for (section, columns) in all_columns() {
            for (name, meaning) in &columns {
                self.book.row(&[Cell::Text(section.title()), Cell::Text(name), Cell::Text(meaning)])?;
            }
        }
        self.book.finish()
    }
}
