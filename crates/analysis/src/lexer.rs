//! One lexical pass over a source text: strings, comments, numbers, words and operators, with their
//! places. No syntax tree, no allocation per token, no recursion, time linear in the text.
//!
//! [`Lexer`] gives the tokens in order, white space included, and every byte of the text belongs to
//! exactly one of them (or, where a template is taken apart, to one piece of it). What differs between
//! languages is in [`Dialect`]. The cutting is lizard's, so that counts of tokens can be compared.

mod class;
mod dialect;
mod fstring;
mod jsx;
mod literals;
mod operator;
mod php;
mod quirks;
mod raw;
mod regex;
mod ruby;
mod scan;
mod swift;
mod symbol;
mod template;

pub(crate) use class::is_word_char;
pub(crate) use dialect::{CommentStyle, Dialect};
pub(crate) use jsx::Jsx;
pub use quirks::Quirks;
pub(crate) use raw::Lexer;
pub(crate) use symbol::{Symbol, SymbolSet};

/// A piece of the text with its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub symbol: Symbol,
    /// Whether it stands inside the expression part of a formatted string, or resumes a string after one.
    pub embedded: bool,
    /// Where it begins, in bytes.
    pub start: u32,
    /// Where it ends, exclusive, in bytes.
    pub end: u32,
    /// How many line feeds it holds.
    pub newlines: u32,
}

impl Token {
    /// The token's text.
    #[inline]
    pub(crate) fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The token's first byte; zero when it is empty.
    #[inline]
    pub(crate) fn first(&self, source: &str) -> u8 {
        if self.start == self.end {
            return 0;
        }
        source.as_bytes().get(self.start as usize).copied().unwrap_or_default()
    }

    /// Whether the text begins with a letter.
    #[inline]
    pub(crate) fn begins_with_letter(&self, source: &str) -> bool {
        let first = self.first(source);
        first.is_ascii_alphabetic()
            || (first >= 0x80 && self.text(source).chars().next().is_some_and(char::is_alphabetic))
    }
}
