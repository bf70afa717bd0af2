//! The files that a person means: those that they name, and those in the directories that they name.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
};

use contracts::{ErrorKind, Failure};

/// What is to be checked.
#[derive(Debug)]
pub(super) struct Target {
    /// As it is shown to people.
    pub(super) name: String,
    pub(super) place: Place,
}

/// Where its bytes are.
#[derive(Debug)]
pub(super) enum Place {
    File(PathBuf),
    Web,
    /// In a bucket.
    Object,
    /// A part of a directory that cannot be looked into: told like a file that cannot be read.
    Unreadable(Failure),
}

/// Every file, those of a directory by name. Links in directories are not followed, and what git keeps for
/// itself is left out. What cannot be looked into is told in its place, and stops nothing.
pub(super) fn all(named: &[OsString]) -> Vec<Target> {
    let mut found = Vec::new();
    for name in named {
        match scheme(name) {
            Some(place) => found.push(Target { name: shown(name), place }),
            None if Path::new(name).is_dir() => walk(Path::new(name), &mut found),
            // What is not there is told like everything else that is wrong.
            None => found.push(file(PathBuf::from(name))),
        }
    }
    found
}

/// The buckets that are named, each as `s3://BUCKET`.
pub(super) fn buckets(targets: &[Target]) -> Vec<String> {
    let objects = targets.iter().filter(|target| matches!(target.place, Place::Object));
    let buckets = objects.filter_map(|target| {
        let (scheme, rest) = target.name.split_once("://")?;
        Some(format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()))
    });
    buckets.collect::<BTreeSet<_>>().into_iter().collect()
}

fn scheme(name: &OsStr) -> Option<Place> {
    match name.to_str()?.split_once("://")?.0 {
        "http" | "https" => Some(Place::Web),
        "s3" | "gs" | "az" => Some(Place::Object),
        _ => None,
    }
}

fn file(path: PathBuf) -> Target {
    Target { name: shown(path.as_os_str()), place: Place::File(path) }
}

/// A name as text; bytes of it that are no UTF-8 stand there by their numbers.
fn shown(name: &OsStr) -> String {
    let mut text = String::with_capacity(name.len());
    for part in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(part.valid());
        for byte in part.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

fn walk(directory: &Path, found: &mut Vec<Target>) {
    let unreadable = |path: &Path, error: &io::Error| Target {
        name: shown(path.as_os_str()),
        place: Place::Unreadable(Failure::new(
            ErrorKind::NotFound,
            format!("{}: {error}", shown(path.as_os_str())),
        )),
    };
    let list = match fs::read_dir(directory) {
        Ok(list) => list,
        Err(error) => return found.push(unreadable(directory, &error)),
    };
    let mut entries = Vec::new();
    for entry in list {
        match entry {
            Ok(entry) => entries.push(entry),
            Err(error) => found.push(unreadable(directory, &error)),
        }
    }
    entries.sort_unstable_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && entry.file_name() != ".git" => walk(&path, found),
            Ok(kind) if kind.is_file() => found.push(file(path)),
            Ok(_) => {}
            Err(error) => found.push(unreadable(&path, &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn every_file_is_found_whatever_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &[u8]| folder.path().join(OsStr::from_bytes(name));
        fs::create_dir_all(at(b"more/\xfe")).unwrap();
        fs::create_dir_all(at(b".git")).unwrap();
        for name in [&b"\xff.jpg"[..], b"a.jpg", b"more/\xfe/b", b".git/c", b".hidden"] {
            fs::write(at(name), "x").unwrap();
        }
        std::os::unix::fs::symlink(folder.path(), at(b"round")).unwrap();
        let found = all(&[folder.path().into(), at(b"gone\xff").into(), "https://example.org/a".into()]);
        let start = format!("{}/", folder.path().display());
        let names: Vec<&str> =
            found.iter().map(|one| one.name.strip_prefix(&start).unwrap_or(&one.name)).collect();
        assert_eq!(
            names,
            [".hidden", "a.jpg", r"more/\xfe/b", r"\xff.jpg", r"gone\xff", "https://example.org/a"]
        );
        assert!(matches!(found[5].place, Place::Web));
    }

    #[test]
    fn a_directory_that_cannot_be_listed_is_told() {
        let mut found = Vec::new();
        walk(Path::new("/nowhere/at/all"), &mut found);
        assert_eq!(found.len(), 1);
        assert!(matches!(&found[0].place, Place::Unreadable(failure) if failure.reason.contains("/nowhere")));
    }

    #[test]
    fn buckets_are_named_once() {
        let found = all(&["s3://b/x/y".into(), "s3://b/z".into(), "gs://c/z".into(), "x://d/z".into()]);
        assert_eq!(buckets(&found), ["gs://c", "s3://b"]);
        assert!(matches!(found[3].place, Place::File(_)));
    }
}
