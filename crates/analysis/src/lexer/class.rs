//! Classes of bytes and of characters.

/// The byte can stand in a word: ASCII letter, digit or underscore.
pub(super) const WORD: u8 = 1;
/// White space, line feed included.
pub(super) const SPACE: u8 = 2;
/// ASCII digit.
pub(super) const DIGIT: u8 = 4;
/// ASCII letter.
pub(super) const ALPHA: u8 = 8;
/// ASCII hexadecimal digit.
pub(super) const HEX: u8 = 16;
/// Begins or continues a character outside ASCII.
pub(super) const WIDE: u8 = 32;

/// The class of every byte.
pub(super) static CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        let mut class = 0;
        if b.is_ascii_alphabetic() {
            class |= WORD | ALPHA;
        }
        if b.is_ascii_digit() {
            class |= WORD | DIGIT;
        }
        if b.is_ascii_hexdigit() {
            class |= HEX;
        }
        if b == b'_' {
            class |= WORD;
        }
        // Separators of files, groups, records and units count as white space, too.
        if b == b' ' || (b >= 9 && b <= 13) || (b >= 28 && b <= 31) {
            class |= SPACE;
        }
        if b >= 128 {
            class |= WIDE;
        }
        table[byte] = class;
        byte += 1;
    }
    table
};

/// Whether the byte is of one of the classes.
#[inline]
pub(super) fn is(byte: u8, classes: u8) -> bool {
    CLASS[usize::from(byte)] & classes != 0
}

/// Whether the character can stand in a word.
#[inline]
pub(crate) fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
