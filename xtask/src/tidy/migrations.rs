//! Migrations come in pairs: the same names for both databases, each with a way back.

use std::collections::BTreeSet;

use crate::workspace::{Complaint, File};

const DATABASES: &[&str] = &["postgres", "sqlite"];

pub(super) fn check(files: &[File]) -> Vec<Complaint> {
    let names: BTreeSet<&str> =
        files.iter().filter_map(|file| file.path.strip_prefix("migrations/")?.split('/').nth(1)).collect();
    let mut complaints = Vec::new();
    for name in names {
        for database in DATABASES {
            for part in ["up.sql", "down.sql"] {
                let path = format!("migrations/{database}/{name}/{part}");
                let found = files.iter().find(|file| file.path == path);
                if found.is_none_or(|file| file.text.trim().is_empty()) {
                    complaints.push(Complaint {
                        place: path,
                        line: 0,
                        what: "is missing or empty".to_owned(),
                    });
                }
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::file;

    #[test]
    fn each_has_its_other_and_its_way_back() {
        let files = [
            file("migrations/postgres/1_a/up.sql", "create"),
            file("migrations/postgres/1_a/down.sql", "drop"),
            file("migrations/sqlite/1_a/up.sql", "create"),
            file("migrations/sqlite/1_a/down.sql", " \n"),
            file("migrations/sqlite/2_b/up.sql", "create"),
            file("migrations/sqlite/2_b/down.sql", "drop"),
        ];
        let places: Vec<_> = check(&files).into_iter().map(|complaint| complaint.place).collect();
        assert_eq!(
            places,
            [
                "migrations/sqlite/1_a/down.sql",
                "migrations/postgres/2_b/up.sql",
                "migrations/postgres/2_b/down.sql"
            ]
        );
    }
}
