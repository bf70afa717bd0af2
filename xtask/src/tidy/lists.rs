//! No file lies beside the program: each is declared as a module, and each plug-in is in its list.

use std::collections::BTreeMap;

use crate::workspace::{Complaint, File};

/// The folders of plug-ins: one file each, and one entry in the list beside the folder.
const PLUG_INS: &[&str] = &[
    "crates/forges/src/kinds",
    "crates/analysis/src/analyzers",
    "crates/analysis/src/validators",
    "crates/checks/src/checks",
    "services/auditor/src/upstream_checks",
    "services/courier/src/targets",
];

pub(super) fn check(files: &[File]) -> Vec<Complaint> {
    let by_path: BTreeMap<&str, &File> = files.iter().map(|file| (file.path.as_str(), file)).collect();
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let Some((folder, _)) = file.path.rsplit_once('/') else { continue };
        if is_root(file) {
            continue;
        }
        let Some(parents) = parents(folder) else { continue };
        let parents: Vec<&File> =
            parents.iter().filter_map(|path| by_path.get(path.as_str()).copied()).collect();
        let stem = file.stem();
        if !parents.iter().any(|parent| declares(&parent.text, stem)) {
            complaints.push(file.complain(0, format!("is compiled nowhere; {folder} has no `mod {stem}`")));
        } else if PLUG_INS.contains(&folder)
            && !parents.iter().any(|parent| parent.text.contains(&format!("{stem}::")))
        {
            complaints.push(file.complain(0, format!("is in no list; add it to the one in {folder}.rs")));
        }
    }
    complaints
}

/// The file that cargo starts at.
fn is_root(file: &File) -> bool {
    let name = file.path.rsplit('/').next().unwrap_or_default();
    matches!(name, "lib.rs" | "main.rs" | "build.rs")
        || file.path.contains("/src/bin/")
        || file.path.contains("/examples/")
        || file.path.contains("/benches/")
}

/// The files that may declare the modules of a folder.
fn parents(folder: &str) -> Option<Vec<String>> {
    let is_top = folder.ends_with("/src") || folder == "src" || folder.ends_with("/tests/it");
    let tops = ["lib.rs", "main.rs"].map(|name| format!("{folder}/{name}"));
    match () {
        () if is_top => Some(tops.into()),
        () if folder.contains("/src/") || folder.contains("/tests/it/") => Some(vec![format!("{folder}.rs")]),
        () => None,
    }
}

fn declares(text: &str, module: &str) -> bool {
    let declaration = format!("mod {module};");
    text.lines().any(|line| {
        let line = line.trim_start();
        line.strip_suffix(&declaration).is_some_and(|before| before.is_empty() || before.starts_with("pub"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::file;

    #[test]
    fn files_are_declared_and_plug_ins_are_listed() {
        let files = [
            file("crates/analysis/src/lib.rs", "mod analyzers;\npub(crate) mod file;\n// mod ghost;\n"),
            file("crates/analysis/src/file.rs", ""),
            file("crates/analysis/src/ghost.rs", ""),
            file(
                "crates/analysis/src/analyzers.rs",
                "mod lines;\nmod digests;\nstatic A: X = &[&lines::Lines];",
            ),
            file("crates/analysis/src/analyzers/lines.rs", ""),
            file("crates/analysis/src/analyzers/digests.rs", ""),
            file("crates/analysis/tests/it/main.rs", "mod laws;"),
            file("crates/analysis/tests/it/laws.rs", ""),
            file("crates/analysis/build.rs", ""),
        ];
        let told: Vec<_> = check(&files).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "crates/analysis/src/ghost.rs: is compiled nowhere; crates/analysis/src has no `mod ghost`",
                "crates/analysis/src/analyzers/digests.rs: is in no list; \
                 add it to the one in crates/analysis/src/analyzers.rs",
            ]
        );
    }
}
