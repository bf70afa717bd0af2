//! `paths`: unpacking it writes nowhere but below where it is unpacked.

use super::Validator;
use crate::validation::{Found, Kind, Params, Subject};

/// How many are told.
const TOLD: usize = 20;

pub(super) struct Paths;

impl Validator for Paths {
    fn id(&self) -> &'static str {
        "paths"
    }

    fn meaning(&self) -> &'static str {
        "No path in it, and no link, leads out of where it is unpacked."
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Archive]
    }

    fn validate(&self, subject: &Subject<'_>, _: &Params) -> Vec<Found> {
        subject
            .entries()
            .iter()
            .filter_map(|entry| {
                let wrong = escapes(&entry.path, 0)
                    || entry.link.as_deref().is_some_and(|target| escapes(target, depth(&entry.path)));
                let text = || format!("{:?} in the archive leads out of it.", entry.path);
                wrong.then(|| Found { key: "paths", text: text() })
            })
            .take(TOLD)
            .collect()
    }
}

/// How many folders a path lies in.
fn depth(path: &str) -> usize {
    path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").count().saturating_sub(1)
}

/// Whether a path, read from `depth` folders below the top, leads out.
fn escapes(path: &str, depth: usize) -> bool {
    let is_absolute = path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':');
    if is_absolute || path.contains('\0') || path.is_empty() {
        return true;
    }
    let mut depth = depth;
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_out_is_seen_however_it_is_written() {
        for path in ["../x", "a/../../x", "/etc/passwd", "\\x", "C:\\x", "a\\..\\..\\x", "x\0y", "", ".."] {
            assert!(escapes(path, 0), "{path:?}");
        }
        for path in ["x", "a/b", "a/../b", "./a", "a..b/..c"] {
            assert!(!escapes(path, 0), "{path:?}");
        }
        assert!(!escapes("../b", depth("a/link")) && escapes("../../b", depth("a/link")));
    }
}
