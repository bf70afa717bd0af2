//! Names say what is inside. A grab bag has no name that does, so those names are refused.

use crate::workspace::{Complaint, File};

const BAGS: &[&str] =
    &["util", "utils", "helper", "helpers", "common", "misc", "core", "shared", "lib_common"];

pub(super) fn check(files: &[File]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        if file.stem() == "mod" {
            complaints.push(file.complain(0, "mod.rs is not used here; name it after its folder, beside it"));
        }
        let without_extension = file.path.strip_suffix(".rs").unwrap_or(&file.path);
        if let Some(bag) = without_extension.split('/').find(|part| BAGS.contains(part)) {
            complaints.push(file.complain(0, format!("{bag:?} says nothing; name it after what is inside")));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::file;

    #[test]
    fn grab_bags_are_refused() {
        let files = [
            file("crates/store/src/core.rs", ""),
            file("crates/utils/src/lib.rs", ""),
            file("crates/bus/src/amqp/mod.rs", ""),
            file("crates/bus/src/amqp.rs", ""),
        ];
        let told: Vec<_> = check(&files).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "crates/store/src/core.rs: \"core\" says nothing; name it after what is inside",
                "crates/utils/src/lib.rs: \"utils\" says nothing; name it after what is inside",
                "crates/bus/src/amqp/mod.rs: mod.rs is not used here; name it after its folder, beside it",
            ]
        );
    }
}
