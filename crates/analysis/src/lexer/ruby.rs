//! Ruby: symbols and keys, percent strings, and strings whose interpolated code is cut like any other.

use super::raw::Lexer;
use super::scan;
use super::symbol::Symbol;
use super::{Token, class};

/// Where the lexer stands between strings and the code in them.
#[derive(Clone, Default)]
pub(super) struct Ruby {
    /// Open braces; true for one that began code in a string.
    brackets: Vec<bool>,
    /// The next token is the rest of a string, without a quote before it.
    resumes: bool,
    /// Where the text begins anew, as far as beginnings of lines are concerned.
    origin: usize,
    /// A string's content is known to end at this quote, for every place from `close_from` on.
    close: usize,
    close_from: usize,
}

/// The token that begins here.
pub(super) fn token(lexer: &mut Lexer<'_>) -> Token {
    if std::mem::take(&mut lexer.ruby.resumes) {
        return Token { embedded: true, ..string(lexer, lexer.at) };
    }
    let (at, limit) = (lexer.at, lexer.limit);
    let byte = lexer.bytes[at];
    match byte {
        b'"' => string(lexer, at + 1),
        b'=' if at == lexer.ruby.origin || lexer.bytes[at - 1] == b'\n' => {
            let rest = &lexer.bytes[at..limit];
            if rest.starts_with(b"=begin") {
                lexer.token(Symbol::DocBegin, at + 6, 0)
            } else if rest.starts_with(b"=end") {
                lexer.token(Symbol::DocEnd, at + 4, 0)
            } else {
                lexer.plain()
            }
        }
        b'%' => match percent_end(lexer) {
            Some(end) => {
                let newlines = scan::count_newlines(&lexer.bytes[at..end]);
                lexer.token(Symbol::Str, end, newlines)
            }
            None => lexer.plain(),
        },
        b'$' => {
            let end = scan::word_end(lexer.text, at + 1, limit);
            if end > at + 1 { lexer.token(Symbol::Ident, end, 0) } else { lexer.plain() }
        }
        b'.' => {
            let mut end = at;
            while end < limit && lexer.bytes[end] == b'.' {
                end += 1;
            }
            let symbol = match end - at {
                1 => Symbol::Dot,
                2 => Symbol::DotDot,
                3 => Symbol::Ellipsis,
                _ => Symbol::Other,
            };
            lexer.token(symbol, end, 0)
        }
        b':' | b'@' => {
            let mut name = at + usize::from(byte == b':');
            let mut signs = 0;
            while signs < 2 && name < limit && lexer.bytes[name] == b'@' {
                name += 1;
                signs += 1;
            }
            let end = scan::word_end(lexer.text, name, limit);
            if end > name { marked(lexer, end) } else { lexer.plain() }
        }
        b'{' => {
            lexer.ruby.brackets.push(false);
            lexer.plain()
        }
        b'}' => {
            let token = lexer.plain();
            if lexer.ruby.brackets.pop() == Some(true) {
                lexer.ruby.resumes = true;
                lexer.ruby.origin = usize::MAX;
            }
            token
        }
        _ if Lexer::is_word_byte(byte) => word(lexer),
        0x80.. => match scan::char_at(lexer.text, at) {
            Some(c) if class::is_word_char(c) => word(lexer),
            _ => lexer.plain(),
        },
        _ => lexer.plain(),
    }
}

/// A word, a key with its colon, or a name with its mark.
fn word(lexer: &mut Lexer<'_>) -> Token {
    let end = scan::word_end(lexer.text, lexer.at, lexer.limit);
    match lexer.bytes.get(end..lexer.limit).and_then(|rest| rest.first()) {
        Some(b':') => lexer.token(Symbol::Ident, end + 1, 0),
        Some(b'?' | b'!') => marked(lexer, end),
        _ => {
            let symbol = Symbol::of_word(&lexer.bytes[lexer.at..end]);
            lexer.token(symbol, end, 0)
        }
    }
}

/// A name that ends at `end`, with the marks that may follow it.
fn marked(lexer: &mut Lexer<'_>, mut end: usize) -> Token {
    for mark in [b'?', b'!'] {
        if end < lexer.limit && lexer.bytes[end] == mark {
            end += 1;
        }
    }
    lexer.token(Symbol::Ident, end, 0)
}

/// A string whose content begins at `content`, up to the first code in it.
fn string(lexer: &mut Lexer<'_>, content: usize) -> Token {
    let start = lexer.at;
    if !(lexer.ruby.close_from <= content && content <= lexer.ruby.close) || lexer.ruby.close == 0 {
        let token = lexer.quoted(content, b'"');
        if token.symbol != Symbol::Str {
            return token;
        }
        lexer.ruby.close = token.end as usize - 1;
        lexer.ruby.close_from = content;
    }
    let close = lexer.ruby.close;
    match scan::pair_end(lexer.bytes, content, close, [b'#', b'{']) {
        Some((code, newlines)) => {
            lexer.at = start;
            let first = lexer.token(Symbol::Str, code - 2, newlines);
            lexer.at = code - 2;
            let opening = lexer.token(Symbol::DollarBrace, code, 0);
            lexer.queue.push_back(opening);
            lexer.ruby.brackets.push(true);
            lexer.ruby.origin = code;
            lexer.before = b'=';
            first
        }
        None => {
            let newlines = scan::count_newlines(&lexer.bytes[start..close]);
            lexer.at = start;
            lexer.token(Symbol::Str, close + 1, newlines)
        }
    }
}

/// The end of the percent string that begins here.
fn percent_end(lexer: &mut Lexer<'_>) -> Option<usize> {
    let (bytes, limit) = (lexer.bytes, lexer.limit);
    let mut at = lexer.at + 1;
    if at < limit && matches!(bytes[at], b'q' | b'Q' | b'r' | b'w' | b'i' | b'I') {
        at += 1;
    }
    let (close, never) = match bytes.get(at..limit)?.first()? {
        b'{' => (b'}', b'}'),
        b'[' => (b']', b']'),
        b'<' => (b'>', b'>'),
        b'(' => (b')', b'>'),
        _ => return None,
    };
    at += 1;
    while at < limit {
        let byte = bytes[at];
        if byte == close {
            return Some(at + 1);
        }
        if byte == never || lexer.budget == 0 {
            return None;
        }
        if byte == b'\\' {
            at += 1;
        }
        at += 1;
        lexer.budget -= 1;
    }
    None
}
