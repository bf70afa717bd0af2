//! What a quote, a number sign, a back-tick or a bracket begins where a language has its own idea of it.

use super::dialect::Dialect;
use super::quirks::Quirks;
use super::raw::Lexer;
use super::symbol::Symbol;
use super::{Token, scan, swift, template};

impl Lexer<'_> {
    /// `R"(…)"` with its prefixes, where the word before the quote ends at `quote`.
    pub(super) fn raw_string(&mut self, quote: usize) -> Option<Token> {
        if !matches!(&self.bytes[self.at..quote], b"R" | b"LR" | b"uR" | b"UR" | b"u8R")
            || self.open_ended.raw_string
        {
            return None;
        }
        match scan::pair_end(self.bytes, quote + 2, self.limit, [b')', b'"']) {
            Some((end, newlines)) => Some(self.token(Symbol::RawStr, end, newlines)),
            None => {
                self.open_ended.raw_string = true;
                None
            }
        }
    }

    /// A comment, a private name, or the beginning of a directive.
    pub(super) fn hash(&mut self) -> Token {
        if self.dialect.hash_comments() {
            let end = scan::line_end(self.bytes, self.at, self.limit);
            return self.token(Symbol::HashComment, end, 0);
        }
        match self.dialect {
            Dialect::JavaScript | Dialect::Jsx => {
                let end = scan::word_end(self.text, self.at + 1, self.limit);
                if end > self.at + 1 {
                    return self.token(Symbol::Ident, end, 0);
                }
            }
            Dialect::Lua if !self.quirks.has(Quirks::LUA_LENGTH) => {
                return self.token(Symbol::Other, self.at + 1, 0);
            }
            Dialect::Php if !self.quirks.has(Quirks::PHP_HASHES) => {
                if self.bytes[self.at + 1..self.limit].first() == Some(&b'[') {
                    return self.token(Symbol::Other, self.at + 1, 0);
                }
                let end = scan::line_end(self.bytes, self.at, self.limit);
                return self.token(Symbol::HashComment, end, 0);
            }
            Dialect::Rust if !self.quirks.has(Quirks::RUST_ATTRIBUTES) => {
                if let Some(token) = self.attribute() {
                    return token;
                }
            }
            Dialect::Swift => {
                if let Some(token) = swift::hash(self) {
                    return token;
                }
            }
            _ => {}
        }
        self.token(Symbol::Hash, self.at + 1, 0)
    }

    /// `#[…]` or `#![…]` is one token.
    pub(super) fn attribute(&mut self) -> Option<Token> {
        let bang = usize::from(self.bytes[self.at..self.limit].starts_with(b"#!"));
        let mut at = self.at + 1 + bang;
        if at >= self.limit || self.bytes[at] != b'[' {
            return None;
        }
        let mut depth = 0u32;
        while at < self.limit && self.budget > 0 {
            self.budget -= 1;
            match self.bytes[at] {
                b'[' => depth += 1,
                b']' => {
                    depth -= 1;
                    if depth == 0 {
                        let newlines = scan::count_newlines(&self.bytes[self.at..at]);
                        return Some(self.token(Symbol::Macro, at + 1, newlines));
                    }
                }
                b'"' => {
                    if let Some((end, _)) = scan::quoted_end(self.bytes, at + 1, self.limit, b'"') {
                        at = end;
                        continue;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// A raw string, a quoted name or a template.
    pub(super) fn backquote(&mut self) -> Token {
        match self.dialect {
            Dialect::Go if !self.open_ended.backquote => {
                let rest = &self.bytes[self.at + 1..self.limit];
                match rest.iter().position(|byte| *byte == b'`') {
                    Some(length) => {
                        let newlines = scan::count_newlines(&rest[..length]);
                        return self.token(Symbol::Str, self.at + length + 2, newlines);
                    }
                    None => self.open_ended.backquote = true,
                }
            }
            Dialect::Kotlin | Dialect::Swift => {
                let end = scan::word_end(self.text, self.at + 1, self.limit);
                if end > self.at + 1 && end < self.limit && self.bytes[end] == b'`' {
                    return self.token(Symbol::Ident, end + 1, 0);
                }
            }
            Dialect::JavaScript | Dialect::Jsx => return template::take(self),
            _ => {}
        }
        self.operator()
    }

    /// A comment or an operator.
    pub(super) fn lua_minus(&mut self) -> Token {
        if !self.bytes[self.at..self.limit].starts_with(b"--") {
            return self.operator();
        }
        if self.bytes[self.at..self.limit].starts_with(b"--[[") && !self.open_ended.long_bracket {
            match scan::pair_end(self.bytes, self.at + 4, self.limit, [b']', b']']) {
                Some((end, newlines)) => return self.token(Symbol::DashComment, end, newlines),
                None => self.open_ended.long_bracket = true,
            }
        }
        let end = scan::line_end(self.bytes, self.at, self.limit);
        self.token(Symbol::DashComment, end, 0)
    }

    /// A long string or a bracket.
    pub(super) fn lua_bracket(&mut self) -> Token {
        let mut open = self.at + 1;
        while open < self.limit && self.bytes[open] == b'=' {
            open += 1;
        }
        if open < self.limit && self.bytes[open] == b'[' {
            let mut at = open + 1;
            while at < self.limit {
                if self.bytes[at] == b']' {
                    let mut close = at + 1;
                    while close < self.limit && self.bytes[close] == b'=' {
                        close += 1;
                    }
                    if close < self.limit && self.bytes[close] == b']' {
                        let newlines = scan::count_newlines(&self.bytes[self.at..close]);
                        return self.token(Symbol::Str, close + 1, newlines);
                    }
                    at = close;
                    continue;
                }
                at += 1;
                if self.budget == 0 {
                    break;
                }
                self.budget -= 1;
            }
        }
        self.operator()
    }
}
