//! Decisions are found from where they matter: each is mentioned elsewhere, and each mention leads somewhere.

use crate::workspace::{Complaint, File};

const FOLDER: &str = "docs/decisions/";

pub(super) fn check(files: &[File]) -> Vec<Complaint> {
    let decisions = files.iter().filter(|file| {
        file.path.strip_prefix(FOLDER).is_some_and(|name| name.starts_with(|c: char| c.is_ascii_digit()))
    });
    let decisions: Vec<&File> = decisions.collect();
    let name = |file: &File| file.path.strip_prefix(FOLDER).unwrap_or_default().to_owned();
    let mut complaints = Vec::new();
    for decision in &decisions {
        let (name, number) = (name(decision), number(decision));
        let elsewhere = |file: &&File| file.path != decision.path && file.text.contains(&name);
        if !files.iter().any(|file| elsewhere(&file)) {
            complaints.push(decision.complain(0, "is mentioned nowhere; name it where it matters"));
        }
        if decisions.iter().any(|other| other.path < decision.path && self::number(other) == number) {
            complaints.push(decision.complain(0, "has the number of another decision"));
        }
    }
    for file in files {
        for (offset, _) in file.before_tests().match_indices(FOLDER) {
            let rest = file.text.get(offset + FOLDER.len()..).unwrap_or_default();
            let end = rest
                .find(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.'))
                .unwrap_or(rest.len());
            let mentioned = rest.get(..end).unwrap_or_default().trim_end_matches('.');
            let is_name = mentioned.starts_with(|c: char| c.is_ascii_digit()) && mentioned.ends_with(".md");
            if is_name && !decisions.iter().any(|decision| name(decision) == mentioned) {
                complaints
                    .push(file.complain(file.line_of(offset), format!("{FOLDER}{mentioned} does not exist")));
            }
        }
    }
    complaints
}

fn number(decision: &File) -> &str {
    decision.stem().split('-').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::file;

    #[test]
    fn decisions_and_their_mentions_meet() {
        let ghost = format!("//! See {FOLDER}0009-ghost.md.\n");
        let files = [
            file("crates/a/src/lib.rs", &ghost),
            file("docs/ARCHITECTURE.md", "see [one](decisions/0001-one.md)"),
            file("docs/decisions/0001-one.md", "# One"),
            file("docs/decisions/0002-two.md", "# Two"),
            file("docs/decisions/0002-zwei.md", "# Two, after 0002-two.md"),
        ];
        let told: Vec<_> = check(&files).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "docs/decisions/0002-zwei.md: is mentioned nowhere; name it where it matters".to_owned(),
                "docs/decisions/0002-zwei.md: has the number of another decision".to_owned(),
                format!("crates/a/src/lib.rs:1: {FOLDER}0009-ghost.md does not exist"),
            ]
        );
    }
}
