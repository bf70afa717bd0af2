//! Signs that a text shows, looked for without regular expressions.

use std::cell::OnceCell;

use memchr::memmem;

/// Something that can be seen in a text. Blanks are spaces and tabs.
pub(super) enum Sign {
    /// The text has this anywhere.
    Has(&'static str),
    /// The same in any case; written in lower case here.
    HasAnyCase(&'static str),
    /// The text has this as a word: no letter, digit or `_` on either side.
    Word(&'static str),
    /// A line starts with this after blanks.
    Line(&'static str),
    /// The same in any case; written in lower case here.
    LineAnyCase(&'static str),
    /// A line starts with this at once.
    Column(&'static str),
    /// A line is this and nothing else, blanks around it apart.
    Alone(&'static str),
    /// The text starts with this after white space.
    Starts(&'static str),
    /// None of the above can say it.
    Test(fn(&[u8]) -> bool),
}

/// A text that is asked for several signs.
pub(super) struct Text<'a> {
    bytes: &'a [u8],
    lower: OnceCell<Vec<u8>>,
}

impl<'a> Text<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Text<'a> {
        Text { bytes, lower: OnceCell::new() }
    }

    pub(super) fn shows(&self, sign: &Sign) -> bool {
        let lower = || self.lower.get_or_init(|| self.bytes.to_ascii_lowercase());
        match sign {
            Sign::Has(wanted) => memmem::find(self.bytes, wanted.as_bytes()).is_some(),
            Sign::HasAnyCase(wanted) => memmem::find(lower(), wanted.as_bytes()).is_some(),
            Sign::Word(wanted) => found(self.bytes, wanted, |before, after| {
                !before.last().copied().is_some_and(is_word) && !after.first().copied().is_some_and(is_word)
            }),
            Sign::Line(wanted) => found(self.bytes, wanted, |before, _| only_blanks(before)),
            Sign::LineAnyCase(wanted) => found(lower(), wanted, |before, _| only_blanks(before)),
            Sign::Column(wanted) => {
                found(self.bytes, wanted, |before, _| before.last().is_none_or(|&byte| byte == b'\n'))
            }
            Sign::Alone(wanted) => {
                found(self.bytes, wanted, |before, after| only_blanks(before) && blank_to_end(after))
            }
            Sign::Starts(wanted) => self.bytes.trim_ascii_start().starts_with(wanted.as_bytes()),
            Sign::Test(test) => test(self.bytes),
        }
    }
}

fn found(text: &[u8], wanted: &str, fits: impl Fn(&[u8], &[u8]) -> bool) -> bool {
    memmem::find_iter(text, wanted.as_bytes()).any(|start| {
        let before = text.get(..start).unwrap_or_default();
        let after = text.get(start + wanted.len()..).unwrap_or_default();
        fits(before, after)
    })
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn only_blanks(before: &[u8]) -> bool {
    before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|&byte| byte == b'\n')
}

fn blank_to_end(after: &[u8]) -> bool {
    after.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')).is_none_or(|&byte| byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_seen_where_they_count() {
        let text = Text::new(b"\n  use strict;\nclassic Select\nend\r\n");
        assert!(text.shows(&Sign::Has("strict")));
        assert!(text.shows(&Sign::Line("use ")));
        assert!(!text.shows(&Sign::Column("use ")));
        assert!(text.shows(&Sign::Starts("use")));
        assert!(!text.shows(&Sign::Word("class")));
        assert!(text.shows(&Sign::Word("classic")));
        assert!(text.shows(&Sign::HasAnyCase("c select")));
        assert!(!text.shows(&Sign::LineAnyCase("select")));
        assert!(text.shows(&Sign::Alone("end")));
        assert!(!text.shows(&Sign::Alone("use")));
    }
}
