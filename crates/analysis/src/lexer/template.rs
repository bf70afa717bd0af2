//! Templates in back-ticks: text, and expressions taken as one token each.

use super::dialect::Dialect;
use super::raw::Lexer;
use super::symbol::Symbol;
use super::{Token, regex, scan};

/// Takes the template that begins here apart and queues its pieces; in the dialect with tags it stays
/// one token. A template that does not end is one token to the end of the text.
pub(super) fn take(lexer: &mut Lexer<'_>) -> Token {
    let start = lexer.at;
    let mut expressions = Vec::new();
    let end = end_of(lexer, start, &mut expressions);
    let closed = end.is_some();
    let end = end.unwrap_or(lexer.limit);
    let whole = {
        let newlines = scan::count_newlines(&lexer.bytes[start..end]);
        lexer.token(Symbol::Chunk, end, newlines)
    };
    if !closed || lexer.dialect == Dialect::Jsx {
        return whole;
    }
    let bytes = lexer.bytes;
    let mut piece = |symbol, from: usize, to: usize| {
        let newlines = scan::count_newlines(&bytes[from..to]);
        lexer.queue.push_back(Token {
            symbol,
            embedded: false,
            start: from as u32,
            end: to as u32,
            newlines,
        });
    };
    let mut at = start + 1;
    for (from, to) in expressions {
        if at < from - 2 {
            piece(Symbol::Chunk, at, from - 2);
        }
        piece(Symbol::DollarBrace, from - 2, from);
        let mut code = from;
        let blanks = bytes[from..to].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if bytes[from + blanks..to].starts_with(b"/") {
            // What begins with a slash is told apart from the white space before it.
            for (at, byte) in bytes.iter().enumerate().skip(from).take(blanks) {
                if *byte == b'\n' {
                    piece(Symbol::Newline, at, at + 1);
                }
            }
            code += blanks;
        }
        piece(opaque(&bytes[code..to]), code, to);
        piece(Symbol::RBrace, to, to + 1);
        at = to + 1;
    }
    if at < end - 1 {
        piece(Symbol::Chunk, at, end - 1);
    }
    piece(Symbol::Tick, end - 1, end);
    Token { symbol: Symbol::Tick, embedded: false, start: start as u32, end: start as u32 + 1, newlines: 0 }
}

/// What an expression counts as: nothing where it is blank or a comment, a line feed where it is one.
fn opaque(expression: &[u8]) -> Symbol {
    if expression.is_empty() {
        Symbol::Empty
    } else if expression == b"\n" {
        Symbol::Newline
    } else if expression.iter().all(u8::is_ascii_whitespace) {
        Symbol::Blank
    } else if expression.starts_with(b"/*") || expression.starts_with(b"//") {
        Symbol::BlockComment
    } else {
        Symbol::Opaque
    }
}

/// The end of the template that begins at `start`, and the places of its expressions. A stack of counts
/// of open braces stands for the nesting of templates in expressions in templates; zero is text.
fn end_of(lexer: &Lexer<'_>, start: usize, expressions: &mut Vec<(usize, usize)>) -> Option<usize> {
    let (bytes, limit) = (lexer.bytes, lexer.limit);
    let mut stack = vec![0u32];
    let mut begun = 0;
    let mut before = b'`';
    // Once a literal of a kind was found not to end, no later one of that kind ends.
    let (mut double, mut single, mut comment) = (true, true, true);
    let mut budget = limit - start;
    let mut at = start + 1;
    while at < limit {
        let byte = bytes[at];
        let depth = stack.len();
        let Some(top) = stack.last_mut() else { return Some(at) };
        let from = at;
        at += 1;
        if *top == 0 {
            match byte {
                b'\\' => at += 1,
                b'`' => {
                    stack.pop();
                    if stack.is_empty() {
                        return Some(at);
                    }
                }
                b'$' if at < limit && bytes[at] == b'{' => {
                    at += 1;
                    if depth == 1 {
                        begun = at;
                    }
                    stack.push(1);
                }
                _ => {}
            }
        } else {
            match byte {
                b'`' => stack.push(0),
                b'{' => *top += 1,
                b'}' => {
                    *top -= 1;
                    if *top == 0 {
                        stack.pop();
                        if depth == 2 {
                            expressions.push((begun, from));
                        }
                    }
                }
                b'"' if double => match scan::quoted_end(bytes, at, limit, byte) {
                    Some((end, _)) => at = end,
                    None => double = false,
                },
                b'\'' if single => match scan::quoted_end(bytes, at, limit, byte) {
                    Some((end, _)) => at = end,
                    None => single = false,
                },
                b'/' if comment && at < limit && bytes[at] == b'*' => {
                    match scan::pair_end(bytes, at + 1, limit, [b'*', b'/']) {
                        Some((end, _)) => at = end,
                        None => comment = false,
                    }
                }
                b'/' if at < limit && bytes[at] == b'/' => at = scan::line_end(bytes, at, limit),
                b'/' if budget > 0 && regex::opens(before) => {
                    // Together, literals that do not end cost no more than the text is long.
                    match regex::end_of(bytes, from, limit) {
                        Ok(end) => at = end,
                        Err(stopped) => budget = budget.saturating_sub(stopped - from),
                    }
                }
                _ => {}
            }
        }
        if !byte.is_ascii_whitespace() {
            before = bytes[at.min(limit) - 1];
        }
    }
    None
}
