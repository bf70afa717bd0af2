//! Every fault point is passed somewhere: a test that stops at one that is not would prove nothing.

use runtime::faults::POINTS;

use crate::workspace::{Complaint, File};

const LIST: &str = "crates/runtime/src/faults/points.rs";

pub(super) fn check(files: &[File]) -> Vec<Complaint> {
    unused(files, POINTS)
}

fn unused(files: &[File], points: &[&str]) -> Vec<Complaint> {
    let sources: Vec<&File> = files
        .iter()
        .filter(|file| file.is_rust() && !file.is_test())
        .filter(|file| !file.path.starts_with("crates/runtime/") && !file.path.starts_with("xtask/"))
        .collect();
    let passed = |point: &str| {
        let literal = format!("\"{point}\"");
        sources.iter().any(|file| file.before_tests().contains(&literal))
    };
    let complain = |point: &&str| Complaint {
        place: LIST.to_owned(),
        line: 0,
        what: format!("{point:?} is passed nowhere; pass it, or take it off the list"),
    };
    points.iter().filter(|point| !passed(point)).map(complain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::file;

    #[test]
    fn points_that_nobody_passes_are_told() {
        let files = [
            file("crates/worker/src/commit.rs", "faults.at(\"worker.after_commit\")?;"),
            file("crates/worker/tests/it/faults.rs", "\"worker.after_ack\""),
        ];
        let told = unused(&files, &["worker.after_commit", "worker.after_ack"]);
        assert_eq!(told.len(), 1);
        assert!(told[0].what.starts_with("\"worker.after_ack\" is passed nowhere"), "{}", told[0]);
    }
}
