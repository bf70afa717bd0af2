//! One content with its hint, as the analyzers share it.

use std::borrow::Cow;
use std::cell::OnceCell;

use crate::Limits;
use crate::language::{self, Language};
use crate::steps::Steps;
use crate::text::{self, Encoding, Nature, Unread};

/// One content, built once and shared by all analyzers. What is costly is computed when first asked for.
pub struct File<'a> {
    hint: &'a str,
    bytes: &'a [u8],
    limits: &'a Limits,
    nature: Nature,
    body: OnceCell<Result<Cow<'a, [u8]>, Unread>>,
    /// The body, when it is the bytes as they are and valid UTF-8.
    utf8: OnceCell<Option<&'a str>>,
    /// `None`: the body is valid UTF-8 as it is. `Some`: its transcription from Latin-1.
    latin1: OnceCell<Option<String>>,
    language: OnceCell<Option<&'static Language>>,
    steps: Steps,
}

impl<'a> File<'a> {
    /// Takes any bytes; looks at the first few thousand only.
    pub fn new(hint: &'a str, bytes: &'a [u8], limits: &'a Limits) -> File<'a> {
        File {
            hint,
            bytes,
            limits,
            nature: text::nature(bytes),
            body: OnceCell::new(),
            utf8: OnceCell::new(),
            latin1: OnceCell::new(),
            language: OnceCell::new(),
            steps: Steps::of(limits, u64::try_from(bytes.len()).unwrap_or(u64::MAX)),
        }
    }

    /// What an analyzer may spend on this content; the engine fills it up for each of them.
    pub(crate) fn steps(&self) -> &Steps {
        &self.steps
    }

    /// The part of the name that decides: a known file name, an extension with its dot, or nothing.
    pub fn hint(&self) -> &'a str {
        self.hint
    }

    /// The bytes as they are stored.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bounds that apply.
    pub fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// The content's size in bytes.
    pub fn size(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    /// Whether the content is binary; decided by its first 8000 bytes.
    pub fn is_binary(&self) -> bool {
        self.nature == Nature::Binary
    }

    /// The text for scanners that look for ASCII: without byte order mark, UTF-16 made UTF-8, an 8-bit
    /// encoding left as it is (so not always valid UTF-8).
    ///
    /// # Errors
    /// Why the content is not looked at; it converts into the [`Outcome`](crate::Outcome) to report.
    pub fn body(&self) -> Result<&[u8], &Unread> {
        let body = self.body.get_or_init(|| {
            if self.is_binary() {
                return Err(Unread::Binary);
            }
            if self.size() > self.limits.max_bytes {
                return Err(Unread::TooLarge { size: self.size(), limit: self.limits.max_bytes });
            }
            text::body(self.nature, self.bytes)
        });
        body.as_deref()
    }

    /// The text as UTF-8: the [`body`](File::body), transcribed from Latin-1 where it is not valid UTF-8.
    ///
    /// # Errors
    /// As [`body`](File::body).
    pub fn text(&self) -> Result<&str, &Unread> {
        let body = self.body()?;
        let as_they_are = || match self.body.get() {
            Some(Ok(Cow::Borrowed(bytes))) => str::from_utf8(bytes).ok(),
            _ => None,
        };
        if let Some(text) = self.utf8.get_or_init(as_they_are) {
            return Ok(text);
        }
        if let Some(Some(text)) = self.latin1.get() {
            return Ok(text);
        }
        match str::from_utf8(body) {
            Ok(text) => Ok(text),
            Err(_) => Ok(self.latin1.get_or_init(|| Some(text::latin1(body))).as_deref().unwrap_or_default()),
        }
    }

    /// How the text is encoded; nothing for what is not text or not looked at.
    pub fn encoding(&self) -> Option<Encoding> {
        match self.nature {
            Nature::Binary => None,
            Nature::Utf16 { big_endian: true } => Some(Encoding::Utf16Be),
            Nature::Utf16 { big_endian: false } => Some(Encoding::Utf16Le),
            Nature::Bytes { .. } => {
                self.text().ok()?;
                Some(if self.latin1.get().is_some() { Encoding::Latin1 } else { Encoding::Utf8 })
            }
        }
    }

    /// The language, by the hint and, where that is not enough, by the content's first bytes.
    pub fn language(&self) -> Option<&'static Language> {
        *self.language.get_or_init(|| {
            if self.is_binary() {
                return None;
            }
            let start = match self.body() {
                Ok(body) => body,
                Err(_) => self.bytes,
            };
            language::detect(self.hint, start)
        })
    }
}
