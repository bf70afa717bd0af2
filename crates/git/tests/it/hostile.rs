//! Repositories that no honest git wrote.

use std::path::{Path, PathBuf};

use contracts::ErrorKind;
use git::{GitError, Origin};

use crate::support::{Bench, entries, git_with, ls_tree, paths, text};

/// Mode, name and id of one entry.
type Raw<'a> = (&'a str, &'a [u8], &'a str);

/// Writes a tree object as it is given, with whatever is in it.
fn raw_tree(repo: &Path, entries: &[Raw<'_>]) -> String {
    let mut bytes = Vec::new();
    for (mode, name, oid) in entries {
        bytes.extend_from_slice(mode.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(name);
        bytes.push(0);
        for pair in oid.as_bytes().chunks(2) {
            bytes.push(u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
        }
    }
    text(git_with(repo, &["hash-object", "-t", "tree", "-w", "--stdin", "--literally"], &bytes))
}

fn blob(repo: &Path, content: &str) -> String {
    text(git_with(repo, &["hash-object", "-w", "--stdin"], content.as_bytes()))
}

fn commit(repo: &Path, tree: &str) {
    let commit = text(git_with(repo, &["commit-tree", tree, "-m", "hostile"], &[]));
    git_with(repo, &["update-ref", "HEAD", &commit], &[]);
}

fn loose(repo: &Path, oid: &str) -> PathBuf {
    repo.join(".git/objects").join(&oid[..2]).join(&oid[2..])
}

fn walk(origin: &Origin) -> Result<Vec<String>, GitError> {
    let mut paths = Vec::new();
    origin.walk(|entry| {
        paths.push(entry.path.escape_ascii().to_string());
        Ok::<_, GitError>(())
    })?;
    Ok(paths)
}

#[test]
fn absurd_names_are_recorded_and_touch_nothing() {
    let bench = Bench::new();
    let repo = bench.init("repo");
    let evil = blob(&repo, "evil");
    let inner = raw_tree(&repo, &[("100644", b"..", &evil), ("100755", b"config", &evil)]);
    let long = vec![b'n'; 3000];
    let tree = raw_tree(
        &repo,
        &[
            ("40000", b"..", &inner),
            ("40000", b".git", &inner),
            ("100644", b"A", &evil),
            ("100644", b"C:\\windows\\x", &evil),
            ("100644", b"a", &evil),
            ("100644", b"con", &evil),
            ("120000", b"link", &blob(&repo, "../../../etc/passwd")),
            ("100644", &long, &evil),
            ("100644", b"\xff\xfe\x80", &evil),
        ],
    );
    commit(&repo, &tree);
    let before = std::fs::read_dir(bench.folder.path()).unwrap().count();
    let origin = bench.visit_path(&repo).unwrap();
    let found = paths(&origin);
    assert_eq!(found, ls_tree(&repo, "HEAD").into_iter().map(|listed| listed.path).collect::<Vec<_>>());
    assert!(found.contains(&"../..".to_owned()) && found.contains(&".git/config".to_owned()), "{found:?}");
    for entry in entries(&origin) {
        origin.reader().read(&entry, &mut Vec::new()).unwrap();
    }
    // The scratch folder is the only thing that is new.
    assert!(std::fs::read_dir(bench.folder.path()).unwrap().count() <= before + 1);
    assert!(bench.scratch_is_empty());
}

#[test]
fn a_tree_out_of_order_is_sorted() {
    let bench = Bench::new();
    let repo = bench.init("repo");
    let x = blob(&repo, "x");
    let inner = raw_tree(&repo, &[("100644", b"z", &x), ("100644", b"b", &x)]);
    let tree = raw_tree(&repo, &[("100664", b"z", &x), ("40000", b"a", &inner), ("100644", b"a.b", &x)]);
    commit(&repo, &tree);
    let origin = bench.visit_path(&repo).unwrap();
    assert_eq!(paths(&origin), ["a.b", "a/b", "a/z", "z"]);
    assert!(entries(&origin).iter().all(|entry| entry.mode == 0o100_644), "old modes read as today's");
}

#[test]
fn trees_that_no_folder_could_be_are_refused() {
    let bench = Bench::new();
    let repo = bench.init("repo");
    let x = blob(&repo, "x");
    let gone = "1".repeat(40);
    let cases: [(Vec<Raw<'_>>, &str); 5] = [
        (vec![("100644", b"twice", &x), ("100644", b"twice", &x)], "names twice"),
        (vec![("100644", b"a/b", &x)], "no name"),
        (vec![("100644", b"", &x)], "no name"),
        (vec![("40000", b"gone", &gone)], "cannot be read"),
        (vec![("40000", b"blob", &x)], "is broken"),
    ];
    for (entries, words) in cases {
        let tree = raw_tree(&repo, &entries);
        commit(&repo, &tree);
        let error = walk(&bench.visit_path(&repo).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn missing_and_wrong_objects_do_not_end_the_walk() {
    let bench = Bench::new();
    let repo = bench.init("repo");
    let (good, changed) = (blob(&repo, "good"), blob(&repo, "right"));
    let garbled = blob(&repo, "garbled");
    let no_blob = raw_tree(&repo, &[("100644", b"x", &good)]);
    let missing = "2222222222222222222222222222222222222222";
    let tree = raw_tree(
        &repo,
        &[
            ("100644", b"changed", &changed),
            ("100644", b"garbled", &garbled),
            ("100644", b"good", &good),
            ("100644", b"missing", missing),
            ("100644", b"tree", &no_blob),
        ],
    );
    commit(&repo, &tree);
    // Another object's bytes under this one's name: only the hash tells.
    std::fs::remove_file(loose(&repo, &changed)).unwrap();
    std::fs::copy(loose(&repo, &blob(&repo, "wrong")), loose(&repo, &changed)).unwrap();
    std::fs::remove_file(loose(&repo, &garbled)).unwrap();
    std::fs::write(loose(&repo, &garbled), "no zlib at all").unwrap();

    let origin = bench.visit_path(&repo).unwrap();
    let entries = entries(&origin);
    assert_eq!(entries.len(), 5);
    let mut reader = origin.reader();
    for entry in &entries {
        let name = String::from_utf8_lossy(&entry.path).into_owned();
        let mut bytes = Vec::new();
        match reader.read(entry, &mut bytes) {
            Ok(()) => assert_eq!((name.as_str(), &bytes[..]), ("good", &b"good"[..])),
            Err(error) => {
                assert_ne!(name, "good", "{error}");
                assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
                assert!(error.to_string().contains(&name) && bytes.is_empty(), "{error}");
            }
        }
    }
    let with_problem: Vec<_> =
        entries.iter().filter(|e| e.problem.is_some()).map(|e| e.path.clone()).collect();
    assert_eq!(with_problem, [&b"garbled"[..], b"missing", b"tree"], "the rest is found out by reading");
}

#[test]
fn a_tree_that_unfolds_without_end_meets_the_limit() {
    let mut bench = Bench::new();
    bench.options.limits.files = 5_000;
    let repo = bench.init("repo");
    // Ten names each at every level: 10^9 files in ten objects, or as many folders with nothing in them.
    for leaf in [raw_tree(&repo, &[("100644", b"x", &blob(&repo, "x"))]), raw_tree(&repo, &[])] {
        let mut tree = leaf;
        for _ in 0..9 {
            let names: Vec<_> = (b'0'..=b'9').map(|digit| [digit]).collect();
            let entries: Vec<_> = names.iter().map(|name| ("40000", &name[..], &tree[..])).collect();
            tree = raw_tree(&repo, &entries);
        }
        commit(&repo, &tree);
        let error = walk(&bench.visit_path(&repo).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.to_string().contains("5000"), "{error}");
    }
}
