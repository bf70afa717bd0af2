//! One sheet as XML.

use std::io;

use super::{
    Head, parts,
    strings::Strings,
    text::{self, fitting, is_formula},
};

/// The name of the last column of every sheet.
const LOSS: &str = "loss";
/// XML that is collected before it is compressed.
const CHUNK: usize = 64 << 10;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Empty,
    /// A number that a spreadsheet holds exactly: up to 2^53.
    Number(i64),
    /// A text of its own.
    Text(&'a str),
    /// A text that was made for this row.
    Made(String),
    /// A text that other rows have too.
    Repeated(&'a str),
    /// Bytes as hexadecimal digits.
    Hex(&'a [u8]),
}

/// A sheet of which only the last rows are in memory.
pub(super) struct Sheet {
    columns: Vec<Column>,
    /// XML that is not yet given on.
    xml: Vec<u8>,
    /// Rows written, the head among them.
    rows: u32,
    loss: String,
}

struct Column {
    name: String,
    width: u8,
    /// `<c r="AB`: how each of its cells begins.
    begin: Vec<u8>,
    /// The text of the row before and its number among the repeated ones: most often the next one, too.
    last: (String, u32),
}

impl Sheet {
    pub(super) fn new(heads: &[Head<'_>]) -> Self {
        let loss = Head { name: LOSS, width: 12 };
        let column = |(at, head): (usize, &Head<'_>)| Column {
            name: head.name.to_owned(),
            width: head.width,
            begin: [b"<c r=\"", letters(at).as_bytes()].concat(),
            last: (String::new(), u32::MAX),
        };
        let columns = heads.iter().chain(std::iter::once(&loss)).enumerate().map(column).collect();
        let mut sheet =
            Self { columns, xml: Vec::with_capacity(CHUNK + (8 << 10)), rows: 0, loss: String::new() };
        sheet.begin();
        sheet
    }

    /// The sheet that goes on with this one's rows.
    pub(super) fn next(&self) -> Self {
        let heads: Vec<Head<'_>> =
            self.columns.iter().map(|column| Head { name: &column.name, width: column.width }).collect();
        Self::new(heads.split_last().map_or(&[][..], |(_, others)| others))
    }

    pub(super) const fn rows(&self) -> u32 {
        self.rows
    }

    fn begin(&mut self) {
        let mut text = String::from(parts::PROLOGUE);
        let columns: String = (1..).zip(&self.columns).map(|(at, column)| column_width(at, column)).collect();
        text += &format!(
            r#"<worksheet xmlns="{}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>{columns}</cols><sheetData>"#,
            parts::MAIN
        );
        self.xml.extend_from_slice(text.as_bytes());
        self.rows = 1;
        self.xml.extend_from_slice(b"<row r=\"1\">");
        for column in &self.columns {
            self.xml.extend_from_slice(&column.begin);
            self.xml.extend_from_slice(b"1\" s=\"1\" t=\"inlineStr\"><is>");
            text::element(&column.name, &mut self.xml);
            self.xml.extend_from_slice(b"</is></c>");
        }
        self.xml.extend_from_slice(b"</row>");
    }

    pub(super) fn row(&mut self, cells: &[Cell<'_>], strings: &mut Strings) {
        self.rows += 1;
        let mut digits = [0; 20];
        let row = decimal(self.rows.into(), &mut digits);
        let Self { columns, xml, loss, .. } = self;
        loss.clear();
        xml.extend_from_slice(b"<row r=\"");
        xml.extend_from_slice(row);
        xml.extend_from_slice(b"\">");
        let Some((last, columns)) = columns.split_last_mut() else { return };
        for (column, cell) in columns.iter_mut().zip(cells) {
            column.cell(cell, row, xml, loss, strings);
        }
        if !loss.is_empty() {
            let said = std::mem::take(loss);
            last.cell(&Cell::Text(&said), row, xml, loss, strings);
        }
        xml.extend_from_slice(b"</row>");
    }

    pub(super) fn end(&mut self) {
        let last = letters(self.columns.len().saturating_sub(1));
        let filter = format!(r#"</sheetData><autoFilter ref="A1:{last}{}"/></worksheet>"#, self.rows);
        self.xml.extend_from_slice(filter.as_bytes());
    }

    /// Gives on what is collected, when that is enough or `all` is wanted.
    pub(super) fn drain(
        &mut self,
        all: bool,
        mut out: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        if all || self.xml.len() >= CHUNK {
            out(&self.xml)?;
            self.xml.clear();
        }
        Ok(())
    }
}

fn column_width(at: usize, column: &Column) -> String {
    format!(r#"<col min="{at}" max="{at}" width="{}" customWidth="1"/>"#, column.width)
}

impl Column {
    fn cell(
        &mut self,
        cell: &Cell<'_>,
        row: &[u8],
        xml: &mut Vec<u8>,
        loss: &mut String,
        strings: &mut Strings,
    ) {
        match cell {
            Cell::Empty => {}
            Cell::Number(number) => {
                self.open(row, xml, b"\"><v>");
                let mut digits = [0; 20];
                if *number < 0 {
                    xml.push(b'-');
                }
                xml.extend_from_slice(decimal(number.unsigned_abs(), &mut digits));
                xml.extend_from_slice(b"</v></c>");
            }
            Cell::Hex(bytes) => {
                self.open(row, xml, b"\" t=\"inlineStr\"><is><t>");
                for byte in *bytes {
                    xml.extend_from_slice(&[hex(byte >> 4), hex(byte & 15)]);
                }
                xml.extend_from_slice(b"</t></is></c>");
            }
            Cell::Text(text) => self.text(text, row, xml, loss),
            Cell::Made(text) => self.text(text, row, xml, loss),
            Cell::Repeated(text) => match self.number(text, strings) {
                Some(number) => {
                    let marked = is_formula(text);
                    self.open(row, xml, if marked { b"\" s=\"2\" t=\"s\"><v>" } else { b"\" t=\"s\"><v>" });
                    xml.extend_from_slice(decimal(number.into(), &mut [0; 20]));
                    xml.extend_from_slice(b"</v></c>");
                }
                None => self.text(text, row, xml, loss),
            },
        }
    }

    fn open(&self, row: &[u8], xml: &mut Vec<u8>, rest: &[u8]) {
        xml.extend_from_slice(&self.begin);
        xml.extend_from_slice(row);
        xml.extend_from_slice(rest);
    }

    fn text(&self, text: &str, row: &[u8], xml: &mut Vec<u8>, loss: &mut String) {
        let (shown, cut) = fitting(text);
        if let Some(characters) = cut {
            let glue = if loss.is_empty() { "" } else { "; " };
            let kept = shown.chars().count();
            *loss += &format!("{glue}{}: the first {kept} of {characters} characters", self.name);
        }
        let marked = is_formula(text);
        let rest: &[u8] =
            if marked { b"\" s=\"2\" t=\"inlineStr\"><is>" } else { b"\" t=\"inlineStr\"><is>" };
        self.open(row, xml, rest);
        text::element(shown, xml);
        xml.extend_from_slice(b"</is></c>");
    }

    fn number(&mut self, text: &str, strings: &mut Strings) -> Option<u32> {
        if self.last.1 == u32::MAX || self.last.0 != text {
            let number = strings.number(text)?;
            self.last.0.clear();
            self.last.0.push_str(text);
            self.last.1 = number;
        }
        Some(self.last.1)
    }
}

pub(crate) const fn hex(digit: u8) -> u8 {
    if digit < 10 { b'0' + digit } else { b'a' + digit - 10 }
}

/// The decimal digits of `number`, at the end of `digits`, which has room for the largest.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut start = digits.len();
    for (at, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (number % 10) as u8;
        start = at;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    digits.get(start..).unwrap_or_default()
}

/// The letters of a column, counted from 0: `A`, `Z`, `AA`.
fn letters(mut at: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'A' + (at % 26) as u8));
        match at / 26 {
            0 => break,
            more => at = more - 1,
        }
    }
    letters.iter().rev().collect()
}
