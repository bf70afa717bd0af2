//! Paths as text. git's paths are bytes; those that are no UTF-8 are quoted as git quotes them.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// A path as JSON can hold it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathText {
    /// The path itself, or in double quotes with escapes when it is no UTF-8.
    pub(crate) path: String,
    /// Its bytes in base64, when it is no UTF-8.
    pub(crate) base64: Option<String>,
}

impl From<Vec<u8>> for PathText {
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(path) => Self { path, base64: None },
            Err(error) => {
                let bytes = error.as_bytes();
                Self { path: quote(bytes), base64: Some(STANDARD.encode(bytes)) }
            }
        }
    }
}

/// As `git ls-files` prints a path with `core.quotePath`.
fn quote(bytes: &[u8]) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_text_is_quoted() {
        let text = |bytes: &[u8]| PathText::from(bytes.to_vec());
        assert_eq!(text("ä \"b\"\n".as_bytes()), PathText { path: "ä \"b\"\n".into(), base64: None });
        assert_eq!(
            text(b"a\xff\"\\\n\x01.rs"),
            PathText { path: r#""a\377\"\\\n\001.rs""#.into(), base64: Some("Yf8iXAoBLnJz".into()) }
        );
    }
}
