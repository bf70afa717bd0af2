//! Plain directories: what git would make of them.

use std::{
    os::unix::{fs::symlink, net::UnixListener},
    path::{Path, PathBuf},
    process::Command,
};

use contracts::ErrorKind;
use git::{EntryKind, Head, Limits, Skipped};

use crate::support::{Bench, assert_same_tree, commit_all, entries, git, paths, text, write_sample};

/// What `git write-tree` says of a folder, from a repository elsewhere that can be asked for more.
fn write_tree(bench: &Bench, folder: &Path) -> (PathBuf, String) {
    let repo = bench.init("oracle");
    let work_tree = format!("--work-tree={}", folder.display());
    git(
        &repo,
        &[
            "--git-dir=.git",
            &work_tree,
            "-c",
            "core.autocrlf=false",
            "-c",
            "core.attributesFile=",
            "add",
            "-A",
            "-f",
            ".",
        ],
    );
    let tree = text(git(&repo, &["write-tree"]));
    (repo, tree)
}

fn folder(bench: &Bench) -> PathBuf {
    let folder = bench.path("plain");
    std::fs::create_dir(&folder).unwrap();
    folder
}

#[test]
fn the_tree_is_what_git_would_write() {
    let bench = Bench::new();
    let folder = folder(&bench);
    write_sample(&folder);
    // It would make git change line ends while adding; we never do.
    std::fs::remove_file(folder.join(".gitattributes")).unwrap();
    std::fs::create_dir_all(folder.join("no/files/here")).unwrap();
    symlink("a", folder.join("link to folder")).unwrap();
    let (repo, tree) = write_tree(&bench, &folder);

    assert_eq!(bench.resolve(folder.to_str().unwrap()).unwrap(), Head::Directory);
    let origin = bench.visit_path(&folder).unwrap();
    assert_eq!(origin.tree().to_string(), tree);
    assert_eq!((origin.commit(), origin.has_worktree()), (None, false));
    assert_same_tree(&origin, &repo, &tree);
}

#[test]
fn an_empty_directory_has_the_empty_tree() {
    let bench = Bench::new();
    let folder = folder(&bench);
    std::fs::create_dir_all(folder.join("only/folders")).unwrap();
    let origin = bench.visit_path(&folder).unwrap();
    assert_eq!(origin.tree().to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    assert!(entries(&origin).is_empty());
}

#[test]
fn repositories_inside_are_folders_and_special_files_are_counted() {
    let bench = Bench::new();
    let folder = folder(&bench);
    let inner = bench.init("plain/inner");
    std::fs::write(inner.join("file"), "x").unwrap();
    commit_all(&inner);
    let _socket = UnixListener::bind(folder.join("socket")).unwrap();
    assert!(Command::new("mkfifo").arg(folder.join("pipe")).status().unwrap().success());

    let origin = bench.visit_path(&folder).unwrap();
    assert_eq!(paths(&origin), ["inner/file"]);
    assert_eq!(origin.skipped(), Skipped { special: 2, excluded: 0 });
}

#[test]
fn our_own_data_is_left_out() {
    let mut bench = Bench::new();
    let folder = folder(&bench);
    bench.options.scratch = folder.join("data/scratch");
    bench.options.exclude = vec![folder.join("data/depot")];
    std::fs::create_dir_all(folder.join("data/depot")).unwrap();
    std::fs::write(folder.join("data/depot/pack"), "x").unwrap();
    std::fs::write(folder.join("data/mine"), "x").unwrap();
    let origin = bench.visit_path(&folder).unwrap();
    assert_eq!(paths(&origin), ["data/mine"]);
    assert_eq!(origin.skipped().excluded, 2);
}

#[test]
fn what_cannot_be_read_is_an_entry_and_another_tree() {
    let limits = Limits { path_bytes: 10_000, depth: 100, ..Limits::default() };
    let bench = Bench::with_limits(limits);
    let folder = folder(&bench);
    std::fs::write(folder.join("readable"), "x").unwrap();
    // Permissions do not hinder the superuser, but no one opens a path that is too long. Two paths: one
    // where the file's name is too much, one where the folder's is.
    let part = "d".repeat(200);
    let script = format!(
        "i=0; while [ ${{#PWD}} -lt 3800 ]; do mkdir {part} && cd {part} || exit 1; done\n\
         pad=$((4090 - ${{#PWD}} - 1)); name=$(printf '%*s' $pad '' | tr ' ' e)\n\
         mkdir -p \"$name\" && cd \"$name\" && echo x > a-file-whose-name-is-too-much && mkdir a-folder-too-much"
    );
    let made = Command::new("bash").arg("-c").arg(script).current_dir(&folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let origin = bench.visit_path(&folder).unwrap();
    let entries = entries(&origin);
    let [file, dir, readable] = &entries[..] else { panic!("{:?}", paths(&origin)) };
    assert_eq!((file.kind, dir.kind), (EntryKind::File, EntryKind::Directory));
    for entry in [file, dir] {
        let problem = entry.problem.as_ref().unwrap();
        assert!(problem.reason.contains("cannot be read"), "{problem}");
        assert_eq!(entry.oid.to_string(), "0".repeat(40));
        let error = origin.reader().read(entry, &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), problem.kind);
    }
    origin.reader().read(readable, &mut Vec::new()).unwrap();

    let with_both = origin.tree();
    let mut deepest = folder.clone();
    deepest.push(
        std::fs::read_dir(&folder)
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .find(|n| n != "readable")
            .unwrap(),
    );
    std::fs::remove_dir_all(deepest).unwrap();
    assert_ne!(bench.visit_path(&folder).unwrap().tree(), with_both);
}

#[test]
fn a_file_that_changes_meanwhile_is_seen() {
    let bench = Bench::new();
    let folder = folder(&bench);
    std::fs::write(folder.join("changed"), "before").unwrap();
    std::fs::write(folder.join("gone"), "before").unwrap();
    std::fs::write(folder.join("linked"), "before").unwrap();
    let origin = bench.visit_path(&folder).unwrap();
    std::fs::write(folder.join("changed"), "after!").unwrap();
    std::fs::remove_file(folder.join("gone")).unwrap();
    std::fs::remove_file(folder.join("linked")).unwrap();
    symlink("/etc/passwd", folder.join("linked")).unwrap();
    for entry in entries(&origin) {
        let mut bytes = b"old".to_vec();
        let error = origin.reader().read(&entry, &mut bytes).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Unavailable), "{error}");
        assert!(bytes.is_empty());
    }
}

#[test]
fn listings_are_scratch_and_can_be_discarded() {
    let bench = Bench::new();
    let folder = folder(&bench);
    std::fs::write(folder.join("file"), "x").unwrap();
    drop(bench.visit_path(&folder).unwrap());
    assert_eq!(bench.fetcher().leftovers().unwrap(), ["visit"]);
    bench.fetcher().discard("visit").unwrap();
    bench.fetcher().discard("visit").unwrap();
    assert!(bench.scratch_is_empty());
    for name in ["", "..", "a/b", ".hidden"] {
        assert!(bench.fetcher().discard(name).is_err(), "{name:?}");
    }
}
