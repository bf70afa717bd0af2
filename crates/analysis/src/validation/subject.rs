//! The file that a pipeline looks at, with what its validators find out together.

use std::cell::OnceCell;

use serde_json::Value;

use super::{Decoded, Entry, Format, Header, Listing, archive, image};
use crate::{Limits, Outcome};

/// One file. What is costly is computed when a validator first asks for it, and once.
pub struct Subject<'a> {
    name: &'a str,
    bytes: &'a [u8],
    /// The asset that has had the same bytes before.
    known: Option<String>,
    header: OnceCell<Option<Header>>,
    decoded: OnceCell<Result<Decoded, String>>,
    reports: OnceCell<Vec<(&'static str, Value)>>,
    listing: OnceCell<Result<Listing, String>>,
}

impl<'a> Subject<'a> {
    /// A file with this name or path, and these bytes: all of them.
    pub fn new(name: &'a str, bytes: &'a [u8]) -> Self {
        Self {
            name,
            bytes,
            known: None,
            header: OnceCell::new(),
            decoded: OnceCell::new(),
            reports: OnceCell::new(),
            listing: OnceCell::new(),
        }
    }

    /// The same file, whose bytes are known under another name.
    #[must_use]
    pub fn known_as(mut self, other: String) -> Self {
        self.known = Some(other);
        self
    }

    /// Its name or path.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What has had the same bytes before.
    pub fn known(&self) -> Option<&str> {
        self.known.as_deref()
    }

    /// What kind of picture it is, by its first bytes.
    pub fn format(&self) -> Option<Format> {
        image::sniff(self.bytes)
    }

    /// What the beginning of a picture says of it.
    pub fn header(&self) -> Option<&Header> {
        self.header.get_or_init(|| image::header(self.bytes)).as_ref()
    }

    /// The picture, decoded whole within these bounds. The first to ask says which.
    ///
    /// # Errors
    /// Why it cannot be decoded.
    pub fn decoded(&self, max_pixels: u64, max_memory: u64) -> Result<&Decoded, &str> {
        let decode = || image::decode(self.bytes, max_pixels, max_memory);
        self.decoded.get_or_init(decode).as_ref().map_err(String::as_str)
    }

    /// What the analyzers say of it: the result of each, by its id.
    pub fn report(&self, analyzer: &str) -> Option<&Value> {
        let reports = self.reports.get_or_init(|| {
            let limits = Limits { max_bytes: u64::MAX, ..Limits::default() };
            let hint = crate::hint(self.name.as_bytes());
            crate::analyze(hint, self.bytes, &limits)
                .into_iter()
                .filter_map(|report| match report.outcome {
                    Outcome::Ok(json) => Some((report.analyzer, serde_json::from_str(&json).ok()?)),
                    Outcome::Failed(_) | Outcome::Skipped(_) => None,
                })
                .collect()
        });
        reports.iter().find(|(id, _)| *id == analyzer).map(|(_, value)| value)
    }

    /// What is in an archive, read to its end within these bounds. The first to ask says which.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn listing(&self, max_entries: u64, max_bytes: u64) -> Result<&Listing, &str> {
        let list = || archive::list(self.bytes, max_entries, max_bytes);
        self.listing.get_or_init(list).as_ref().map_err(String::as_str)
    }

    /// What was found in an archive by whoever looked before; nothing when nobody could.
    pub fn entries(&self) -> &[Entry] {
        match self.listing.get() {
            Some(Ok(listing)) => &listing.entries,
            _ => &[],
        }
    }
}
