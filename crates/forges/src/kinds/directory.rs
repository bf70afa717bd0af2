//! `directory`: the git repositories in a directory of this machine, bare ones and work trees.

use std::{
    fs,
    path::{Path, PathBuf},
};

use contracts::{ErrorKind, Failure};
use serde_json::Value;

use super::{Kind, unexpected};
use crate::{
    Record,
    exchange::{Answer, Page, Refused, Step, With},
    params::{Accepts, Parameter, Params, invalid},
};

/// How deep is looked unless the source says otherwise.
const DEPTH: i64 = 3;

pub(super) struct Directory;

impl Kind for Directory {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn about(&self) -> &'static str {
        "The git repositories in a directory of the machine that the indexer runs on, bare ones and work trees."
    }

    fn parameters(&self) -> &'static [Parameter] {
        const ALL: &[Parameter] = &[
            Parameter::required("path", Accepts::Text, "the directory, an absolute path"),
            Parameter::optional(
                "depth",
                Accepts::Number(0, 64),
                "how many levels below it are looked at, 3 if not said; a repository is not looked into",
            ),
        ];
        ALL
    }

    fn check(&self, params: &Value) -> Result<(), Failure> {
        let path = Params(params).text("path").unwrap_or_default();
        if Path::new(path).is_absolute() {
            return Ok(());
        }
        Err(invalid(format!("path is {path:?}; it has to be an absolute path")))
    }

    fn forge(&self, _params: &Value) -> Option<String> {
        None
    }

    fn visits_at_once(&self) -> bool {
        true
    }

    fn is_complete(&self, _params: &Value) -> bool {
        true
    }

    fn step(&self, params: &Value, _: Option<&Value>, _: With) -> Result<Step, Failure> {
        let params = Params(params);
        let root = PathBuf::from(params.text("path").unwrap_or_default());
        let most = params.number("depth").unwrap_or(DEPTH);
        let mut page = Page::default();
        let mut open = vec![(root, 0)];
        while let Some((directory, depth)) = open.pop() {
            if is_repository(&directory) {
                match directory.to_str() {
                    Some(path) => page.found.push(Record::bare(path)),
                    None => page.refused.push(Refused::new(
                        directory.display().to_string(),
                        "the path is no UTF-8 and cannot be a URL",
                    )),
                }
                continue;
            }
            match directories_in(&directory) {
                Ok(children) if depth < most => {
                    open.extend(children.into_iter().map(|child| (child, depth + 1)));
                }
                Ok(_) => {}
                Err(error) if depth == 0 => {
                    let text = format!("directory {} cannot be read: {error}", directory.display());
                    return Err(Failure::new(ErrorKind::NotFound, text));
                }
                Err(error) => page.refused.push(Refused::new(directory.display().to_string(), error)),
            }
        }
        page.found.sort_by(|one, other| one.url.cmp(&other.url));
        Ok(Step::Page(page))
    }

    fn read(&self, _: &Value, _: Option<&Value>, answer: &Answer, _: With) -> Result<Page, Failure> {
        Err(unexpected(answer))
    }
}

fn is_repository(directory: &Path) -> bool {
    let bare = |path: &Path| path.join("HEAD").is_file() && path.join("objects").is_dir();
    directory.join(".git").exists() || bare(directory)
}

/// Links are not followed: they may lead out, or round in a circle.
fn directories_in(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn repositories_are_found_and_not_looked_into() {
        let root = tempfile::tempdir().unwrap();
        for path in ["a/.git", "b/c/.git", "a/inner/.git", "bare.git/objects", "x/y/z/too/deep/.git"] {
            fs::create_dir_all(root.path().join(path)).unwrap();
        }
        fs::write(root.path().join("bare.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        let step = Directory.step(&json!({ "path": root.path() }), None, With::default()).unwrap();
        let Step::Page(page) = step else { panic!("{step:?}") };
        let names: Vec<&str> = page.found.iter().map(|found| found.url.rsplit('/').next().unwrap()).collect();
        assert_eq!(names, ["a", "c", "bare.git"]);
    }

    #[test]
    fn a_missing_directory_is_told() {
        let failure =
            Directory.step(&json!({ "path": "/no/such/place" }), None, With::default()).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::NotFound);
        let failure = crate::check("directory", &json!({ "path": "here" })).unwrap_err();
        assert!(failure.reason.contains("absolute"), "{failure}");
    }
}
