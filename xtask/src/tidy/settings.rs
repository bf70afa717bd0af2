//! Every setting has an effect: a key that nothing reads would be a promise that nobody keeps.

use crate::workspace::{Complaint, File};

const FOLDER: &str = "crates/runtime/src/config";

pub(super) fn check(files: &[File]) -> Vec<Complaint> {
    unread(files, &runtime::config::names())
}

fn unread(files: &[File], keys: &[String]) -> Vec<Complaint> {
    let sources: Vec<&File> = files
        .iter()
        .filter(|file| file.is_rust() && !file.is_test() && !file.path.starts_with("xtask/"))
        .filter(|file| !file.path.starts_with(FOLDER))
        .collect();
    let is_read = |key: &String| {
        let field = key.rsplit('.').next().unwrap_or_default();
        // A figure in seconds is read as a duration, by a method of the same name without the unit.
        let methods =
            field.strip_suffix("_seconds").map(|stem| [format!(".{stem}()"), format!(".{stem}_every()")]);
        sources.iter().any(|file| {
            let text = file.before_tests();
            methods.iter().flatten().any(|method| text.contains(method)) || reads(text, field)
        })
    };
    keys.iter()
        .filter(|key| !is_read(key))
        .map(|key| Complaint {
            place: FOLDER.to_owned(),
            line: 0,
            what: format!("nothing reads {key}; read it, or take it away"),
        })
        .collect()
}

/// Whether the field is read somewhere in the text.
fn reads(text: &str, field: &str) -> bool {
    let access = format!(".{field}");
    text.match_indices(&access).any(|(offset, found)| {
        let rest = text.get(offset + found.len()..).unwrap_or_default();
        !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::file;

    #[test]
    fn keys_that_nothing_reads_are_told() {
        let files = [
            file("crates/runtime/src/config/worker.rs", "self.unused"),
            file("crates/worker/src/engine.rs", "config.worker.jobs; config.worker.lease(); x.max_other"),
            file("crates/worker/tests/it/main.rs", "config.worker.unused"),
        ];
        let keys = ["worker.jobs", "worker.lease_seconds", "worker.unused", "worker.max"].map(str::to_owned);
        let told: Vec<_> = unread(&files, &keys).into_iter().map(|complaint| complaint.what).collect();
        assert_eq!(
            told,
            [
                "nothing reads worker.unused; read it, or take it away",
                "nothing reads worker.max; read it, or take it away",
            ]
        );
    }
}
