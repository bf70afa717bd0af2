//! Runs the analyzers over one content.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::steps::OutOfSteps;
use crate::{ANALYZERS, Analyzer, File, Limits, Outcome, Report};

/// Runs every analyzer over one content; one report each, in the order of [`ANALYZERS`].
///
/// `hint` is what [`hint`](crate::hint()) made of the content's path; any string is accepted. An
/// analyzer that panics or takes more steps than [`Limits::steps_per_byte`] allows is reported as failed,
/// and the others still run.
pub fn analyze(hint: &str, bytes: &[u8], limits: &Limits) -> Vec<Report> {
    run(ANALYZERS, &File::new(hint, bytes, limits))
}

/// Like [`analyze`], for the analyzers with these ids only. An unknown id has no report.
pub fn analyze_missing(hint: &str, bytes: &[u8], limits: &Limits, missing: &[&str]) -> Vec<Report> {
    let wanted: Vec<&dyn Analyzer> =
        ANALYZERS.iter().copied().filter(|analyzer| missing.contains(&analyzer.id())).collect();
    run(&wanted, &File::new(hint, bytes, limits))
}

/// Every analyzer's id and version, in the order of [`ANALYZERS`].
pub fn versions() -> Vec<(&'static str, i32)> {
    ANALYZERS.iter().map(|analyzer| (analyzer.id(), analyzer.version())).collect()
}

/// All ids and versions in one word, sorted: two results with the same fingerprint are comparable.
pub fn fingerprint() -> String {
    let mut parts: Vec<String> = versions().iter().map(|(id, version)| format!("{id}@{version}")).collect();
    parts.sort_unstable();
    parts.join(" ")
}

fn run(analyzers: &[&dyn Analyzer], file: &File<'_>) -> Vec<Report> {
    analyzers
        .iter()
        .map(|analyzer| {
            file.steps().refill();
            Report {
                analyzer: analyzer.id(),
                version: analyzer.version(),
                // What a file caches is written in one step each, so a panic leaves nothing half done.
                outcome: catch_unwind(AssertUnwindSafe(|| analyzer.analyze(file)))
                    .unwrap_or_else(|thrown| Outcome::Failed(describe(thrown.as_ref()))),
            }
        })
        .collect()
}

fn describe(thrown: &(dyn Any + Send)) -> String {
    if let Some(OutOfSteps(limit)) = thrown.downcast_ref() {
        return format!("given up after {limit} steps, far more than a content of this size takes");
    }
    let message = thrown
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| thrown.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    format!("the analyzer stopped on this content: {message}")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Panics;

    impl Analyzer for Panics {
        fn id(&self) -> &'static str {
            "panics"
        }
        fn version(&self) -> i32 {
            7
        }
        fn analyze(&self, _: &File<'_>) -> Outcome {
            panic!("over the edge")
        }
    }

    #[test]
    fn a_panic_is_that_analyzers_failure() {
        let limits = Limits::default();
        let reports = run(&[&Panics, ANALYZERS[0]], &File::new(".rs", b"fn main() {}", &limits));
        assert_eq!(reports[0].version, 7);
        assert_eq!(
            reports[0].outcome,
            Outcome::Failed("the analyzer stopped on this content: over the edge".into())
        );
        assert!(matches!(reports[1].outcome, Outcome::Ok(_)));
    }

    struct Circles;

    impl Analyzer for Circles {
        fn id(&self) -> &'static str {
            "circles"
        }
        fn version(&self) -> i32 {
            1
        }
        fn analyze(&self, file: &File<'_>) -> Outcome {
            loop {
                file.steps().spend();
            }
        }
    }

    #[test]
    fn an_analyzer_that_never_ends_is_given_up_and_the_others_run_with_all_their_steps() {
        let limits = Limits { steps_per_byte: 3, ..Limits::default() };
        let file = File::new(".rs", b"fn main() {}", &limits);
        let reports = run(&[&Circles, ANALYZERS[2], &Circles], &file);
        let given_up =
            Outcome::Failed("given up after 65572 steps, far more than a content of this size takes".into());
        assert_eq!(reports[0].outcome, given_up);
        assert!(matches!(&reports[1].outcome, Outcome::Ok(json) if json.contains("\"main\"")));
        assert_eq!(reports[2].outcome, given_up);
    }

    /// Each analyzer that follows a text spends steps on it: with none to spend it is given up.
    #[test]
    fn every_analyzer_that_follows_the_text_can_be_stopped() {
        let limits = Limits { steps_per_byte: 0, ..Limits::default() };
        let text = "a = f\"{b}\"\n".repeat(20_000);
        let given_up: Vec<&str> = run(ANALYZERS, &File::new(".py", text.as_bytes(), &limits))
            .into_iter()
            .filter(
                |report| matches!(&report.outcome, Outcome::Failed(reason) if reason.contains("given up")),
            )
            .map(|report| report.analyzer)
            .collect();
        assert_eq!(given_up, ["lines", "functions", "python"]);
    }

    #[test]
    fn only_what_is_missing_runs() {
        let reports = analyze_missing(".rs", b"", &Limits::default(), &["lines", "no such"]);
        assert_eq!(reports.iter().map(|report| report.analyzer).collect::<Vec<_>>(), ["lines"]);
    }

    #[test]
    fn ids_are_unique_and_in_the_fingerprint() {
        let mut ids: Vec<&str> = versions().iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), ANALYZERS.len());
        assert!(fingerprint().starts_with("digests@"));
    }
}
