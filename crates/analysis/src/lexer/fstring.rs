//! Formatted strings: the expressions in them are code and are cut as such.

use super::Token;
use super::raw::Lexer;
use super::scan;
use super::symbol::Symbol;

/// Strings in strings deeper than this stay whole. There are four kinds of quotes, so that code cannot
/// nest deeper.
const DEEPEST: u32 = 6;

/// Whether a string after this word is a formatted one.
pub(super) fn is_prefix(word: &str) -> bool {
    word.len() <= 2 && ["f", "rf", "fr", "bf", "fb"].iter().any(|prefix| word.eq_ignore_ascii_case(prefix))
}

/// The first piece of a formatted string; the others are queued.
pub(super) fn expand(lexer: &mut Lexer<'_>, token: Token) -> Token {
    let mut pieces = Vec::new();
    split(lexer, token, 0, &mut pieces);
    let mut pieces = pieces.into_iter();
    let Some(first) = pieces.next() else { return token };
    lexer.queue.extend(pieces);
    first
}

/// Splits a literal into text and tokens of expressions.
fn split(lexer: &Lexer<'_>, token: Token, depth: u32, pieces: &mut Vec<Token>) {
    let bytes = lexer.bytes;
    let quote = if token.symbol == Symbol::TripleStr { 3 } else { 1 };
    let (start, end) = (token.start as usize + quote, token.end as usize - quote);
    let before = pieces.len();
    let literal = |from: usize, to: usize, pieces: &mut Vec<Token>| {
        if to > from {
            let newlines = scan::count_newlines(&bytes[from..to]);
            pieces.push(Token { start: from as u32, end: to as u32, newlines, ..token });
        }
    };
    let mut text = start;
    let mut at = start;
    while at < end {
        match bytes[at] {
            byte @ (b'{' | b'}') if at + 1 < end && bytes[at + 1] == byte => at += 2,
            b'{' => {
                literal(text, at, pieces);
                let after = expression_end(bytes, at, end);
                expression(lexer, at + 1, after - 1, depth, pieces);
                at = after;
                text = at;
            }
            _ => at += 1,
        }
    }
    if pieces.len() == before && text == start {
        pieces.push(token);
        return;
    }
    literal(text, end, pieces);
}

/// Cuts an expression.
fn expression(lexer: &Lexer<'_>, start: usize, end: usize, depth: u32, pieces: &mut Vec<Token>) {
    let end = (start..=end.max(start)).rev().find(|end| lexer.text.is_char_boundary(*end)).unwrap_or(start);
    let mut part = lexer.part(start, end);
    let mut prefix = None;
    loop {
        let mut token = part.raw();
        token.embedded = true;
        match token.symbol {
            Symbol::End => return,
            Symbol::Str | Symbol::TripleStr if prefix == Some(token.start) && depth < DEEPEST => {
                split(lexer, token, depth + 1, pieces);
            }
            _ => {
                let is_prefix = token.symbol == Symbol::Ident && is_prefix(token.text(lexer.text));
                prefix = is_prefix.then_some(token.end);
                pieces.push(token);
            }
        }
    }
}

/// The place after the brace that closes the one at `start`, or the end.
fn expression_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut depth = 1;
    let mut at = start + 1;
    while at < end && depth > 0 {
        match bytes[at] {
            quote @ (b'"' | b'\'') => {
                at = if at + 2 < end && bytes[at + 1] == quote && bytes[at + 2] == quote {
                    scan::triple_end(bytes, at + 3, end, quote).map_or(end, |(end, _)| end)
                } else {
                    scan::quoted_end(bytes, at + 1, end, quote).map_or(end, |(end, _)| end)
                };
                continue;
            }
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    at
}
