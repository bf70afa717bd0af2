//! Finding where things end.

use memchr::{memchr, memchr_iter, memchr3};

use super::class::{self, DIGIT, HEX, SPACE, WIDE, WORD};

/// The end of the word that begins at `at`, or `at` when none does.
#[inline]
pub(super) fn word_end(text: &str, mut at: usize, limit: usize) -> usize {
    let bytes = text.as_bytes();
    while at < limit {
        let byte = bytes[at];
        if class::is(byte, WORD) {
            at += 1;
        } else if byte >= 0x80 {
            match char_at(text, at) {
                Some(c) if class::is_word_char(c) => at += c.len_utf8(),
                _ => break,
            }
        } else {
            break;
        }
    }
    at
}

/// The character at `at`.
#[inline]
pub(super) fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..).and_then(|rest| rest.chars().next())
}

/// The end of the white space without line feeds that begins at `at`.
#[inline]
pub(super) fn blank_end(text: &str, mut at: usize, limit: usize) -> usize {
    let bytes = text.as_bytes();
    while at < limit {
        let byte = bytes[at];
        if byte != b'\n' && class::is(byte, SPACE) {
            at += 1;
        } else if class::is(byte, WIDE) {
            match char_at(text, at) {
                Some(c) if c.is_whitespace() => at += c.len_utf8(),
                _ => break,
            }
        } else {
            break;
        }
    }
    at
}

/// The end of a literal whose content begins at `at` and that ends with `quote`, with the number of line
/// feeds in it; a backslash hides the character after it. `None` when it does not end.
#[inline]
pub(super) fn quoted_end(bytes: &[u8], at: usize, limit: usize, quote: u8) -> Option<(usize, u32)> {
    literal_end::<1>(bytes, at, limit, quote)
}

/// The same for a literal that ends with three quotes.
pub(super) fn triple_end(bytes: &[u8], at: usize, limit: usize, quote: u8) -> Option<(usize, u32)> {
    literal_end::<3>(bytes, at, limit, quote)
}

/// The same for so many quotes.
#[inline]
fn literal_end<const QUOTES: usize>(
    bytes: &[u8],
    mut at: usize,
    limit: usize,
    quote: u8,
) -> Option<(usize, u32)> {
    let mut newlines = 0;
    while at < limit {
        at += memchr3(quote, b'\\', b'\n', &bytes[at..limit])?;
        match bytes[at] {
            b'\n' => newlines += 1,
            b'\\' => {
                at += 1;
                newlines += u32::from(at < limit && bytes[at] == b'\n');
            }
            _ if bytes[at..limit].starts_with(&[quote; QUOTES]) => return Some((at + QUOTES, newlines)),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The end of the first `pair` at or after `at`, with the number of line feeds before it.
#[inline]
pub(super) fn pair_end(bytes: &[u8], at: usize, limit: usize, pair: [u8; 2]) -> Option<(usize, u32)> {
    let rest = bytes.get(at..limit)?;
    // The second byte of a pair is the rarer one: a comment has many stars and few slashes.
    let second = memchr_iter(pair[1], rest).find(|second| *second > 0 && rest[second - 1] == pair[0])?;
    Some((at + second + 1, count_newlines(&rest[..second - 1])))
}

/// The end of a line comment, which a backslash before the line feed continues.
#[inline]
pub(super) fn line_end_spliced(bytes: &[u8], mut at: usize, limit: usize) -> (usize, u32) {
    let mut newlines = 0;
    loop {
        at = line_end(bytes, at, limit);
        if at >= limit || bytes[at - 1] != b'\\' {
            return (at, newlines);
        }
        newlines += 1;
        at += 1;
    }
}

/// The end of the line.
#[inline]
pub(super) fn line_end(bytes: &[u8], at: usize, limit: usize) -> usize {
    bytes.get(at..limit).and_then(|rest| memchr(b'\n', rest)).map_or(limit.max(at), |end| at + end)
}

/// The end of a number with quotes between its digits, such as `10'000` or `0xFF'FF`.
pub(super) fn separated_digits_end(bytes: &[u8], start: usize, limit: usize) -> Option<usize> {
    if let Some(end) = groups_end(bytes, start, limit, |byte| class::is(byte, DIGIT)) {
        return Some(end);
    }
    match bytes.get(start..start + 2)? {
        b"0x" => groups_end(bytes, start + 2, limit, |byte| class::is(byte, HEX)),
        b"0b" => groups_end(bytes, start + 2, limit, |byte| byte == b'0' || byte == b'1'),
        _ => None,
    }
}

/// The end of two or more groups of digits with quotes between them.
fn groups_end(bytes: &[u8], start: usize, limit: usize, digit: impl Fn(u8) -> bool) -> Option<usize> {
    let mut end = None;
    let mut at = start;
    loop {
        let group = at;
        while at < limit && digit(bytes[at]) {
            at += 1;
        }
        if at == group {
            return end;
        }
        if group != start {
            end = Some(at);
        }
        if at >= limit || bytes[at] != b'\'' {
            return end;
        }
        at += 1;
    }
}

/// The end of a decimal fraction that begins at `at` with a digit or a point.
pub(super) fn fraction_end(bytes: &[u8], start: usize, limit: usize) -> Option<usize> {
    let digits = |mut at: usize| {
        while at < limit && class::is(bytes[at], DIGIT) {
            at += 1;
        }
        at
    };
    let whole = digits(start);
    if whole >= limit || bytes[whole] != b'.' {
        return None;
    }
    let mut end = digits(whole + 1);
    if whole == start && end == whole + 1 {
        return None;
    }
    if end < limit && (bytes[end] == b'e' || bytes[end] == b'E') {
        let sign = usize::from(end + 1 < limit && (bytes[end + 1] == b'+' || bytes[end + 1] == b'-'));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    Some(end)
}

/// The end of `<…>` that holds words, blanks, commas, points and at least one question mark.
pub(super) fn wildcard_args_end(text: &str, start: usize, limit: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut question = false;
    let mut at = start + 1;
    while at < limit {
        let byte = bytes[at];
        match byte {
            b'>' => return question.then_some(at + 1),
            b'?' => question = true,
            b',' | b'.' => {}
            _ if class::is(byte, WORD | SPACE) => {}
            _ if byte >= 0x80 => {
                let c = char_at(text, at)?;
                if !class::is_word_char(c) && !c.is_whitespace() {
                    return None;
                }
                at += c.len_utf8() - 1;
            }
            _ => return None,
        }
        at += 1;
    }
    None
}

/// How many line feeds the bytes hold.
pub(super) fn count_newlines(bytes: &[u8]) -> u32 {
    let count = memchr_iter(b'\n', bytes).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_with_quotes_are_one_number() {
        assert_eq!(separated_digits_end(b"10'000;", 0, 7), Some(6));
        assert_eq!(separated_digits_end(b"0xF'0;", 0, 6), Some(5));
        assert_eq!(separated_digits_end(b"1'x", 0, 3), None);
    }

    #[test]
    fn fractions_end_where_the_number_ends() {
        assert_eq!(fraction_end(b"1.5e-3f", 0, 7), Some(6));
        assert_eq!(fraction_end(b".5", 0, 2), Some(2));
        assert_eq!(fraction_end(b"1.", 0, 2), Some(2));
        assert_eq!(fraction_end(b"1.e", 0, 3), Some(2));
        assert_eq!(fraction_end(b".", 0, 1), None);
        assert_eq!(fraction_end(b"15", 0, 2), None);
    }

    #[test]
    fn type_arguments_need_a_question_mark() {
        assert_eq!(wildcard_args_end("<? extends T>", 0, 13), Some(13));
        assert_eq!(wildcard_args_end("<T>", 0, 3), None);
        assert_eq!(wildcard_args_end("<? && b>", 0, 8), None);
    }
}
