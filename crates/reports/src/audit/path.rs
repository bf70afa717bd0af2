//! Paths as text. git's paths are bytes; those that are no UTF-8 are quoted as git quotes them.

use std::borrow::Cow;

/// A path as text can hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathText<'a> {
    /// The path itself, or in double quotes with escapes when it is no UTF-8.
    pub text: Cow<'a, str>,
    /// Whether it had to be quoted.
    pub quoted: bool,
}

impl<'a> From<&'a [u8]> for PathText<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self { text: text.into(), quoted: false },
            Err(_) => Self { text: quoted(bytes).into(), quoted: true },
        }
    }
}

/// As `git ls-files` prints a path with `core.quotePath`.
pub fn quoted(bytes: &[u8]) -> String {
    let mut quoted = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b'\x07' => quoted.push_str("\\a"),
            b'\x08' => quoted.push_str("\\b"),
            b'\t' => quoted.push_str("\\t"),
            b'\n' => quoted.push_str("\\n"),
            b'\x0b' => quoted.push_str("\\v"),
            b'\x0c' => quoted.push_str("\\f"),
            b'\r' => quoted.push_str("\\r"),
            b' '..=b'~' => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\{byte:03o}")),
        }
    }
    quoted.push('"');
    quoted
}
