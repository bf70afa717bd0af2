//! `functions`: functions with their sizes and complexity, and the eight metrics of a file.

use crate::functions::{self, Quirks};
use crate::{Analyzer, File, Outcome};

/// Finds functions.
pub(super) struct Functions;

impl Analyzer for Functions {
    fn id(&self) -> &'static str {
        "functions"
    }

    fn version(&self) -> i32 {
        1
    }

    fn analyze(&self, file: &File<'_>) -> Outcome {
        let text = match file.text() {
            Ok(text) => text,
            Err(unread) => return unread.into(),
        };
        let Some(language) = file.language() else {
            return Outcome::Skipped("the language is not known".into());
        };
        match functions::reader(language.name) {
            Some(reader) => {
                Outcome::json(&functions::analyze_within(file.steps(), reader, text, Quirks::NONE))
            }
            None => Outcome::Skipped(format!("functions are not looked for in {}", language.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn the_result_has_the_published_names() {
        let limits = Limits::default();
        let file = File::new(".rs", b"fn f(a: u8) -> bool {\n    a > 1 && a < 9\n}\n", &limits);
        let Outcome::Ok(json) = Functions.analyze(&file) else { panic!("a result is expected") };
        let value: serde_json::Value = serde_json::from_str(&json).expect("the result is JSON");
        assert_eq!(value["metrics"]["function_count"], 1);
        assert_eq!(value["metrics"]["lines_of_code"], 3);
        assert_eq!(value["metrics"]["average_cyclomatic_complexity"], 2.0);
        assert_eq!(value["functions"][0]["name"], "f");
        assert_eq!(value["functions"][0]["parameters"], 1);
    }

    #[test]
    fn what_has_no_functions_is_skipped_with_a_reason() {
        let limits = Limits::default();
        let outcome = Functions.analyze(&File::new(".css", b"a { color: red }\n", &limits));
        assert_eq!(outcome, Outcome::Skipped("functions are not looked for in CSS".into()));
    }
}
