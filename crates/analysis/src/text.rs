//! Bytes or text, and how a text is encoded.

use std::borrow::Cow;

use serde::Serialize;

/// Why a content's text is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// The content is not text.
    #[error("binary")]
    Binary,
    /// The content is larger than [`Limits::max_bytes`](crate::Limits::max_bytes); both in bytes.
    #[error("{size} bytes is over the limit of {limit}")]
    TooLarge {
        /// The content's size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The content claims an encoding that its bytes break.
    #[error("not valid {encoding} at byte {offset}")]
    Undecodable {
        /// The encoding that the content's first bytes announce.
        encoding: &'static str,
        /// Where it breaks, in bytes from the start.
        offset: usize,
    },
}

/// How a text is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Encoding {
    /// Valid UTF-8, which includes ASCII, with or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16, little-endian, announced by a byte order mark.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, big-endian, announced by a byte order mark.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Text that is none of the others: each byte is taken for the character of that number.
    #[serde(rename = "iso-8859-1")]
    Latin1,
}

/// How many bytes decide between text and binary, as in git.
const SNIFF: usize = 8000;

/// What a content's bytes are, before anything is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    Binary,
    /// UTF-8 or an 8-bit encoding; the mark's length in bytes.
    Bytes {
        mark: usize,
    },
    Utf16 {
        big_endian: bool,
    },
}

/// Looks at the first bytes only.
pub(crate) fn nature(bytes: &[u8]) -> Nature {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return Nature::Binary,
        [0xff, 0xfe, ..] => return Nature::Utf16 { big_endian: false },
        [0xfe, 0xff, ..] => return Nature::Utf16 { big_endian: true },
        _ => {}
    }
    let head = &bytes[..bytes.len().min(SNIFF)];
    if memchr::memchr(0, head).is_some() || head.starts_with(b"%PDF-") || mostly_control(head) {
        return Nature::Binary;
    }
    Nature::Bytes { mark: if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 } }
}

/// Compressed and encrypted data without a NUL in its head still has control characters everywhere.
fn mostly_control(head: &[u8]) -> bool {
    let head = head.get(..1000).unwrap_or(head);
    let control = head.iter().filter(|&&byte| byte < 0x20 && !matches!(byte, 7..=13 | 0x1b)).count();
    control > head.len() / 10
}

/// The text as bytes that ASCII patterns can be looked for in: without mark, UTF-16 made UTF-8, and an
/// 8-bit encoding left as it is.
pub(crate) fn body(nature: Nature, bytes: &[u8]) -> Result<Cow<'_, [u8]>, Unread> {
    match nature {
        Nature::Binary => Err(Unread::Binary),
        Nature::Bytes { mark } => Ok(Cow::Borrowed(bytes.get(mark..).unwrap_or_default())),
        Nature::Utf16 { big_endian } => utf16(bytes, big_endian).map(|text| Cow::Owned(text.into_bytes())),
    }
}

fn utf16(bytes: &[u8], big_endian: bool) -> Result<String, Unread> {
    let encoding = if big_endian { "utf-16be" } else { "utf-16le" };
    let unit = |pair: &[u8]| match *pair {
        [high, low] if big_endian => u16::from_be_bytes([high, low]),
        [low, high] => u16::from_le_bytes([low, high]),
        _ => 0,
    };
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut offset = 2;
    for decoded in char::decode_utf16(bytes.get(2..).unwrap_or_default().chunks_exact(2).map(unit)) {
        let Ok(character) = decoded else { return Err(Unread::Undecodable { encoding, offset }) };
        text.push(character);
        offset += 2 * character.len_utf16();
    }
    if bytes.len() % 2 == 1 {
        return Err(Unread::Undecodable { encoding, offset });
    }
    Ok(text)
}

/// Each byte as the character of that number.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_noughts_tell_the_nature() {
        assert_eq!(nature(b""), Nature::Bytes { mark: 0 });
        assert_eq!(nature(b"\xef\xbb\xbfx"), Nature::Bytes { mark: 3 });
        assert_eq!(nature(b"\xff\xfea\0"), Nature::Utf16 { big_endian: false });
        assert_eq!(nature(b"\xfe\xff\0a"), Nature::Utf16 { big_endian: true });
        assert_eq!(nature(b"\x7fELF\x02\x01\0"), Nature::Binary);
        assert_eq!(nature(b"\x01\x02\x03\x04 words"), Nature::Binary);
        assert_eq!(nature(b"\x1b[1mbold\x1b[0m\r\n"), Nature::Bytes { mark: 0 });
    }

    #[test]
    fn utf16_becomes_utf8() {
        let body =
            body(Nature::Utf16 { big_endian: false }, b"\xff\xfeh\0\xe9\0\x3d\xd8\x00\xde").expect("valid");
        assert_eq!(&*body, "hé😀".as_bytes());
    }

    #[test]
    fn broken_utf16_says_where() {
        let unpaired = body(Nature::Utf16 { big_endian: true }, b"\xfe\xff\0a\xd8\0");
        assert_eq!(unpaired, Err(Unread::Undecodable { encoding: "utf-16be", offset: 4 }));
        let odd = body(Nature::Utf16 { big_endian: false }, b"\xff\xfea\0b");
        assert_eq!(odd, Err(Unread::Undecodable { encoding: "utf-16le", offset: 4 }));
        assert_eq!(odd.unwrap_err().to_string(), "not valid utf-16le at byte 4");
    }
}
