//! The lexer: which token begins at a place, and where it ends.

use std::collections::VecDeque;
use std::ops::Range;

use super::class::{self, ALPHA, DIGIT, SPACE, WORD};
use super::dialect::Dialect;
use super::operator::operator;
use super::php::Php;
use super::quirks::Quirks;
use super::ruby::Ruby;
use super::scan;
use super::symbol::Symbol;
use super::{Token, fstring, php, regex, ruby, swift};
use crate::steps::Steps;

/// Cuts a text into tokens, in order, white space included.
#[derive(Clone)]
pub(crate) struct Lexer<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) dialect: Dialect,
    pub(super) quirks: Quirks,
    pub(super) steps: &'a Steps,
    /// Where the next token begins.
    pub(super) at: usize,
    /// Where the text ends that is being cut.
    pub(super) limit: usize,
    /// The last byte of the last token that was not white space: decides whether a slash divides.
    pub(super) before: u8,
    /// Kinds of literals that were once found not to end; no later one of that kind ends either.
    pub(super) open_ended: OpenEnded,
    /// Bytes that may still be looked at ahead in vain, so that all look-ahead together is linear.
    pub(super) budget: usize,
    /// Tokens that were found together and are still to be given.
    pub(super) queue: VecDeque<Token>,
    pub(super) php: Php,
    pub(super) ruby: Ruby,
    /// The run of `#` that was looked through last; Swift only.
    pub(super) hashes: Range<usize>,
    /// A formatted string's prefix was given, at whose end its literal begins.
    prefix_end: usize,
}

/// See [`Lexer::open_ended`].
#[derive(Clone, Copy, Default)]
pub(super) struct OpenEnded {
    pub(super) comment: bool,
    pub(super) double: bool,
    single: bool,
    triple_double: bool,
    triple_single: bool,
    pub(super) backquote: bool,
    pub(super) long_bracket: bool,
    pub(super) raw_string: bool,
}

impl<'a> Lexer<'a> {
    /// A lexer over a whole text.
    pub(crate) fn new(text: &'a str, dialect: Dialect, quirks: Quirks, steps: &'a Steps) -> Lexer<'a> {
        let limit = text.len().min(u32::MAX as usize - 1);
        Lexer {
            text,
            bytes: text.as_bytes(),
            dialect,
            quirks,
            steps,
            at: 0,
            limit: if dialect == Dialect::Php { 0 } else { limit },
            before: b'=',
            open_ended: OpenEnded::default(),
            budget: limit.saturating_mul(4).saturating_add(1 << 16),
            queue: VecDeque::new(),
            php: Php::new(limit),
            ruby: Ruby::default(),
            hashes: 0..0,
            prefix_end: usize::MAX,
        }
    }

    /// A lexer over a part of the same text; Python only.
    pub(super) fn part(&self, start: usize, end: usize) -> Lexer<'a> {
        Lexer {
            at: start,
            limit: end,
            open_ended: OpenEnded::default(),
            queue: VecDeque::new(),
            php: Php::new(0),
            ruby: Ruby::default(),
            hashes: 0..0,
            prefix_end: usize::MAX,
            ..*self
        }
    }

    /// The next token; [`Symbol::End`] at the end and for ever after.
    #[inline]
    pub(crate) fn next(&mut self) -> Token {
        if let Some(token) = self.queue.pop_front() {
            return token;
        }
        let token = self.raw();
        match token.symbol {
            Symbol::Hash if self.dialect != Dialect::Go => self.directive(token),
            Symbol::Str | Symbol::TripleStr if self.prefix_end == token.start as usize => {
                fstring::expand(self, token)
            }
            Symbol::Ident if self.dialect == Dialect::Python => {
                if fstring::is_prefix(token.text(self.text)) {
                    self.prefix_end = token.end as usize;
                }
                token
            }
            _ => token,
        }
    }

    /// Everything from a `#` to the end of its line is one token; comments that hold a line feed and
    /// literals that are cut apart end it.
    fn directive(&mut self, hash: Token) -> Token {
        let mut whole = Token { symbol: Symbol::Macro, ..hash };
        while self.at < self.limit && !self.breaks_directive() {
            let (at, before) = (self.at, self.before);
            let token = self.raw();
            let ends = match token.symbol {
                Symbol::Newline => true,
                _ if token.newlines == 0 || token.symbol == Symbol::Splice => false,
                _ => !token.text(self.text).contains("\\\n"),
            };
            if ends {
                self.at = at;
                self.before = before;
                break;
            }
            whole.end = token.end;
            whole.newlines += token.newlines;
        }
        whole
    }

    /// Whether the text is cut here before directives are put together.
    fn breaks_directive(&mut self) -> bool {
        match self.dialect {
            Dialect::JavaScript | Dialect::Jsx => self.bytes[self.at] == b'`',
            Dialect::Swift => swift::literal_begins(self),
            _ => false,
        }
    }

    /// A token of the given kind that ends at `end`.
    #[inline]
    pub(super) fn token(&mut self, symbol: Symbol, end: usize, newlines: u32) -> Token {
        let start = self.at;
        self.at = end;
        if end > start {
            self.before = self.bytes[end - 1];
        }
        Token { symbol, embedded: false, start: start as u32, end: end as u32, newlines }
    }

    /// The token that begins here, as the text stands.
    #[inline]
    pub(super) fn raw(&mut self) -> Token {
        self.steps.spend();
        if self.at >= self.limit {
            return match self.dialect {
                Dialect::Php => php::outside(self),
                _ => self.token(Symbol::End, self.at, 0),
            };
        }
        if self.dialect == Dialect::Ruby {
            return ruby::token(self);
        }
        self.plain()
    }

    /// The token that begins here; there is at least one byte.
    #[inline]
    pub(super) fn plain(&mut self) -> Token {
        let byte = self.bytes[self.at];
        if class::is(byte, ALPHA) || byte == b'_' {
            return self.word();
        }
        match byte {
            b' ' | b'\t' => self.blank(),
            b'\n' => {
                let end = self.at + 1;
                self.at = end;
                Token {
                    symbol: Symbol::Newline,
                    embedded: false,
                    start: end as u32 - 1,
                    end: end as u32,
                    newlines: 1,
                }
            }
            b'/' => self.slash(),
            b'"' | b'\'' => self.quote(byte),
            b'#' => self.hash(),
            _ if class::is(byte, DIGIT) => self.number(),
            _ if class::is(byte, SPACE) => self.blank(),
            b'.' if self.dialect.fractions() => match scan::fraction_end(self.bytes, self.at, self.limit) {
                Some(end) => self.token(Symbol::Number, end, 0),
                None => self.operator(),
            },
            b'<' => self.less(),
            b'`' => self.backquote(),
            b'$' if matches!(self.dialect, Dialect::JavaScript | Dialect::Jsx | Dialect::Php) => {
                let end = scan::word_end(self.text, self.at + 1, self.limit);
                if end > self.at + 1 { self.token(Symbol::Ident, end, 0) } else { self.operator() }
            }
            b'-' if self.dialect == Dialect::Lua => self.lua_minus(),
            b'[' if self.dialect == Dialect::Lua => self.lua_bracket(),
            b'\\' if self.at + 1 < self.limit && self.bytes[self.at + 1] == b'\n' => {
                self.token(Symbol::Splice, self.at + 2, 1)
            }
            0x80.. => self.wide(),
            _ => self.operator(),
        }
    }

    /// An operator or a single character.
    #[inline]
    pub(super) fn operator(&mut self) -> Token {
        let (symbol, length) = operator(self.bytes, self.at, self.limit, self.dialect);
        if symbol == Symbol::Question && self.dialect == Dialect::Swift && swift::follows_operand(self) {
            return self.token(Symbol::Postfix, self.at + 1, 0);
        }
        self.token(symbol, self.at + length, 0)
    }

    /// White space without line feeds.
    #[inline]
    fn blank(&mut self) -> Token {
        let start = self.at;
        let end = scan::blank_end(self.text, start, self.limit);
        self.at = end;
        Token { symbol: Symbol::Blank, embedded: false, start: start as u32, end: end as u32, newlines: 0 }
    }

    /// A character outside ASCII: white space, the beginning of a word, or by itself.
    fn wide(&mut self) -> Token {
        match scan::char_at(self.text, self.at) {
            Some(c) if c.is_whitespace() => self.blank(),
            Some(c) if class::is_word_char(c) => self.word(),
            Some(c) => self.token(Symbol::Other, self.at + c.len_utf8(), 0),
            // Only in the middle of a character, where no token begins.
            None => self.token(Symbol::Other, self.at + 1, 0),
        }
    }

    /// A word, with what its language lets follow it.
    #[inline]
    pub(super) fn word(&mut self) -> Token {
        let start = self.at;
        let end = scan::word_end(self.text, start, self.limit);
        let next = if end < self.limit { self.bytes[end] } else { 0 };
        let after = if end + 1 < self.limit { self.bytes[end + 1] } else { 0 };
        let merged = match self.dialect {
            Dialect::JavaScript => usize::from(next == b'?' && after != b'?' && after != b'.'),
            Dialect::Swift => usize::from(next == b'?' || next == b'!'),
            Dialect::Kotlin if next == b'?' => 1,
            Dialect::Kotlin if next == b'!' && after == b'!' => 2,
            Dialect::C | Dialect::CSharp if next == b'"' && after == b'(' => {
                if let Some(token) = self.raw_string(end) {
                    return token;
                }
                0
            }
            _ => 0,
        };
        if merged > 0 {
            return self.token(Symbol::Ident, end + merged, 0);
        }
        let symbol = Symbol::of_word(&self.bytes[start..end]);
        self.token(symbol, end, 0)
    }

    /// A word that begins with a digit.
    fn number(&mut self) -> Token {
        let start = self.at;
        if self.dialect.fractions()
            && let Some(end) = scan::fraction_end(self.bytes, start, self.limit)
        {
            return self.token(Symbol::Number, end, 0);
        }
        let end = scan::word_end(self.text, start, self.limit);
        let next = if end < self.limit { self.bytes[end] } else { 0 };
        if matches!(next, b'?' | b'!') {
            return self.word();
        }
        if next == b'\''
            && let Some(end) = scan::separated_digits_end(self.bytes, start, self.limit)
        {
            return self.token(Symbol::Number, end, 0);
        }
        self.token(Symbol::Number, end, 0)
    }

    /// A comment, a regular expression or an operator.
    fn slash(&mut self) -> Token {
        let next = if self.at + 1 < self.limit { self.bytes[self.at + 1] } else { 0 };
        if next == b'*' {
            if self.dialect == Dialect::Swift {
                let (end, newlines) = swift::comment_end(self.bytes, self.at, self.limit);
                return self.token(Symbol::BlockComment, end, newlines);
            }
            if !self.open_ended.comment {
                match scan::pair_end(self.bytes, self.at + 2, self.limit, [b'*', b'/']) {
                    Some((end, newlines)) => return self.token(Symbol::BlockComment, end, newlines),
                    None => self.open_ended.comment = true,
                }
            }
            return self.operator();
        }
        if self.dialect == Dialect::Python {
            if next != b'/' {
                return self.operator();
            }
            let assigns = self.at + 2 < self.limit && self.bytes[self.at + 2] == b'=';
            let symbol = if assigns { Symbol::FloorDivEq } else { Symbol::FloorDiv };
            return self.token(symbol, self.at + 2 + usize::from(assigns), 0);
        }
        if self.dialect.regexes()
            && next != b'/'
            && let Some(end) = regex::literal_end(self)
        {
            return self.token(Symbol::Regex, end, 0);
        }
        if next == b'/' && self.dialect.hash_or_dash_comments() && !self.quirks.has(Quirks::SLASH_LINES) {
            return self.token(Symbol::Other, self.at + 2, 0);
        }
        if next == b'/' {
            let (end, newlines) = scan::line_end_spliced(self.bytes, self.at + 2, self.limit);
            return self.token(Symbol::LineComment, end, newlines);
        }
        self.operator()
    }

    /// A string or character literal, or its quote where it does not end.
    pub(super) fn quote(&mut self, quote: u8) -> Token {
        let start = self.at;
        match self.dialect {
            Dialect::Swift => return swift::quote(self, quote),
            Dialect::Rust if quote == b'\'' => {
                let end = scan::word_end(self.text, start + 1, self.limit);
                let literal = end < self.limit && self.bytes[end] == b'\'';
                if end > start + 1 && literal && !self.quirks.has(Quirks::RUST_CHARACTERS) {
                    return self.token(Symbol::Str, end + 1, 0);
                }
                if end > start + 1 {
                    return self.token(Symbol::Ident, end, 0);
                }
            }
            Dialect::Python if self.bytes[start..self.limit].starts_with(&[quote; 3]) => {
                let flag = match quote {
                    b'"' => &mut self.open_ended.triple_double,
                    _ => &mut self.open_ended.triple_single,
                };
                if !*flag {
                    match scan::triple_end(self.bytes, start + 3, self.limit, quote) {
                        Some((end, newlines)) => return self.token(Symbol::TripleStr, end, newlines),
                        None => *flag = true,
                    }
                }
            }
            _ => {}
        }
        self.quoted(start + 1, quote)
    }

    /// A literal whose content begins at `content`.
    pub(super) fn quoted(&mut self, content: usize, quote: u8) -> Token {
        let flag = match quote {
            b'"' => &mut self.open_ended.double,
            _ => &mut self.open_ended.single,
        };
        if !*flag {
            match scan::quoted_end(self.bytes, content, self.limit, quote) {
                Some((end, newlines)) => return self.token(Symbol::Str, end, newlines),
                None => *flag = true,
            }
        }
        self.token(Symbol::Other, content, 0)
    }

    /// Type arguments with a wildcard, a here document, or an operator.
    fn less(&mut self) -> Token {
        if self.dialect == Dialect::Php
            && let Some((end, newlines)) = php::here_document(self)
        {
            return self.token(Symbol::Str, end, newlines);
        }
        if self.dialect == Dialect::Jsx
            && let Some(end) = super::jsx::whole_tag_end(self.bytes, self.at, self.limit)
        {
            return self.token(Symbol::TypeArgs, end, 0);
        }
        if let Some(end) = scan::wildcard_args_end(self.text, self.at, self.limit) {
            let newlines = scan::count_newlines(&self.bytes[self.at..end]);
            return self.token(Symbol::TypeArgs, end, newlines);
        }
        self.operator()
    }

    /// Whether the byte can stand in a word; for the parts that scan by themselves.
    #[inline]
    pub(super) fn is_word_byte(byte: u8) -> bool {
        class::is(byte, WORD)
    }
}
