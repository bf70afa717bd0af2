//! Every Rust file says in its first lines what it is for.

use crate::workspace::{Complaint, File};

pub(super) fn check(files: &[File]) -> Vec<Complaint> {
    let undocumented = |file: &&File| {
        let first = file.text.lines().find(|line| !line.trim().is_empty());
        !first.is_some_and(|line| line.starts_with("//! ") || line.starts_with("#![doc = include_str!"))
    };
    let rust = files.iter().filter(|file| file.is_rust());
    rust.filter(undocumented)
        .map(|file| file.complain(1, "starts without a line of //! that says what the file is for"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::file;

    #[test]
    fn the_first_line_counts() {
        let files = [
            file("a.rs", "//! What it is.\n"),
            file("b.rs", "\nuse x;\n//! Late.\n"),
            file("c.rs", ""),
            file("d.rs", "#![doc = include_str!(\"../README.md\")]\n"),
            file("e.md", "none"),
        ];
        let places: Vec<_> = check(&files).into_iter().map(|complaint| complaint.place).collect();
        assert_eq!(places, ["b.rs", "c.rs"]);
    }
}
