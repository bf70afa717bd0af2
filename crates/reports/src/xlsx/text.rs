//! Text as a spreadsheet takes it.

use super::MAX_TEXT;

/// Whether a spreadsheet could run `text` as a formula: what OWASP names (`=`, `+`, `-`, `@`, tab, carriage
/// return), a line end, and the same signs in their full width, also behind blanks, which some programs drop
/// before they look.
pub(crate) fn is_formula(text: &str) -> bool {
    let sign = |first: char| matches!(first, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
    match text.as_bytes().first() {
        None => false,
        Some(b'\t' | b'\r' | b'\n') => true,
        // Nearly every text begins so.
        Some(b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'/') => false,
        Some(_) => text.trim_start().starts_with(sign),
    }
}

/// As much of `text` as a cell holds, and how many characters there were when that is not all.
pub(super) fn fitting(text: &str) -> (&str, Option<usize>) {
    // No text has more UTF-16 units than bytes.
    if text.len() <= MAX_TEXT {
        return (text, None);
    }
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > MAX_TEXT {
            return (text.get(..at).unwrap_or_default(), Some(text.chars().count()));
        }
    }
    (text, None)
}

/// Appends `text` as the element `t`.
pub(super) fn element(text: &str, xml: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t' | b'\n' | b'\r'));
    let keep = blank(bytes.first()) || blank(bytes.last()) || bytes.contains(&b'\n');
    xml.extend_from_slice(if keep { br#"<t xml:space="preserve">"# } else { b"<t>" });
    escape(text, xml);
    xml.extend_from_slice(b"</t>");
}

/// Appends `text` escaped: for XML, and as the type `ST_Xstring` of ECMA-376 (22.9.2.19) wants it.
pub(super) fn escape(text: &str, xml: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut done = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if !IS_SPECIAL[byte as usize] {
            continue;
        }
        let (escaped, length): (&[u8], usize) = match byte {
            b'&' => (b"&amp;", 1),
            b'<' => (b"&lt;", 1),
            b'>' => (b"&gt;", 1),
            b'"' => (b"&quot;", 1),
            // As a character of its own; a bare one becomes a line feed.
            b'\r' => (b"&#13;", 1),
            b'_' if is_escape(bytes.get(at..).unwrap_or_default()) => (b"_x005F_", 1),
            0xef if bytes.get(at..at + 3) == Some(&[0xef, 0xbf, 0xbe]) => (b"_xFFFE_", 3),
            0xef if bytes.get(at..at + 3) == Some(&[0xef, 0xbf, 0xbf]) => (b"_xFFFF_", 3),
            0x00..0x20 => (&CONTROLS[byte as usize], 1),
            _ => continue,
        };
        xml.extend_from_slice(bytes.get(done..at).unwrap_or_default());
        xml.extend_from_slice(escaped);
        done = at + length;
    }
    xml.extend_from_slice(bytes.get(done..).unwrap_or_default());
}

/// Whether a reader would take what stands here for an escape: `_x`, four hexadecimal digits, `_`.
fn is_escape(bytes: &[u8]) -> bool {
    match bytes.get(..7) {
        Some([b'_', b'x', digits @ .., b'_']) => digits.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

/// Bytes that may have to be escaped.
static IS_SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = byte != b'\t' as usize && byte != b'\n' as usize;
        byte += 1;
    }
    special[b'&' as usize] = true;
    special[b'<' as usize] = true;
    special[b'>' as usize] = true;
    special[b'"' as usize] = true;
    special[b'_' as usize] = true;
    special[0xef] = true;
    special
};

/// The escapes of control characters.
static CONTROLS: [[u8; 7]; 0x20] = {
    let digits = b"0123456789ABCDEF";
    let mut all = [*b"_x0000_"; 0x20];
    let mut byte = 0;
    while byte < 0x20 {
        all[byte][4] = digits[byte / 16];
        all[byte][5] = digits[byte % 16];
        byte += 1;
    }
    all
};
