//! Measures of Python code with radon's meaning of the words: Halstead's measures, raw counts of lines,
//! and the maintainability index. Python 2 is read as well.
//!
//! Expressions are read by precedence with explicit stacks; no tree is built.

mod expression;
#[expect(clippy::collapsible_match, reason = "an arm takes its byte; a guard would hand it to the next arm")]
mod formatted;
mod halstead;
mod program;
mod raw;
mod token;
mod value;

use serde::Serialize;

use crate::steps::Steps;
pub use halstead::Halstead;
pub use raw::RawCounts;

/// What is said of a Python file.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PythonMeasures {
    /// Halstead's measures.
    pub halstead: Halstead,
    /// Counts of lines.
    pub raw: RawCounts,
    /// Cyclomatic complexity of the whole file, functions in functions not counted.
    pub complexity: i64,
    /// Maintainability index: 100 is best, 0 is worst.
    pub maintainability_index: f64,
    /// `A` above 19, `B` above 9, else `C`.
    pub rank: char,
}

/// Measures a text. Any text is fine; one that is not valid Python gets what can be made of it.
pub fn measure(text: &str) -> PythonMeasures {
    measure_within(&Steps::unbounded(), text)
}

/// The same within so many steps.
pub(crate) fn measure_within(steps: &Steps, text: &str) -> PythonMeasures {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let tokens = token::tokens(steps, text);
    let raw = raw::count(text, &tokens);
    let found = program::read(steps, text, &tokens);
    let halstead = found.operators.measures();
    let index = maintainability_index(halstead.volume, found.complexity, &raw);
    let rank = match index {
        index if index > 19.0 => 'A',
        index if index > 9.0 => 'B',
        _ => 'C',
    };
    PythonMeasures { halstead, raw, complexity: found.complexity, maintainability_index: index, rank }
}

/// The index, with the strings over several lines counted as comments.
fn maintainability_index(volume: f64, complexity: i64, raw: &RawCounts) -> f64 {
    if volume <= 0.0 || raw.lloc == 0 {
        return 100.0;
    }
    let commented = (raw.comments + raw.multi) as f64;
    let percent = if raw.sloc == 0 { 0.0 } else { commented / raw.sloc as f64 * 100.0 };
    let comments = (2.46 * percent.to_radians()).sqrt().sin();
    let index = 171.0 - 5.2 * volume.ln() - 0.23 * complexity as f64 - 16.2 * (raw.lloc as f64).ln()
        + 50.0 * comments;
    (index * 100.0 / 171.0).clamp(0.0, 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_function_is_measured() {
        let measures = measure("def f(a, b):\n    if a and b:\n        return a + b * 2\n    return -a\n");
        assert_eq!((measures.halstead.h1, measures.halstead.h2), (4, 4));
        assert_eq!((measures.halstead.n1, measures.halstead.n2), (4, 7));
        assert_eq!(measures.complexity, 3);
        assert_eq!((measures.raw.loc, measures.raw.lloc, measures.raw.sloc), (4, 4, 4));
        assert_eq!(measures.rank, 'A');
    }

    #[test]
    fn python_2_is_measured() {
        let measures = measure("try:\n    print >>f, 'a' % b\nexcept E, e:\n    raise X, 'no'\n");
        assert!(measures.halstead.n1 >= 1);
        assert_eq!(measures.raw.lloc, 4);
    }

    #[test]
    fn nothing_is_fully_maintainable() {
        assert_eq!(measure("").maintainability_index, 100.0);
    }
}
