//! The few things that people ask of a content, taken from what the analyzers said at length.

use serde::Deserialize;

/// What is known of one content under one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The language, by linguist's name.
    pub language: Option<String>,
    /// Whether it is no text.
    pub binary: bool,
    /// Whether a program wrote it, by its content.
    pub generated: bool,
    /// Whether it is minified.
    pub minified: bool,
    /// Lines of any kind.
    pub lines: Option<u64>,
    /// Lines of code.
    pub code: Option<u64>,
    /// The cyclomatic complexity of its most complex function.
    pub complexity: Option<u64>,
    /// SPDX ids of the licences that it is, contains or names, sorted.
    pub licences: Vec<String>,
    /// Analyzers that failed on it, each with its reason.
    pub failures: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Language {
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    generated: bool,
    #[serde(default)]
    minified: bool,
}

#[derive(Deserialize)]
struct Lines {
    total: u64,
    code: u64,
}

#[derive(Deserialize)]
struct Functions {
    totals: Totals,
}

#[derive(Deserialize)]
struct Totals {
    functions: u64,
    max_complexity: i64,
}

#[derive(Deserialize)]
struct Licences {
    licences: Vec<Licence>,
}

#[derive(Deserialize)]
struct Licence {
    id: String,
}

impl Facts {
    /// The analyzers whose results hold facts; others need not be read.
    pub const ANALYZERS: &[&str] = &["language", "lines", "functions", "licence"];

    /// Takes what there is to take from an analyzer's result. What is not understood, for instance of a later
    /// version, is passed over.
    pub fn take(&mut self, analyzer: &str, result: &str) {
        match analyzer {
            "language" => {
                if let Ok(found) = serde_json::from_str::<Language>(result) {
                    self.language = found.language;
                    self.binary = found.kind == "binary";
                    self.generated = found.generated;
                    self.minified = found.minified;
                }
            }
            "lines" => {
                if let Ok(found) = serde_json::from_str::<Lines>(result) {
                    (self.lines, self.code) = (Some(found.total), Some(found.code));
                }
            }
            "functions" => {
                if let Ok(Functions { totals }) = serde_json::from_str::<Functions>(result) {
                    self.complexity = (totals.functions > 0)
                        .then(|| u64::try_from(totals.max_complexity).unwrap_or_default());
                }
            }
            "licence" => {
                if let Ok(found) = serde_json::from_str::<Licences>(result) {
                    self.licences = found.licences.into_iter().map(|licence| licence.id).collect();
                    self.licences.sort_unstable();
                    self.licences.dedup();
                }
            }
            _ => {}
        }
    }

    /// Notes that an analyzer failed.
    pub fn fail(&mut self, analyzer: &str, reason: &str) {
        self.failures.push((analyzer.to_owned(), reason.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_taken_from_the_analyzers_results() {
        let mut facts = Facts::default();
        facts.take("language", r#"{"language":"Rust","type":"programming","kind":"text","generated":true}"#);
        facts.take("lines", r#"{"total":9,"code":5,"comments":1,"blanks":3}"#);
        facts.take(
            "functions",
            r#"{"functions":[{"name":"f"}],"totals":{"functions":1,"complexity":4,"max_complexity":4}}"#,
        );
        facts.take("licence", r#"{"licences":[{"id":"MIT"},{"id":"Apache-2.0"},{"id":"MIT"}]}"#);
        facts.take("digests", "{}");
        facts.take("lines", "no JSON");
        assert_eq!(facts.language.as_deref(), Some("Rust"));
        assert!(facts.generated && !facts.binary);
        assert_eq!((facts.lines, facts.code, facts.complexity), (Some(9), Some(5), Some(4)));
        assert_eq!(facts.licences, ["Apache-2.0", "MIT"]);
    }
}
