//! `python`: Halstead's measures, counts of lines and the maintainability index of Python code.

use crate::{Analyzer, File, Outcome, python};

/// Measures Python.
pub(super) struct Python;

impl Analyzer for Python {
    fn id(&self) -> &'static str {
        "python"
    }

    fn version(&self) -> i32 {
        1
    }

    fn analyze(&self, file: &File<'_>) -> Outcome {
        let text = match file.text() {
            Ok(text) => text,
            Err(unread) => return unread.into(),
        };
        match file.language() {
            Some(language) if language.name == "Python" => {
                Outcome::json(&python::measure_within(file.steps(), text))
            }
            _ => Outcome::Skipped("not Python".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn python_is_measured_and_nothing_else() {
        let limits = Limits::default();
        let Outcome::Ok(json) = Python.analyze(&File::new(".py", b"a = b + 1\n", &limits)) else {
            panic!("a result is expected")
        };
        let value: serde_json::Value = serde_json::from_str(&json).expect("the result is JSON");
        assert_eq!(value["halstead"]["N1"], 1);
        assert_eq!(value["raw"]["sloc"], 1);
        assert_eq!(value["rank"], "A");
        assert!(matches!(Python.analyze(&File::new(".rs", b"", &limits)), Outcome::Skipped(_)));
    }
}
