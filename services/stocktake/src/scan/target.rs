//! What a person named, as the URL of a repository or as the reason why it is none.

use std::path::Path;

use git::Location;

/// One target, as it was named.
pub(crate) struct Target {
    /// As the person named it.
    pub(crate) named: String,
    /// Its URL, or why there is none.
    pub(crate) url: Result<String, String>,
    /// Whether it is a work tree, whose uncommitted files a scan does not see.
    pub(crate) has_worktree: bool,
}

/// Every target; the same one named twice is one.
pub(crate) fn resolve(named: &[String]) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for name in named {
        let target = resolve_one(name);
        let known =
            |known: &Target| known.named == target.named || (target.url.is_ok() && known.url == target.url);
        if !targets.iter().any(known) {
            targets.push(target);
        }
    }
    targets
}

fn resolve_one(named: &str) -> Target {
    let path = Path::new(named);
    // What exists here is meant, even when it could be read as `host:path`.
    if path.exists() || !looks_remote(named) {
        return Target {
            named: named.to_owned(),
            url: local(path),
            has_worktree: path.join(".git").exists(),
        };
    }
    let url = Location::parse(named).map(|url| url.canonical().to_owned()).map_err(|error| error.to_string());
    Target { named: named.to_owned(), url, has_worktree: false }
}

fn looks_remote(named: &str) -> bool {
    named.contains("://") || named.split_once(':').is_some_and(|(host, _)| !host.contains('/'))
}

fn local(path: &Path) -> Result<String, String> {
    let absolute = path.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            "no such file or directory; a target is a git URL, a repository or a directory".to_owned()
        }
        _ => error.to_string(),
    })?;
    if !absolute.is_dir() {
        return Err("this is a file; a target is a git URL, a repository or a directory".to_owned());
    }
    Location::from_path(&absolute).map(|url| url.canonical().to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_target_has_its_outcome() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let url = |named: &str| resolve_one(named).url;
        assert!(url(directory.path().to_str().unwrap()).unwrap().starts_with("file:///"));
        assert!(url(file.to_str().unwrap()).unwrap_err().contains("this is a file"));
        assert!(url("no/such/place").unwrap_err().contains("no such file"));
        assert!(url("https://example.org/a/b.git").is_ok());
        assert!(url("git@example.org:a/b.git").is_ok());
        assert!(url("ext::sh -c id").is_err());
    }

    #[test]
    fn the_same_target_twice_is_one() {
        let here = std::env::current_dir().unwrap();
        let named = vec![
            ".".to_owned(),
            here.to_str().unwrap().to_owned(),
            "missing".to_owned(),
            "missing".to_owned(),
        ];
        assert_eq!(resolve(&named).len(), 2);
    }
}
