//! `language`: the language, and whether the content is text, how encoded, generated or minified.

use serde::Serialize;

use crate::language::{generated, minified};
use crate::{Analyzer, Encoding, File, Outcome};

/// Every content has this one, whatever its size and kind.
pub(super) struct LanguageAnalyzer;

#[derive(Serialize)]
struct Found {
    language: Option<&'static str>,
    /// `programming`, `markup`, `data` or `prose`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind_of_language: Option<&'static str>,
    /// The language that this one is counted under, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'static str>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<Encoding>,
    generated: bool,
    minified: bool,
}

impl Analyzer for LanguageAnalyzer {
    fn id(&self) -> &'static str {
        "language"
    }

    fn version(&self) -> i32 {
        1
    }

    fn analyze(&self, file: &File<'_>) -> Outcome {
        let language = file.language();
        let body = file.body().unwrap_or_default();
        Outcome::json(&Found {
            language: language.map(|language| language.name),
            kind_of_language: language.map(|language| language.kind.as_str()),
            group: language.and_then(|language| language.group),
            kind: if file.is_binary() { "binary" } else { "text" },
            encoding: file.encoding(),
            generated: generated::is_generated(file.hint(), language, body),
            minified: minified::is_minified(language, body),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn json(hint: &str, bytes: &[u8]) -> String {
        match LanguageAnalyzer.analyze(&File::new(hint, bytes, &Limits::default())) {
            Outcome::Ok(json) => json,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn text_has_an_encoding_and_binary_has_none() {
        assert_eq!(
            json(".rs", b"fn main() {}\n"),
            r#"{"language":"Rust","type":"programming","kind":"text","encoding":"utf-8","generated":false,"minified":false}"#
        );
        assert_eq!(
            json(".rs", b"\x7fELF\0\0"),
            r#"{"language":null,"kind":"binary","generated":false,"minified":false}"#
        );
        assert!(json(".py", b"# caf\xe9\n").contains(r#""encoding":"iso-8859-1""#));
        assert!(json(".tsx", b"export {}\n").contains(r#""group":"TypeScript""#));
    }
}
