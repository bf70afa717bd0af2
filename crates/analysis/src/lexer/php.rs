//! Code between `<?php` and `?>`; what is outside counts as one string.

use super::Token;
use super::raw::{Lexer, OpenEnded};
use super::scan;
use super::symbol::Symbol;

/// Where the lexer stands between pieces of code.
#[derive(Clone, Copy)]
pub(super) struct Php {
    /// Where the whole text ends.
    end: usize,
    /// Where the code that is being cut began to be outside: the end of the last `?>`.
    outside: usize,
    /// The length of what closes the present code.
    close: usize,
    /// Whether any code was seen.
    begun: bool,
}

impl Php {
    pub(super) fn new(end: usize) -> Php {
        Php { end, outside: 0, close: 0, begun: false }
    }
}

/// At the end of a piece of code, or before the first: what is outside, and on to the next piece.
pub(super) fn outside(lexer: &mut Lexer<'_>) -> Token {
    let bytes = lexer.bytes;
    let end = lexer.php.end;
    loop {
        let outside = if lexer.php.begun { lexer.limit + lexer.php.close } else { 0 };
        if outside >= end {
            lexer.limit = end;
            lexer.at = end;
            return Token {
                symbol: Symbol::End,
                embedded: false,
                start: end as u32,
                end: end as u32,
                newlines: 0,
            };
        }
        lexer.php.begun = true;
        lexer.php.outside = outside;
        lexer.open_ended = OpenEnded::default();
        lexer.before = b'=';
        let (html_end, code) = match scan::pair_end(bytes, outside, end, [b'<', b'?']) {
            Some((code, _)) => (code - 2, if bytes[code..end].starts_with(b"php") { code + 3 } else { code }),
            None => (end, end),
        };
        let (code_end, close) = match scan::pair_end(bytes, code, end, [b'?', b'>']) {
            Some((after, _)) => (after - 2, 2),
            None => (end, 0),
        };
        lexer.at = code;
        lexer.limit = code_end;
        lexer.php.close = close;
        if html_end > outside {
            let newlines = scan::count_newlines(&bytes[outside..html_end]);
            return Token {
                symbol: Symbol::Str,
                embedded: false,
                start: outside as u32,
                end: html_end as u32,
                newlines,
            };
        }
        if lexer.at < lexer.limit {
            return lexer.raw();
        }
    }
}

/// The end of the here document that begins here: the first time its name occurs again.
pub(super) fn here_document(lexer: &mut Lexer<'_>) -> Option<(usize, u32)> {
    let (bytes, limit) = (lexer.bytes, lexer.limit);
    if !bytes[lexer.at..limit].starts_with(b"<<<") {
        return None;
    }
    let name_start = lexer.at + 3;
    let name_end = scan::word_end(lexer.text, name_start, limit);
    let name = &bytes[name_start..name_end];
    if name.is_empty() || name.len() > 256 {
        return None;
    }
    let rest = &bytes[name_end..limit];
    if rest.len() > lexer.budget {
        return None;
    }
    match rest.windows(name.len()).position(|window| window == name) {
        Some(offset) => Some((name_end + offset + name.len(), scan::count_newlines(&rest[..offset]))),
        None => {
            lexer.budget -= rest.len();
            None
        }
    }
}
