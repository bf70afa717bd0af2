//! Nothing names a place that only exists on the machine where it was written.

use crate::workspace::{Complaint, File};

/// Written in pieces, so that this file does not name them either.
const PLACES: &[&str] =
    &[concat!("/wo", "rk/"), concat!("../sha", "red/"), concat!("/ro", "ot/"), concat!("/tmp/bri", "ef")];

pub(super) fn check(files: &[File]) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(place) = PLACES.iter().find(|place| line.contains(**place)) {
                complaints.push(file.complain(index + 1, format!("names {place:?}, which is nowhere else")));
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
    fn places_are_found_in_any_file() {
        let told =
            check(&[file("README.md", &format!("fine\nsee {}x\n", PLACES[0])), file("a.rs", "//! fine\n")]);
        assert_eq!(told.len(), 1);
        assert_eq!((told[0].place.as_str(), told[0].line), ("README.md", 2));
    }
}
