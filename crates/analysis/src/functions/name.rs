//! Names of functions and counts of parameters while they are being read.

use crate::lexer::is_word_char;

/// No name is kept longer than this, in bytes; the text of a file could otherwise be one name.
const LONGEST: usize = 1024;

/// A name that grows by pieces. Knows its true length and last character even where it is cut off.
#[derive(Debug, Clone, Default)]
pub(crate) struct Name {
    text: String,
    /// Characters, of the whole name.
    pub(super) length: u64,
    /// The last character of the whole name.
    pub(crate) last: Option<char>,
}

impl Name {
    /// Empties the name and keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.length = 0;
        self.last = None;
    }

    /// Appends.
    pub(crate) fn push(&mut self, piece: &str) {
        if let Some(last) = piece.chars().next_back() {
            self.last = Some(last);
            self.length += piece.chars().count() as u64;
            let room = LONGEST.saturating_sub(self.text.len());
            let mut end = piece.len().min(room);
            while !piece.is_char_boundary(end) {
                end -= 1;
            }
            self.text.push_str(piece.get(..end).unwrap_or_default());
        }
    }

    /// What is kept of the name.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Makes it the same as another.
    pub(crate) fn copy_from(&mut self, other: &Name) {
        self.text.clear();
        self.text.push_str(&other.text);
        self.length = other.length;
        self.last = other.last;
    }

    /// Gives the text away.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }
}

/// Counts parameters as their pieces come. A parameter counts when it ends in a word, or when a word in it
/// is followed by a default value or a type; so `...`, `*` and `int a[]` do not.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters {
    counted: u32,
    begun: bool,
    last_is_word: bool,
    blank_after_word: bool,
    qualified: bool,
}

impl Parameters {
    /// Takes the next piece of the list between the parentheses.
    pub(crate) fn add(&mut self, piece: &str) {
        if !self.begun {
            self.begun = true;
            self.scan(piece);
        } else if piece == "," {
            self.next();
        } else {
            self.extend(piece);
        }
    }

    /// Takes a piece that belongs to the present parameter, a comma even.
    pub(crate) fn extend(&mut self, piece: &str) {
        self.step(' ');
        self.scan(piece);
    }

    /// Ends the present parameter, if there is one.
    pub(crate) fn separate(&mut self) {
        if self.begun {
            self.next();
        }
    }

    /// Takes `[…]` after a name, which makes the parameter an array and leaves it one.
    pub(crate) fn array_suffix(&mut self) {
        self.qualified |= self.last_is_word;
    }

    /// Ends a parameter.
    fn next(&mut self) {
        self.counted += u32::from(self.counts());
        self.last_is_word = false;
        self.blank_after_word = false;
        self.qualified = false;
    }

    fn scan(&mut self, piece: &str) {
        if piece.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            if !piece.is_empty() {
                self.last_is_word = true;
                self.blank_after_word = false;
            }
            return;
        }
        for c in piece.chars() {
            self.step(c);
        }
    }

    fn step(&mut self, c: char) {
        if self.blank_after_word && (c == '=' || c == ':') {
            self.qualified = true;
        }
        if c == '\n' {
            self.qualified = false;
        }
        self.blank_after_word = self.last_is_word && c.is_whitespace();
        self.last_is_word = is_word_char(c);
    }

    fn counts(&self) -> bool {
        self.last_is_word || self.qualified
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u32 {
        self.counted + u32::from(self.counts())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(pieces: &[&str]) -> u32 {
        let mut parameters = Parameters::default();
        for piece in pieces {
            parameters.add(piece);
        }
        parameters.count()
    }

    #[test]
    fn only_what_has_a_name_counts() {
        assert_eq!(count(&[]), 0);
        assert_eq!(count(&["int", "a", ",", "char", "*", "b"]), 2);
        assert_eq!(count(&["int", "a", ",", "..."]), 1);
        assert_eq!(count(&["char", "*", "v", "[", "]"]), 0);
        assert_eq!(count(&["a", "=", "f", "(", ")", ",", "b", ":", "[", "]"]), 2);
        assert_eq!(count(&["a", ","]), 1);
    }

    #[test]
    fn a_long_name_is_cut_but_its_length_is_known() {
        let mut name = Name::default();
        for _ in 0..3000 {
            name.push("é");
        }
        assert_eq!(name.length, 3000);
        assert_eq!(name.as_str().len(), 1024);
    }
}
