//! Swift: comments that nest, strings with any number of `#`, and code in strings that may hold strings.

use super::Token;
use super::raw::Lexer;
use super::scan;
use super::symbol::Symbol;

/// Whether a string or a block comment begins where the lexer stands.
pub(super) fn literal_begins(lexer: &mut Lexer<'_>) -> bool {
    let (bytes, at, limit) = (lexer.bytes, lexer.at, lexer.limit);
    match bytes[at] {
        b'"' => true,
        b'/' => at + 1 < limit && bytes[at + 1] == b'*',
        b'#' => quote_after_hashes(lexer, at).is_some(),
        _ => false,
    }
}

/// The place of the quote after a run of `#`. A run is looked through once, however many of its places are asked
/// for.
fn quote_after_hashes(lexer: &mut Lexer<'_>, at: usize) -> Option<usize> {
    let (bytes, limit) = (lexer.bytes, lexer.limit);
    if !lexer.hashes.contains(&at) {
        let mut end = at;
        while end < limit && bytes[end] == b'#' {
            lexer.steps.spend();
            end += 1;
        }
        lexer.hashes = at..end;
    }
    let end = lexer.hashes.end;
    (end < limit && bytes[end] == b'"').then_some(end)
}

/// The end of the nested comment that begins at `start`; the end of the text when it has none.
pub(super) fn comment_end(bytes: &[u8], start: usize, limit: usize) -> (usize, u32) {
    let mut depth = 0u32;
    let mut newlines = 0;
    let mut at = start;
    while at < limit {
        let pair = (bytes[at], if at + 1 < limit { bytes[at + 1] } else { 0 });
        match pair {
            (b'/', b'*') => {
                depth += 1;
                at += 2;
            }
            (b'*', b'/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return (at, newlines);
                }
            }
            _ => {
                newlines += u32::from(pair.0 == b'\n');
                at += 1;
            }
        }
    }
    (limit, newlines)
}

/// A string, or a quotation mark by itself.
pub(super) fn quote(lexer: &mut Lexer<'_>, quote: u8) -> Token {
    let start = lexer.at;
    if quote == b'"' {
        return string(lexer, start);
    }
    // A literal that begins before the second mark comes first.
    let mut at = start + 1;
    while at < lexer.limit && lexer.budget > 0 {
        lexer.budget -= 1;
        match lexer.bytes[at] {
            b'\'' => {
                let newlines = scan::count_newlines(&lexer.bytes[start..at]);
                return lexer.token(Symbol::Str, at + 1, newlines);
            }
            b'\\' => at += 1,
            b'"' => break,
            b'/' if at + 1 < lexer.limit && matches!(lexer.bytes[at + 1], b'*' | b'/') => break,
            _ => {}
        }
        at += 1;
    }
    lexer.token(Symbol::Other, start + 1, 0)
}

/// A raw string or the name of a macro; nothing for a directive.
pub(super) fn hash(lexer: &mut Lexer<'_>) -> Option<Token> {
    if let Some(quote) = quote_after_hashes(lexer, lexer.at) {
        return Some(string(lexer, quote));
    }
    let start = lexer.at;
    let end = scan::word_end(lexer.text, start + 1, lexer.limit);
    let directive = matches!(
        &lexer.bytes[start + 1..end],
        b"" | b"if" | b"elseif" | b"else" | b"endif" | b"sourceLocation" | b"warning" | b"error"
    );
    (!directive).then(|| lexer.token(Symbol::Ident, end, 0))
}

/// Whether the question mark here directly follows what it belongs to.
pub(super) fn follows_operand(lexer: &Lexer<'_>) -> bool {
    let before = lexer.text.get(..lexer.at).unwrap_or_default();
    !before.is_empty() && !before.ends_with(char::is_whitespace) && !before.ends_with("*/")
}

/// One level of a string that is being read.
enum Level {
    /// Text, with the number of `#` of its quotes.
    Text { hashes: usize, multiline: bool },
    /// Code, with the number of open parentheses.
    Code { open: usize, multiline: bool },
}

/// The string whose first quote is at `quote`; it begins where the lexer stands.
fn string(lexer: &mut Lexer<'_>, quote: usize) -> Token {
    let (bytes, limit) = (lexer.bytes, lexer.limit);
    let start = lexer.at;
    let opening = |quote: usize, hashes: usize| {
        let multiline = bytes[quote..limit].starts_with(b"\"\"\"");
        (Level::Text { hashes, multiline }, quote + if multiline { 3 } else { 1 })
    };
    let (level, mut at) = opening(quote, quote - start);
    let mut levels = vec![level];
    while at < limit {
        let Some(level) = levels.last_mut() else { break };
        match level {
            Level::Text { hashes, multiline } => {
                let (hashes, multiline) = (*hashes, *multiline);
                match bytes[at] {
                    b'"' => {
                        let quotes = if multiline { 3 } else { 1 };
                        let rest = &bytes[at..limit];
                        let closes = rest.len() >= quotes + hashes
                            && rest[..quotes].iter().all(|byte| *byte == b'"')
                            && rest[quotes..quotes + hashes].iter().all(|byte| *byte == b'#');
                        if closes {
                            at += quotes + hashes;
                            levels.pop();
                        } else {
                            at += 1;
                        }
                    }
                    b'\\' => {
                        let rest = &bytes[at + 1..limit];
                        if rest.len() >= hashes && rest[..hashes].iter().all(|byte| *byte == b'#') {
                            at += 1 + hashes;
                            if at < limit && bytes[at] == b'(' {
                                levels.push(Level::Code { open: 0, multiline });
                            } else {
                                at += 1;
                            }
                        } else {
                            at += 1;
                        }
                    }
                    b'\n' if !multiline => {
                        levels.pop();
                    }
                    _ => at += 1,
                }
            }
            Level::Code { open, multiline } => match bytes[at] {
                b'(' => {
                    *open += 1;
                    at += 1;
                }
                b')' => {
                    *open -= 1;
                    at += 1;
                    if *open == 0 {
                        levels.pop();
                    }
                }
                b'\n' if !*multiline => {
                    levels.pop();
                }
                b'"' | b'#' => match quote_after_hashes(lexer, at) {
                    Some(quote) => {
                        let (level, content) = opening(quote, quote - at);
                        levels.push(level);
                        at = content;
                    }
                    None => at += 1,
                },
                _ => at += 1,
            },
        }
        if levels.is_empty() {
            break;
        }
    }
    let end = at.min(limit);
    let end = (end..=limit).find(|end| lexer.text.is_char_boundary(*end)).unwrap_or(limit);
    let newlines = scan::count_newlines(&bytes[start..end]);
    lexer.token(Symbol::Str, end, newlines)
}
