//! Workbooks as Office Open XML (ECMA-376), written row by row into a stream that need not seek.
//!
//! Memory does not grow with the rows: a sheet is compressed as it is written, and what repeats is kept once
//! in a table of bounded size. The same rows give the same bytes: there is no clock and no random order in a
//! workbook.
//!
//! What a spreadsheet cannot hold is not lost silently. A sheet that is full is gone on with in a further one,
//! `New (2)` behind `New`. A text that is too long for a cell is cut, and the last column of its row, `loss`,
//! says so. Characters that XML cannot carry are escaped as the standard says (`_x0001_`). A text that could
//! be taken for a formula is marked as text (`quotePrefix`), which leaves the text as it is.

mod deflate;
mod parts;
mod sheet;
mod strings;
mod text;
mod zip;

use std::io::{self, Write};

use self::{sheet::Sheet, strings::Strings, zip::Zip};

pub(crate) use self::{
    sheet::{Cell, hex},
    text::is_formula,
};

/// Rows of a sheet, with its head: Excel's limit.
pub(crate) const MAX_ROWS: u32 = 1_048_576;
/// Characters of a cell, in UTF-16 units: Excel's limit.
pub(crate) const MAX_TEXT: usize = 32_767;
/// Characters of a sheet's name, in UTF-16 units: Excel's limit.
const MAX_NAME: usize = 31;
/// Bytes of a sheet before it is compressed: well under the 4 GiB that an entry of a plain zip may have.
const MAX_BYTES: u64 = 3 << 30;

/// What is to be known of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    /// What stands in its first row.
    pub(crate) name: &'a str,
    /// How wide it is shown, in characters.
    pub(crate) width: u8,
}

/// How large a sheet may become.
#[derive(Clone, Copy, Debug)]
struct Limits {
    rows: u32,
    bytes: u64,
}

/// A workbook that is being written.
pub(crate) struct Workbook<W: Write> {
    zip: Zip<W>,
    strings: Strings,
    /// The names of the sheets, in the order in which they were written.
    names: Vec<String>,
    /// The sheet that is open.
    open: Option<Sheet>,
    /// What the open sheet was asked to be called.
    title: String,
    /// How many sheets go on with the open one's rows.
    further: u32,
    limits: Limits,
    /// The sheet that is shown first; by default the first one.
    front: Option<usize>,
}

impl<W: Write> Workbook<W> {
    pub(crate) fn new(out: W) -> io::Result<Self> {
        Self::with_limits(out, Limits { rows: MAX_ROWS, bytes: MAX_BYTES })
    }

    fn with_limits(out: W, limits: Limits) -> io::Result<Self> {
        let mut zip = Zip::new(out);
        // By its first entry a file is known for what it is.
        zip.entry("_rels/.rels", parts::PACKAGE_RELATIONS.as_bytes())?;
        Ok(Self {
            zip,
            strings: Strings::default(),
            names: Vec::new(),
            open: None,
            title: String::new(),
            further: 0,
            limits,
            front: None,
        })
    }

    /// Begins a sheet; the one before is complete. Each row ends in the column `loss`, which needs no head.
    pub(crate) fn sheet(&mut self, title: &str, heads: &[Head<'_>]) -> io::Result<()> {
        self.close()?;
        self.title = title.to_owned();
        self.further = 0;
        let sheet = Sheet::new(heads);
        self.start(sheet)
    }

    /// Adds a row to the open sheet.
    pub(crate) fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        let Some(sheet) = &mut self.open else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a row before the first sheet"));
        };
        if sheet.rows() >= self.limits.rows || self.zip.written() >= self.limits.bytes {
            let next = sheet.next();
            self.close()?;
            self.further += 1;
            self.start(next)?;
            return self.row(cells);
        }
        sheet.row(cells, &mut self.strings);
        sheet.drain(false, |bytes| self.zip.write(bytes))
    }

    /// The sheet that was begun last is shown first.
    pub(crate) fn in_front(&mut self) {
        self.front = Some(self.names.len().saturating_sub(1));
    }

    /// Writes what is missing, and gives the stream back.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.close()?;
        let front = self.front.unwrap_or_default();
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        // The sheet in front was written at its time; only the list of sheets has it first.
        if front < order.len() {
            order.remove(front);
            order.insert(0, front);
        }
        self.zip.entry("xl/workbook.xml", parts::workbook(&self.names, &order).as_bytes())?;
        let relations = parts::workbook_relations(self.names.len());
        self.zip.entry("xl/_rels/workbook.xml.rels", relations.as_bytes())?;
        self.zip.entry("xl/styles.xml", parts::STYLES.as_bytes())?;
        self.zip.begin("xl/sharedStrings.xml")?;
        self.strings.write(|bytes| self.zip.write(bytes))?;
        self.zip.end()?;
        self.zip.entry("[Content_Types].xml", parts::content_types(self.names.len()).as_bytes())?;
        self.zip.finish()
    }

    fn start(&mut self, sheet: Sheet) -> io::Result<()> {
        let name = sheet_name(&self.title, self.further, &self.names);
        self.names.push(name);
        self.zip.begin(&format!("xl/worksheets/sheet{}.xml", self.names.len()))?;
        self.open = Some(sheet);
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        let Some(mut sheet) = self.open.take() else { return Ok(()) };
        sheet.end();
        sheet.drain(true, |bytes| self.zip.write(bytes))?;
        self.zip.end()
    }
}

/// A name that Excel takes: not empty, short enough, without its forbidden characters, and no other sheet's.
fn sheet_name(title: &str, further: u32, taken: &[String]) -> String {
    let forbidden = |c: char| matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\') || c.is_control();
    let clean: String = title.chars().map(|c| if forbidden(c) { '_' } else { c }).collect();
    // An apostrophe may not be the first or the last, and `History` is Excel's own.
    let clean = clean.trim_matches('\'').trim();
    let clean = match clean {
        "" => "Sheet",
        name if name.eq_ignore_ascii_case("history") => "History_",
        name => name,
    };
    for number in further + 1.. {
        let suffix = if number == 1 { String::new() } else { format!(" ({number})") };
        let (mut room, mut name) = (MAX_NAME.saturating_sub(suffix.len()), String::new());
        for c in clean.chars() {
            let Some(left) = room.checked_sub(c.len_utf16()) else { break };
            room = left;
            name.push(c);
        }
        let name = name + &suffix;
        // Excel does not tell names apart by their case.
        if !taken.iter().any(|other| other.to_lowercase() == name.to_lowercase()) {
            return name;
        }
    }
    clean.to_owned()
}

#[cfg(test)]
mod tests;
