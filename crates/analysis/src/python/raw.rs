//! Counts of lines.

use serde::Serialize;

use super::token::{Kind, Token};

/// Lines by what they hold. `sloc + blank + multi + single_comments = loc`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RawCounts {
    /// All lines.
    pub loc: u64,
    /// Logical lines: statements, and one more for what follows a colon.
    pub lloc: u64,
    /// Lines of code.
    pub sloc: u64,
    /// Comments.
    pub comments: u64,
    /// Lines of strings that stand alone and span several lines.
    pub multi: u64,
    /// Lines that hold nothing.
    pub blank: u64,
    /// Lines that hold only a comment, or a string that stands alone.
    pub single_comments: u64,
}

/// Counts the lines of a text.
pub(super) fn count(text: &str, tokens: &[Token]) -> RawCounts {
    let mut counts = RawCounts::default();
    let mut begin = 0;
    let mut first = 0;
    let mut code = false;
    for (index, token) in tokens.iter().enumerate() {
        code |= !matches!(token.kind, Kind::Comment | Kind::LineBreak | Kind::Newline);
        if token.kind == Kind::Newline || (token.kind == Kind::LineBreak && !code) {
            code = false;
            let end = token.start as usize;
            counts.add(text.get(begin..end).unwrap_or_default(), text, &tokens[first..index]);
            begin = token.end as usize;
            first = index + 1;
        }
    }
    if begin < text.len() {
        counts.add(text.get(begin..).unwrap_or_default(), text, &tokens[first..]);
    }
    counts.loc = counts.sloc + counts.blank + counts.multi + counts.single_comments;
    counts
}

impl RawCounts {
    /// Adds the lines of one statement, or one line without.
    fn add(&mut self, lines: &str, text: &str, tokens: &[Token]) {
        let (mut filled, mut blank) = (0, 0);
        for line in split_lines(lines) {
            if line.trim().is_empty() {
                blank += 1;
            } else {
                filled += 1;
            }
        }
        let comments = tokens.iter().filter(|token| token.kind == Kind::Comment).count() as u64;
        self.comments += comments;
        let alone = |kind: Kind| {
            let mut kinds = tokens.iter().map(|token| token.kind).filter(|kind| *kind != Kind::LineBreak);
            kinds.next() == Some(kind) && kinds.next().is_none()
        };
        if alone(Kind::Comment) {
            self.single_comments += 1;
            self.blank += blank;
        } else if alone(Kind::Str) {
            if tokens.iter().any(|token| token.text(text).contains(['\n', '\r'])) {
                self.multi += filled;
            } else {
                self.single_comments += 1;
            }
            self.blank += blank;
        } else {
            self.sloc += filled;
            self.blank += blank;
        }
        self.lloc += logical(text, tokens);
    }
}

/// The lines of a text by everything that ends one.
fn split_lines(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c| {
        matches!(
            c,
            '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
        )
    };
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match text.find(ends) {
            Some(end) => {
                let (line, after) = text.split_at_checked(end)?;
                let width = if after.starts_with("\r\n") {
                    2
                } else {
                    after.chars().next().map_or(1, char::len_utf8)
                };
                rest = after.get(width..);
                Some(line)
            }
            None => {
                rest = None;
                Some(text)
            }
        }
    })
}

/// Logical lines: one for each part between semicolons, two for one that goes on after its last colon.
fn logical(text: &str, tokens: &[Token]) -> u64 {
    let is = |token: &Token, operator: &str| token.kind == Kind::Op && token.text(text) == operator;
    let mut lines = 0;
    let mut length = 0;
    let mut colon = None;
    let close = |length: u64, colon: Option<u64>, last: bool| match colon {
        // What ends the text counts as one more token behind the last part.
        Some(at) => 2 - u64::from(at + 1 == length + u64::from(last) - 1),
        None => u64::from(length > 0),
    };
    for token in tokens {
        match token.kind {
            Kind::Comment | Kind::LineBreak | Kind::Newline => continue,
            _ => {}
        }
        if is(token, ";") {
            lines += close(length, colon, false);
            length = 0;
            colon = None;
            continue;
        }
        if is(token, ":") {
            colon = Some(length);
        }
        length += 1;
    }
    lines + close(length, colon, true)
}
