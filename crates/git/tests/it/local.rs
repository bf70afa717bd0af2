//! Local repositories of every shape, read in place.

use std::path::Path;

use contracts::ErrorKind;
use git::{EntryKind, Head, Location, Policy, Silent};

use crate::support::{Bench, GO_ON, assert_same, commit_all, entries, git, text};

/// Every file below `folder` with its length and time, to see that nothing was written.
fn traces(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let meta = std::fs::symlink_metadata(entry.path()).unwrap();
        found.push(format!("{:?} {} {:?}", entry.path(), meta.len(), meta.modified().unwrap()));
        if meta.is_dir() {
            found.extend(traces(&entry.path()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_work_tree_with_loose_objects_is_read_and_left_alone() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    std::fs::write(repo.join("uncommitted"), "not included").unwrap();
    let before = traces(&repo);
    let origin = bench.visit_path(&repo).unwrap();
    assert_same(&origin, &repo, "HEAD");
    assert!(origin.has_worktree());
    assert_eq!(traces(&repo), before);
    assert!(bench.scratch_is_empty(), "what is local needs no scratch");
}

#[test]
fn packed_bare_shallow_shared_and_linked_repositories_are_read() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    let root = bench.folder.path();
    let url = format!("file://{}", repo.display());
    git(root, &["clone", "-q", "--bare", &url, "bare.git"]);
    git(root, &["clone", "-q", "--depth", "1", &url, "shallow"]);
    git(root, &["clone", "-q", "--shared", "--bare", repo.to_str().unwrap(), "shared.git"]);
    git(&repo, &["worktree", "add", "-q", "--detach", bench.path("linked").to_str().unwrap()]);
    git(root, &["clone", "-q", &url, "packed"]);
    git(&bench.path("packed"), &["gc", "-q", "--aggressive"]);
    assert!(bench.path("shared.git/objects/info/alternates").exists());
    assert!(bench.path("linked/.git").is_file());
    for (name, has_worktree) in
        [("bare.git", false), ("shallow", true), ("shared.git", false), ("linked", true), ("packed", true)]
    {
        let origin = bench.visit_path(&bench.path(name)).unwrap();
        assert_same(&origin, &bench.path(name), "HEAD");
        assert_eq!(origin.has_worktree(), has_worktree, "{name}");
    }
    let origin = bench.visit_path(&bench.path("packed/.git")).unwrap();
    assert_same(&origin, &repo, "HEAD");
}

#[test]
fn heads_of_every_kind() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    let commit = text(git(&repo, &["rev-parse", "HEAD"])).parse().unwrap();
    let head = || bench.resolve(repo.to_str().unwrap()).unwrap();
    assert_eq!(head(), Head::At { commit, ref_name: Some("refs/heads/main".into()) });

    git(&repo, &["checkout", "-q", "--detach", "HEAD~1"]);
    let first = text(git(&repo, &["rev-parse", "HEAD"])).parse().unwrap();
    assert_eq!(head(), Head::At { commit: first, ref_name: None });
    assert_same(&bench.visit_path(&repo).unwrap(), &repo, "main~1");

    git(&repo, &["symbolic-ref", "HEAD", "refs/heads/nowhere"]);
    assert_eq!(head(), Head::Unborn { ref_name: Some("refs/heads/nowhere".into()) });
}

#[test]
fn an_empty_repository_is_an_outcome() {
    let bench = Bench::new();
    let repo = bench.init("repo");
    assert_eq!(
        bench.resolve(repo.to_str().unwrap()).unwrap(),
        Head::Unborn { ref_name: Some("refs/heads/main".into()) }
    );
    let origin = bench.visit_path(&repo).unwrap();
    assert_eq!(origin.commit(), None);
    assert_eq!(origin.tree().to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    assert!(entries(&origin).is_empty());
    assert!(origin.has_worktree());
    // A commit without files has the same tree, but is a commit.
    commit_all(&repo);
    assert_same(&bench.visit_path(&repo).unwrap(), &repo, "HEAD");
}

#[test]
fn a_commit_that_the_caller_names_is_read() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    let location = Location::from_path(&repo).unwrap();
    let first = text(git(&repo, &["rev-parse", "HEAD~1"])).parse().unwrap();
    let at = |commit| {
        let head = Head::At { commit, ref_name: None };
        bench.fetcher().fetch(&location, &head, "visit", None, &Silent, &GO_ON)
    };
    assert_same(&at(first).unwrap(), &repo, "HEAD~1");
    let error = at("1".repeat(40).parse().unwrap()).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains(&"1".repeat(40)), "{error}");
}

#[test]
fn submodules_and_lfs_pointers_are_what_they_are() {
    let bench = Bench::new();
    let origin = bench.visit_path(&bench.sample("repo")).unwrap();
    let entries = entries(&origin);
    let find = |path: &str| entries.iter().find(|entry| entry.path == path.as_bytes()).unwrap();
    let submodule = find("vendored");
    assert_eq!((submodule.kind, submodule.size), (EntryKind::Submodule, 0));
    assert_eq!(submodule.oid.to_string(), "1234567890123456789012345678901234567890");
    let mut bytes = Vec::new();
    origin.reader().read(find("lfs.bin"), &mut bytes).unwrap();
    assert!(bytes.starts_with(b"version https://git-lfs"));
    origin.reader().read(find("link"), &mut bytes).unwrap();
    assert_eq!(bytes, b"a/b");
}

#[test]
fn an_object_is_what_its_id_says_not_what_replaces_it() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    let tree = bench.visit_path(&repo).unwrap().tree();
    let other = text(git(&repo, &["rev-parse", "HEAD:same content"]));
    git(&repo, &["replace", "HEAD:a.b", &other]);
    git(&repo, &["replace", "HEAD", "HEAD~1"]);
    let origin = bench.visit_path(&repo).unwrap();
    assert_eq!(origin.tree(), tree);
    let mut bytes = Vec::new();
    let entries = entries(&origin);
    let replaced = entries.iter().find(|entry| entry.path == b"a.b").unwrap();
    origin.reader().read(replaced, &mut bytes).unwrap();
    assert_eq!(bytes, b"dot sorts before slash");
}

#[test]
fn what_is_no_repository_has_a_clear_outcome() {
    let bench = Bench::new();
    std::fs::write(bench.path("file"), "x").unwrap();
    std::fs::create_dir_all(bench.path("broken/.git")).unwrap();
    for (name, kind, words) in [
        ("missing", ErrorKind::NotFound, "there is no such folder"),
        ("file", ErrorKind::Invalid, "neither a git repository, nor a folder, nor an archive"),
        ("broken", ErrorKind::Invalid, "cannot be opened as a git repository"),
    ] {
        let error = bench.resolve(bench.path(name).to_str().unwrap()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words) && error.to_string().contains(name), "{error}");
    }
}

#[test]
fn sha256_repositories_are_refused_with_the_reason() {
    let bench = Bench::new();
    git(bench.folder.path(), &["init", "-q", "--object-format=sha256", "repo"]);
    commit_all(&bench.path("repo"));
    let error = bench.resolve(bench.path("repo").to_str().unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("SHA-256 ids are not supported"), "{error}");
}

#[test]
fn local_paths_need_permission() {
    let mut bench = Bench::new();
    let repo = bench.sample("repo");
    bench.options.policy = Policy { allow_local: false, ..Policy::trusted() };
    for address in [repo.display().to_string(), format!("file://{}", repo.display())] {
        assert_eq!(bench.resolve(&address).unwrap_err().kind(), ErrorKind::Forbidden, "{address}");
    }
}

#[test]
fn the_configuration_of_a_repository_starts_nothing() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    let touched = bench.path("touched");
    let command = format!("touch {}", touched.display());
    for key in ["core.fsmonitor", "core.sshCommand", "filter.x.smudge", "credential.helper", "diff.external"]
    {
        git(&repo, &["config", key, &command]);
    }
    std::fs::write(repo.join(".git/info/attributes"), "* filter=x\n").unwrap();
    assert_same(&bench.visit_path(&repo).unwrap(), &repo, "HEAD");
    // git itself may have run it while it answered; only we are looked at.
    std::fs::remove_file(&touched).ok();
    drop(entries(&bench.visit_path(&repo).unwrap()));
    assert!(!touched.exists());
}
