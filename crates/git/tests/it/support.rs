//! Repositories made by git, and git's own answers about them.

pub(crate) use crate::other_transports as other;

pub(crate) mod server;

use std::{
    collections::HashMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::AtomicBool,
};

use git::{Entry, EntryKind, Fetcher, GitError, Head, Limits, Location, Options, Origin, Policy, Silent};
use tempfile::TempDir;

pub(crate) static GO_ON: AtomicBool = AtomicBool::new(false);

/// Runs git, away from the configuration of whoever runs the tests, and returns what it prints.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    git_with(folder, arguments, &[])
}

/// The same, with input.
pub(crate) fn git_with(folder: &Path, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = git_command(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the git program, which the tests compare with");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // git may print before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    writer.join().unwrap().unwrap();
    output.stdout
}

pub(crate) fn git_command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).args(["-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always"]);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Test").env(format!("GIT_{who}_EMAIL"), "test@example.org");
        command.env(format!("GIT_{who}_DATE"), "2024-01-02T03:04:05Z");
    }
    command
}

pub(crate) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap().trim().to_owned()
}

/// A folder for one test, with a scratch folder in it.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) options: Options,
}

impl Bench {
    /// Everything is allowed.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(folder.path().join("scratch"));
        options.policy = Policy::trusted();
        Self { folder, options }
    }

    pub(crate) fn with_limits(limits: Limits) -> Self {
        let mut bench = Self::new();
        bench.options.limits = limits;
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn fetcher(&self) -> Fetcher {
        Fetcher::new(self.options.clone()).unwrap()
    }

    /// An empty repository with a work tree.
    pub(crate) fn init(&self, name: &str) -> PathBuf {
        git(self.folder.path(), &["init", "-q", name]);
        self.path(name)
    }

    /// A repository with the files of [`SAMPLE`] and two commits.
    pub(crate) fn sample(&self, name: &str) -> PathBuf {
        let repo = self.init(name);
        std::fs::write(repo.join("old"), "only in the first commit").unwrap();
        commit_all(&repo);
        std::fs::remove_file(repo.join("old")).unwrap();
        write_sample(&repo);
        git(&repo, &["add", "-A"]);
        let gitlink = "160000,1234567890123456789012345678901234567890,vendored";
        git(&repo, &["update-index", "--add", "--cacheinfo", gitlink]);
        git(&repo, &["commit", "-q", "-m", "second"]);
        repo
    }

    /// Resolves and fetches what is at `address`.
    pub(crate) fn visit(&self, address: &str) -> Result<Origin, GitError> {
        let location = Location::parse(address)?;
        let fetcher = self.fetcher();
        let head = fetcher.resolve(&location, &GO_ON)?;
        fetcher.fetch(&location, &head, "visit", None, &Silent, &GO_ON)
    }

    pub(crate) fn visit_path(&self, path: &Path) -> Result<Origin, GitError> {
        self.visit(path.to_str().unwrap())
    }

    pub(crate) fn resolve(&self, address: &str) -> Result<Head, GitError> {
        self.fetcher().resolve(&Location::parse(address)?, &GO_ON)
    }

    pub(crate) fn scratch_is_empty(&self) -> bool {
        self.fetcher().leftovers().unwrap().is_empty()
    }
}

pub(crate) fn commit_all(repo: &Path) {
    git(repo, &["add", "-A", "-f"]);
    git(repo, &["commit", "-q", "--allow-empty", "-m", "a commit"]);
}

/// Names whose order and form go wrong easily, with their contents.
pub(crate) const SAMPLE: &[(&str, &str)] = &[
    ("a.b", "dot sorts before slash"),
    ("a/b", "in a folder"),
    ("a/deeper/and/deeper/file", "deep"),
    ("a0", "zero sorts after slash"),
    ("a-", "minus sorts before slash"),
    ("empty", ""),
    ("same content", "in a folder"),
    ("späße/日本.txt", "unicode"),
    ("quote\"and\\backslash", "odd"),
    ("new\nline", "odder"),
    (".gitattributes", "* text=auto eol=crlf\n"),
    ("crlf.txt", "left\r\nas it is\r\n"),
    ("lfs.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n"),
];

/// Writes [`SAMPLE`] and an executable, a link and a link to nowhere.
pub(crate) fn write_sample(folder: &Path) {
    use std::os::unix::{ffi::OsStrExt, fs::PermissionsExt};
    for (name, content) in SAMPLE {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    std::fs::write(folder.join(std::ffi::OsStr::from_bytes(b"latin-\xe9")), "not UTF-8").unwrap();
    std::fs::write(folder.join("run.sh"), "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(folder.join("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("a/b", folder.join("link")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", folder.join("z-dangling")).unwrap();
}

/// What `git ls-tree` says of one entry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) mode: u32,
    pub(crate) oid: String,
    pub(crate) size: u64,
    pub(crate) path: String,
}

impl From<&Entry> for Listed {
    fn from(entry: &Entry) -> Self {
        Self {
            mode: entry.mode,
            oid: entry.oid.to_string(),
            size: entry.size,
            path: entry.path.escape_ascii().to_string(),
        }
    }
}

/// Every entry below `tree` as git lists it, sorted by the bytes of its path as git sorts it.
pub(crate) fn ls_tree(repo: &Path, tree: &str) -> Vec<Listed> {
    let output = git(repo, &["ls-tree", "-r", "-l", "-z", "--full-tree", tree]);
    let lines = output.split(|byte| *byte == 0).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let tab = line.iter().position(|byte| *byte == b'\t').unwrap();
            let head: Vec<_> = std::str::from_utf8(&line[..tab]).unwrap().split_whitespace().collect();
            Listed {
                mode: u32::from_str_radix(head[0], 8).unwrap(),
                oid: head[2].to_owned(),
                size: head[3].parse().unwrap_or(0),
                path: line[tab + 1..].escape_ascii().to_string(),
            }
        })
        .collect()
}

/// Every entry as we list it.
pub(crate) fn entries(origin: &Origin) -> Vec<Entry> {
    let mut entries = Vec::new();
    origin
        .walk(|entry| {
            entries.push(entry);
            Ok::<_, GitError>(())
        })
        .unwrap();
    entries
}

pub(crate) fn paths(origin: &Origin) -> Vec<String> {
    entries(origin).iter().map(|entry| entry.path.escape_ascii().to_string()).collect()
}

/// Every blob's bytes as `git cat-file --batch` prints them, by id.
fn cat_file(repo: &Path, entries: &[Entry]) -> HashMap<String, Vec<u8>> {
    let with_content = entries.iter().filter(|entry| entry.kind.has_content());
    let questions: String = with_content.map(|entry| format!("{}\n", entry.oid)).collect();
    let output = git_with(repo, &["cat-file", "--batch"], questions.as_bytes());
    let mut rest = &output[..];
    let mut contents = HashMap::new();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let head: Vec<_> = std::str::from_utf8(&rest[..end]).unwrap().split(' ').collect();
        assert_eq!(head[1], "blob", "{head:?}");
        let size: usize = head[2].parse().unwrap();
        contents.insert(head[0].to_owned(), rest[end + 1..end + 1 + size].to_vec());
        rest = &rest[end + 1 + size + 1..];
    }
    contents
}

/// Node for node and byte for byte, read by two threads: `origin` is what `repo` has at `revision`.
pub(crate) fn assert_same(origin: &Origin, repo: &Path, revision: &str) {
    let tree = text(git(repo, &["rev-parse", &format!("{revision}^{{tree}}")]));
    assert_eq!(origin.tree().to_string(), tree);
    let commit = text(git(repo, &["rev-parse", &format!("{revision}^{{commit}}")]));
    assert_eq!(origin.commit().unwrap().to_string(), commit);
    assert_same_tree(origin, repo, &tree);
}

/// The same for a tree without a commit.
pub(crate) fn assert_same_tree(origin: &Origin, repo: &Path, tree: &str) {
    let entries = entries(origin);
    assert_eq!(entries.iter().map(Listed::from).collect::<Vec<_>>(), ls_tree(repo, tree));
    assert!(entries.is_sorted_by(|a, b| a.path < b.path), "sorted by path, each once");
    let contents = cat_file(repo, &entries);
    std::thread::scope(|scope| {
        for part in entries.chunks(entries.len().div_ceil(2).max(1)) {
            let (contents, mut reader) = (&contents, origin.reader());
            scope.spawn(move || {
                let mut buffer = b"what was there before".to_vec();
                for entry in part {
                    if entry.kind == EntryKind::Submodule {
                        assert!(reader.read(entry, &mut buffer).is_err());
                        continue;
                    }
                    reader.read(entry, &mut buffer).unwrap();
                    assert!(buffer == contents[&entry.oid.to_string()], "{:?}", Listed::from(entry));
                }
            });
        }
    });
}
