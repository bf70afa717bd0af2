//! Any bytes under any name: an outcome from every analyzer, none of them a crash, in linear time.

use analysis::{ANALYZERS, Limits, Outcome, analyze, classify, commit_message, hint, language};
use proptest::prelude::*;

/// Every analyzer answers, and none was stopped.
pub(crate) fn check(hint: &str, bytes: &[u8]) {
    let reports = analyze(hint, bytes, &Limits::default());
    assert_eq!(reports.len(), ANALYZERS.len());
    for report in reports {
        match &report.outcome {
            Outcome::Ok(json) => {
                assert!(json.starts_with('{'), "{}: {json}", report.analyzer);
                let parsed: Result<serde_json::Value, _> = serde_json::from_str(json);
                assert!(parsed.is_ok(), "{}: {json}", report.analyzer);
            }
            Outcome::Failed(reason) => {
                assert!(
                    reason.starts_with("not valid utf-16"),
                    "{} {hint:?} {bytes:?}: {reason}",
                    report.analyzer
                );
            }
            Outcome::Skipped(reason) => assert!(!reason.is_empty()),
        }
    }
}

/// The lines add up to the file's, whatever is embedded where.
pub(crate) fn check_lines(hint: &str, bytes: &[u8]) {
    let limits = Limits::default();
    let file = analysis::File::new(hint, bytes, &limits);
    let (Some(language), Ok(body)) = (file.language(), file.body()) else { return };
    let Some(counts) = analysis::lines::count(language, body) else { return };
    let expected = body.split_inclusive(|&byte| byte == b'\n').count();
    if language.name != "Jupyter Notebook" {
        assert_eq!(
            counts.total(),
            expected as u64,
            "{hint:?} {:?}: {counts:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

fn any_hint() -> impl Strategy<Value = &'static str> {
    let hints: Vec<&'static str> = language::hints().chain([""]).collect();
    proptest::sample::select(hints)
}

/// What opens, closes and separates things in many languages.
pub(crate) const TOKENS: &[&str] = &[
    "\n",
    "\n",
    "\r\n",
    " ",
    "\t",
    "a",
    "if ",
    "x1",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ",",
    ":",
    "\"",
    "'",
    "`",
    "\"\"\"",
    "'''",
    "\\",
    "\\\"",
    "//",
    "/*",
    "*/",
    "///",
    "//!",
    "#",
    "#!",
    "--",
    "--[[",
    "]]",
    "{-",
    "-}",
    "(*",
    "*)",
    "<!--",
    "-->",
    "=begin",
    "=end",
    "%",
    "<script>",
    "</script>",
    "<script type=\"text/html\">",
    "<style lang=\"scss\">",
    "</style>",
    "<template>",
    "</template>",
    "```",
    "```rust\n",
    "```html\n",
    "r#\"",
    "\"#",
    "R\"(",
    ")\"",
    "@\"",
    "def f():",
    "fn f() {",
    "class A ",
    "=> ",
    "function ",
    "<<EOF",
    "EOF",
    "é",
    "\u{feff}",
    "\u{0}",
    "?",
    "&&",
    "||",
    "<",
    ">",
    "case ",
    "else ",
    "end\n",
    "do\n",
    "::",
    "->",
    "1.0",
    "0x",
    "$x",
    "@",
    "*",
    "=",
    "!",
];

fn soup() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(TOKENS), 0..60).prop_map(|tokens| tokens.concat())
}

proptest! {
    // PROPTEST_CASES asks for more of them, to run at length.
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(2000),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_bytes_under_any_name(hint in any_hint(), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(hint, &bytes);
        check_lines(hint, &bytes);
    }

    #[test]
    fn tokens_in_any_order_under_any_name(hint in any_hint(), text in soup()) {
        check(hint, text.as_bytes());
        check_lines(hint, text.as_bytes());
    }

    #[test]
    fn embedded_languages_in_any_order(
        hint in proptest::sample::select(vec![".rs", ".md", ".html", ".vue", ".svelte", ".gjs", ".ipynb"]),
        text in soup(),
    ) {
        check(hint, text.as_bytes());
        check_lines(hint, text.as_bytes());
    }

    #[test]
    fn any_path(path in proptest::collection::vec(any::<u8>(), 0..80)) {
        let class = classify(&path);
        prop_assert_eq!(class, classify(&path));
        let found = hint(&path);
        // A hint names itself: what is stored under it is found again by it.
        prop_assert!(found.is_empty() || language::hints().any(|known| known == found));
    }

    #[test]
    fn any_message(message in any::<String>()) {
        let measures = commit_message(&message);
        prop_assert!(measures.fog.is_finite() && measures.mean_word_length.is_finite());
        prop_assert_eq!(measures.chars, message.chars().count() as u64);
    }
}

#[test]
fn every_name_with_small_contents() {
    for hint in language::hints().chain([""]) {
        for bytes in [
            &b""[..],
            b"\n",
            b"\0",
            b"x",
            b"\xff\xfe",
            b"\xff\xfe\x00",
            b"\xef\xbb\xbf",
            b"\"",
            b"/*",
            b"#!\n",
        ] {
            check(hint, bytes);
            check_lines(hint, bytes);
        }
    }
}

/// Each of these takes hours where the cost grows with the square of the size.
#[test]
fn repetition_costs_no_more_than_its_length() {
    let patterns = [
        "<script>\n",
        "<script",
        "<script>",
        "<style lang=\"",
        "```a ",
        "```",
        "````",
        "```rust\n",
        "/// a\n",
        "///",
        "//! \n\n",
        "\"",
        "\\\"",
        "/*",
        "*/",
        "/* ",
        "(",
        "{",
        "{\n",
        "if (",
        "a b ",
        " ",
        "\n",
        "\r",
        "#",
        "'",
        "'''",
        "\"\"\"",
        "<<A\n",
        "-*-",
        "vim:",
        "://",
        "a/",
        "redistribution ",
        "license ",
        "SPDX-License-Identifier: MIT ",
        "SPDX-License-Identifier:",
        "=begin\n",
        "<!--",
        "é",
        "class A {",
        "def f():\n ",
        "function(",
        "=> ",
        "fn f() {",
        ";",
        "@",
        "$(",
        "#{",
        "${",
        "<",
        "type=\"",
    ];
    let hints = [
        ".rs", ".md", ".html", ".vue", ".py", ".js", ".tsx", ".c", ".cpp", ".rb", ".php", ".sh", ".pl", ".h",
        "LICENSE", "",
    ];
    for pattern in patterns {
        let text = pattern.repeat(150_000 / pattern.len());
        for hint in hints {
            check(hint, text.as_bytes());
        }
    }
}
