//! Texts that repeat, kept once (`xl/sharedStrings.xml`). The table is bounded: what finds no room in it is
//! written where it stands.

use std::{collections::HashMap, io};

use super::text;

/// Texts in the table.
const MAX_COUNT: usize = 50_000;
/// Bytes of all of them.
const MAX_BYTES: usize = 4 << 20;

#[derive(Default)]
pub(super) struct Strings {
    places: HashMap<Box<str>, u32>,
    /// The items of the part, as XML, in the order of their numbers.
    xml: Vec<u8>,
}

impl Strings {
    /// The number of `text` in the table, if it has found room there.
    pub(super) fn number(&mut self, text: &str) -> Option<u32> {
        if let Some(&number) = self.places.get(text) {
            return Some(number);
        }
        let is_full = self.places.len() >= MAX_COUNT || self.xml.len() + text.len() > MAX_BYTES;
        if is_full || text.len() > super::MAX_TEXT {
            return None;
        }
        let number = u32::try_from(self.places.len()).ok()?;
        self.places.insert(text.into(), number);
        self.xml.extend_from_slice(b"<si>");
        text::element(text, &mut self.xml);
        self.xml.extend_from_slice(b"</si>");
        Some(number)
    }

    /// Writes the part.
    pub(super) fn write(&self, mut out: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        out(super::parts::PROLOGUE.as_bytes())?;
        let count = self.places.len();
        let main = super::parts::MAIN;
        out(format!(r#"<sst xmlns="{main}" uniqueCount="{count}">"#).as_bytes())?;
        out(&self.xml)?;
        out(b"</sst>")
    }
}
