//! Formatted strings: the code in them.

use super::expression::{DEEPEST, Expression};
use super::program::Sink;
use super::token;

/// The expressions in the text of a formatted string.
pub(super) fn read(content: &str, depth: u32, sink: &mut Sink<'_>) {
    let bytes = content.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        sink.steps.spend();
        match bytes[at] {
            byte @ (b'{' | b'}') if bytes.get(at + 1) == Some(&byte) => at += 2,
            b'{' => {
                let (code, format, end) = replacement(bytes, at + 1);
                embedded(content.get(at + 1..code).unwrap_or_default(), depth, sink);
                if format < end && depth < DEEPEST {
                    read(content.get(format..end).unwrap_or_default(), depth + 1, sink);
                }
                at = end + 1;
            }
            _ => at += 1,
        }
    }
}

/// Where the code of a replacement field that begins at `at` ends, where its format begins, and where the
/// field ends.
fn replacement(bytes: &[u8], mut at: usize) -> (usize, usize, usize) {
    let mut depth = 0u32;
    let mut code = None;
    let mut quote = None;
    while at < bytes.len() {
        let byte = bytes[at];
        match (quote, byte) {
            (Some(open), _) if code.is_none() => {
                if byte == open {
                    quote = None;
                }
            }
            (_, b'"' | b'\'') if code.is_none() => quote = Some(byte),
            (_, b'(' | b'[' | b'{') => depth += 1,
            (_, b'}') if depth == 0 => {
                let (code, format) = code.unwrap_or((at, at));
                return (code, format, at);
            }
            (_, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (_, b'!') if depth == 0 && code.is_none() && bytes.get(at + 1) != Some(&b'=') => {
                let format = bytes[at..].iter().position(|byte| matches!(byte, b':' | b'}'));
                code = Some((at, at + format.unwrap_or_default()));
            }
            (_, b':') if depth == 0 && code.is_none() => code = Some((at, at + 1)),
            _ => {}
        }
        at += 1;
    }
    let (code, format) = code.unwrap_or((at, at));
    (code, format, at)
}

/// Code in a string.
fn embedded(code: &str, depth: u32, sink: &mut Sink<'_>) {
    let code = code.trim_end();
    let code = code.strip_suffix('=').filter(|code| !code.ends_with(['=', '!', '<', '>'])).unwrap_or(code);
    let tokens = token::tokens(sink.steps, code);
    let mut expression = Expression::new(code, depth);
    let mut at = 0;
    while at < tokens.len() {
        at = expression.take(&tokens, at, sink);
    }
    expression.finish(sink);
}
