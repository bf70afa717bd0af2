//! Paths as text. git's paths are bytes; those that are no UTF-8 are quoted as git quotes them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reports::audit::quoted;

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
                Self { path: quoted(bytes), base64: Some(STANDARD.encode(bytes)) }
            }
        }
    }
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
