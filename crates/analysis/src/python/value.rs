//! What an operand is, as far as two of them are the same.

/// An operand. Names, names of attributes and strings with the same characters are the same operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// Characters, by their digest.
    Text(u64),
    /// Bytes, by their digest.
    Bytes(u64),
    /// A number that is whole; `True` is one and `False` is zero.
    Integer(u128),
    /// Any other number, by its bits.
    Float(u64),
    /// An imaginary number, by its bits.
    Imaginary(u64),
    /// `None`
    Nothing,
    /// `...`
    Ellipsis,
    /// Anything else: no two are the same.
    Expression,
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// Continues a digest of characters.
fn digest(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(PRIME))
}

impl Value {
    /// A name.
    pub(super) fn name(text: &str) -> Value {
        match text {
            "None" => Value::Nothing,
            "True" => Value::Integer(1),
            "False" => Value::Integer(0),
            _ => Value::Text(digest(SEED, text.as_bytes())),
        }
    }

    /// A number as it is written; also as Python 2 writes it.
    pub(super) fn number(text: &str) -> Value {
        let digits: String = text.chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
        let digits = digits.trim_end_matches('l');
        let radix = match digits.get(..2) {
            Some("0x") => 16,
            Some("0o") => 8,
            Some("0b") => 2,
            _ => 10,
        };
        if radix != 10 {
            let whole = u128::from_str_radix(digits.get(2..).unwrap_or_default(), radix);
            return whole.map_or(Value::Text(digest(!SEED, digits.as_bytes())), Value::Integer);
        }
        if let Some(imaginary) = digits.strip_suffix('j') {
            let part: f64 = imaginary.parse().unwrap_or(0.0);
            return if part == 0.0 { Value::Integer(0) } else { Value::Imaginary(part.to_bits()) };
        }
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let octal = digits.len() > 1 && digits.starts_with('0');
            let whole = u128::from_str_radix(digits, if octal { 8 } else { 10 });
            return whole.map_or(Value::Text(digest(!SEED, digits.as_bytes())), Value::Integer);
        }
        let float: f64 = digits.parse().unwrap_or(0.0);
        if (0.0..1e30).contains(&float) && float.fract() == 0.0 {
            return Value::Integer(float as u128);
        }
        Value::Float(float.to_bits())
    }

    /// A string literal, prefix and quotes included, that may continue another.
    pub(super) fn string(text: &str, before: Option<Value>) -> Value {
        let quote = text.find(['"', '\'']).unwrap_or_default();
        let (prefix, body) = text.split_at_checked(quote).unwrap_or_default();
        let prefix = prefix.to_ascii_lowercase();
        let quotes =
            if body.len() >= 6 && (body.starts_with("\"\"\"") || body.starts_with("'''")) { 3 } else { 1 };
        let content = body.get(quotes..body.len().saturating_sub(quotes)).unwrap_or_default();
        let bytes = prefix.contains('b');
        let state = match before {
            Some(Value::Text(state) | Value::Bytes(state)) => state,
            _ if bytes => !SEED,
            _ => SEED,
        };
        let state = if prefix.contains('r') || !content.contains('\\') {
            digest(state, content.as_bytes())
        } else {
            unescaped(state, content)
        };
        if bytes { Value::Bytes(state) } else { Value::Text(state) }
    }
}

/// Continues a digest with what the escapes stand for.
fn unescaped(mut state: u64, content: &str) -> u64 {
    let mut chars = content.chars().peekable();
    let mut buffer = [0; 4];
    while let Some(c) = chars.next() {
        let mut meant = c;
        if c == '\\' {
            let number = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
                          first: u32,
                          most: usize,
                          radix: u32| {
                let mut value = first;
                for _ in 0..most {
                    let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else { break };
                    value = value.wrapping_mul(radix).wrapping_add(digit);
                    chars.next();
                }
                char::from_u32(value).unwrap_or('\u{fffd}')
            };
            meant = match chars.next() {
                Some('\n') | None => continue,
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some('a') => '\u{7}',
                Some('b') => '\u{8}',
                Some('f') => '\u{c}',
                Some('v') => '\u{b}',
                Some('x') => number(&mut chars, 0, 2, 16),
                Some('u') => number(&mut chars, 0, 4, 16),
                Some('U') => number(&mut chars, 0, 8, 16),
                Some(digit @ '0'..='7') => number(&mut chars, digit.to_digit(8).unwrap_or_default(), 2, 8),
                Some(c @ ('\\' | '\'' | '"')) => c,
                Some(other) => {
                    state = digest(state, b"\\");
                    other
                }
            };
        }
        state = digest(state, meant.encode_utf8(&mut buffer).as_bytes());
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_equal_is_the_same() {
        assert_eq!(Value::string("'a'", None), Value::name("a"));
        assert_eq!(Value::string("\"\\x61\"", None), Value::string("u'a'", None));
        assert_eq!(Value::string("'b'", Some(Value::string("'a'", None))), Value::string("'ab'", None));
        assert_ne!(Value::string("b'a'", None), Value::string("'a'", None));
        assert_eq!(Value::number("1.0"), Value::name("True"));
        assert_eq!(Value::number("0x10"), Value::number("1_6"));
        assert_eq!(Value::number("010L"), Value::number("0o10"));
        assert_ne!(Value::number("1.5"), Value::number("1j"));
    }
}
