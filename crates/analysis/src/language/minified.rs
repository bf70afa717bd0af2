//! Whether the content was made small for machines.

use super::Language;

/// Longer lines than these, on average, nobody writes; in bytes.
const AVERAGE: usize = 110;

/// Whether a script or style sheet has lines far longer than a person writes.
pub(crate) fn is_minified(language: Option<&Language>, body: &[u8]) -> bool {
    if !language.is_some_and(|language| matches!(language.name, "JavaScript" | "CSS" | "TypeScript" | "TSX"))
    {
        return false;
    }
    let lines = memchr::memchr_iter(b'\n', body).count() + 1;
    body.len() / lines > AVERAGE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::by_name;

    #[test]
    fn long_lines_of_scripts_only() {
        let long = "a".repeat(200);
        assert!(is_minified(by_name("JavaScript"), long.as_bytes()));
        assert!(!is_minified(by_name("JavaScript"), b"a();\nb();\n"));
        assert!(!is_minified(by_name("Rust"), long.as_bytes()));
        assert!(!is_minified(None, long.as_bytes()));
        assert!(!is_minified(by_name("CSS"), b""));
    }
}
