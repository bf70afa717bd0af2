//! Metrics are documented: every name that a crate writes is in the list, and every name of the list is used.

use runtime::metrics::METRICS;

use crate::workspace::{Complaint, File};

const LIST: &str = "crates/runtime/src/metrics/names.rs";
const PREFIX: &str = "\"stocktake_";

pub(super) fn check(files: &[File]) -> Vec<Complaint> {
    let list = files.iter().find(|file| file.path == LIST).map_or("", |file| file.text.as_str());
    let documented: Vec<(&str, Option<&str>)> =
        METRICS.iter().map(|doc| (doc.name, constant(list, doc.name))).collect();
    compare(files, &documented)
}

/// `documented` are names and the constants that stand for them.
fn compare(files: &[File], documented: &[(&str, Option<&str>)]) -> Vec<Complaint> {
    let sources = || {
        let rust = files.iter().filter(|file| file.is_rust() && !file.is_test());
        rust.filter(|file| file.path != LIST && !file.path.starts_with("xtask/"))
    };
    let mut complaints = Vec::new();
    for file in sources() {
        let text = file.before_tests();
        for (offset, _) in text.match_indices(PREFIX) {
            let name = text.get(offset + 1..).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            let is_name =
                name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if is_name && !documented.iter().any(|(known, _)| *known == name) {
                complaints
                    .push(file.complain(file.line_of(offset), format!("metric {name} is not in {LIST}")));
            }
        }
    }
    for (name, constant) in documented {
        let literal = format!("\"{name}\"");
        let used = |file: &File| {
            let text = file.before_tests();
            let by_constant = |constant: &str| {
                let path = format!("names::{constant}");
                text.contains(&path) || (text.contains("metrics::names") && has_word(text, constant))
            };
            text.contains(&literal) || constant.is_some_and(by_constant)
        };
        if !sources().any(used) {
            let what = format!("metric {name} is recorded nowhere; record it, or take it off the list");
            complaints.push(Complaint { place: LIST.to_owned(), line: 0, what });
        }
    }
    complaints
}

/// Whether the text has this name as a whole.
fn has_word(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
}

/// The constant that is declared with this name.
fn constant<'a>(list: &'a str, name: &str) -> Option<&'a str> {
    let literal = format!("= \"{name}\"");
    let line = list.lines().find(|line| line.contains(&literal))?;
    line.split('=').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::file;

    #[test]
    fn names_and_uses_meet() {
        let files = [
            file(
                "crates/bus/src/telemetry.rs",
                "const A: &str = \"stocktake_a_total\";\n\"stocktake_b_total\"",
            ),
            file("crates/worker/src/queue.rs", "use runtime::metrics::names;\ngauge!(names::C).set(1)"),
            file("crates/git/src/lib.rs", "\"stocktake_scratch-\""),
        ];
        let documented =
            [("stocktake_a_total", Some("A")), ("stocktake_c", Some("C")), ("stocktake_d", Some("D"))];
        let told: Vec<_> = compare(&files, &documented).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                format!("crates/bus/src/telemetry.rs:2: metric stocktake_b_total is not in {LIST}"),
                format!("{LIST}: metric stocktake_d is recorded nowhere; record it, or take it off the list"),
            ]
        );
        assert_eq!(constant("    X = \"stocktake_x\", Gauge,", "stocktake_x"), Some("X"));
    }
}
