//! Regular expression literals: where a slash opens one, and where it ends.

use super::raw::Lexer;

/// The end of the literal that begins here with a slash, when what stands before it lets an expression
/// begin and it ends on its line.
pub(super) fn literal_end(lexer: &mut Lexer<'_>) -> Option<usize> {
    if !opens(lexer.before) || lexer.budget == 0 {
        return None;
    }
    let (bytes, limit) = (lexer.bytes, lexer.limit);
    let start = lexer.at;
    let found = end_of(bytes, start, limit);
    match found {
        Ok(end) => Some(end),
        Err(at) => {
            lexer.budget = lexer.budget.saturating_sub(at - start);
            None
        }
    }
}

/// Whether an expression can begin after this byte.
pub(super) fn opens(before: u8) -> bool {
    matches!(before, b'=' | b',' | b'(' | b'{' | b'[' | b'?' | b':' | b'!' | b'&' | b'|' | b';')
}

/// The end of a literal with its flags; on failure, how far was looked.
pub(super) fn end_of(bytes: &[u8], start: usize, limit: usize) -> Result<usize, usize> {
    let mut at = start + 1;
    let mut class = false;
    if at >= limit || matches!(bytes[at], b'/' | b'*') {
        return Err(at);
    }
    while at < limit {
        match bytes[at] {
            b'\\' if at + 1 < limit && !matches!(bytes[at + 1], b'\n' | b'\r') => at += 1,
            b'\\' | b'\n' | b'\r' => return Err(at),
            b'[' => class = true,
            b']' => class = false,
            b'/' if !class => {
                at += 1;
                while at < limit && bytes[at].is_ascii_lowercase() {
                    at += 1;
                }
                return Ok(at);
            }
            _ => {}
        }
        at += 1;
    }
    Err(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_in_a_class_does_not_end_it() {
        assert_eq!(end_of(b"/[/]x/gi;", 0, 9), Ok(8));
        assert!(end_of(b"/a\n/", 0, 4).is_err());
        assert!(end_of(b"// x", 0, 4).is_err());
    }
}
