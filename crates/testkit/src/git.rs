//! Small real git repositories, made with the git binary, the same each time to the last byte.

mod odd;

use std::{
    cell::Cell,
    fs,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;
use url::Url;

/// The first commit's time; each later one is a minute later.
const BEGINNING: u64 = 1_700_000_000;

/// A git repository with a work tree in a directory of its own.
pub struct GitFixture {
    directory: TempDir,
    commits: Cell<u64>,
    /// Paths and commits of submodule entries: they are put into the index again at each commit.
    submodules: std::cell::RefCell<Vec<(String, String)>>,
}

/// One line of `git ls-tree`, the oracle for what a tree has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// The path from the root, in bytes as git has it.
    pub path: Vec<u8>,
    /// The mode, for instance `0o100644`.
    pub mode: u32,
    /// `blob` or `commit`.
    pub kind: String,
    /// The object's id in hexadecimal.
    pub oid: String,
    /// The size in bytes; none for a submodule.
    pub size: Option<u64>,
}

impl GitFixture {
    /// An empty repository: its HEAD is unborn.
    ///
    /// # Panics
    /// When the git binary is missing.
    #[expect(clippy::new_without_default, reason = "making a repository is no default")]
    pub fn new() -> Self {
        Self::init("sha1")
    }

    /// An empty repository with SHA-256 ids.
    ///
    /// # Panics
    /// When the git binary is missing or too old.
    pub fn sha256() -> Self {
        Self::init("sha256")
    }

    fn init(format: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory is needed");
        let fixture = Self { directory, commits: Cell::default(), submodules: std::cell::RefCell::default() };
        fixture.git(&["init", "-q", "-b", "main", "--object-format", format, "."]);
        fixture
    }

    /// The work tree.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Its `file:` URL.
    pub fn url(&self) -> String {
        Url::from_file_path(self.path()).unwrap().to_string()
    }

    /// Writes a file; `path` is in bytes, because names need not be UTF-8.
    ///
    /// # Panics
    /// When the file system does not take it.
    pub fn write(&self, path: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> &Self {
        fs::write(self.place(path), bytes).unwrap();
        self
    }

    /// Writes an executable file.
    ///
    /// # Panics
    /// When the file system does not take it.
    pub fn write_executable(&self, path: impl AsRef<[u8]>, bytes: impl AsRef<[u8]>) -> &Self {
        let place = self.place(path);
        fs::write(&place, bytes).unwrap();
        fs::set_permissions(place, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    /// Makes a symbolic link, which may lead anywhere.
    ///
    /// # Panics
    /// When the file system does not take it.
    pub fn symlink(&self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> &Self {
        let target = std::ffi::OsStr::from_bytes(target.as_ref());
        std::os::unix::fs::symlink(target, self.place(path)).unwrap();
        self
    }

    /// Adds a submodule's entry: a commit that is nowhere to be found here.
    pub fn submodule(&self, path: &str, commit: &str) -> &Self {
        self.submodules.borrow_mut().push((path.to_owned(), commit.to_owned()));
        self
    }

    /// Removes a file.
    ///
    /// # Panics
    /// When it is not there.
    pub fn remove(&self, path: impl AsRef<[u8]>) -> &Self {
        fs::remove_file(self.place(path)).unwrap();
        self
    }

    /// Commits the work tree as it is and gives the commit's id in hexadecimal. The same files committed in the
    /// same order have the same id, today and always.
    ///
    /// # Panics
    /// When git refuses.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A", "--force"]);
        for (path, commit) in self.submodules.borrow().iter() {
            self.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{path}")]);
        }
        self.git(&["commit", "-q", "--allow-empty", "--no-verify", "-m", message]);
        self.commits.set(self.commits.get() + 1);
        self.head()
    }

    /// The id of the present commit.
    ///
    /// # Panics
    /// When HEAD is unborn.
    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// The id of the present commit's root tree.
    ///
    /// # Panics
    /// When HEAD is unborn.
    pub fn tree(&self) -> String {
        self.git(&["rev-parse", "HEAD^{tree}"])
    }

    /// Every entry of the present commit, in the order of their paths' bytes, as `git ls-tree -r` has them.
    ///
    /// # Panics
    /// When HEAD is unborn.
    pub fn ls_tree(&self) -> Vec<TreeEntry> {
        let listing = self.run(&["ls-tree", "-r", "-z", "-l", "--full-tree", "HEAD"]);
        let mut entries: Vec<_> =
            listing.split(|byte| *byte == 0).filter(|line| !line.is_empty()).map(tree_entry).collect();
        entries.sort_by(|one, two| one.path.cmp(&two.path));
        entries
    }

    /// The bytes of an object, as `git cat-file` has them.
    ///
    /// # Panics
    /// When it is not there.
    pub fn cat_file(&self, oid: &str) -> Vec<u8> {
        self.run(&["cat-file", "blob", oid])
    }

    /// A bare clone of this repository, beside it, gone with it.
    ///
    /// # Panics
    /// When git refuses.
    pub fn bare(&self) -> PathBuf {
        // Inside of the folder that git itself ignores, so that it is no part of the work tree.
        let bare = self.path().join(".git").join("bare.git");
        self.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
        bare
    }

    /// Runs git in the work tree, undisturbed by the machine's configuration, and gives what it says, trimmed.
    ///
    /// # Panics
    /// When git fails, with what it said.
    pub fn git(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.run(arguments)).expect("git should speak UTF-8").trim().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Vec<u8> {
        let date = format!("{} +0000", BEGINNING + 60 * self.commits.get());
        let output = Command::new("git")
            .current_dir(self.path())
            .args(["-c", "core.autocrlf=false", "-c", "commit.gpgsign=false", "-c", "gc.auto=0"])
            .args(["-c", "protocol.file.allow=always", "-c", "core.quotePath=true"])
            .args(arguments)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("LC_ALL", "C")
            .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_COMMITTER_NAME", "Ada")])
            .envs([("GIT_AUTHOR_EMAIL", "ada@example.org"), ("GIT_COMMITTER_EMAIL", "ada@example.org")])
            .envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)])
            .env_remove("GIT_DIR")
            .env_remove("GIT_INDEX_FILE")
            .env_remove("GIT_WORK_TREE")
            .stdin(Stdio::null())
            .output()
            .expect("the git binary is needed for this test");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?} failed: {said}");
        output.stdout
    }

    /// The place of a path in the work tree, with the folders on the way made.
    fn place(&self, path: impl AsRef<[u8]>) -> PathBuf {
        let place = self.path().join(std::ffi::OsStr::from_bytes(path.as_ref()));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        place
    }
}

/// `<mode> <kind> <id> <size padded>\t<path>`.
fn tree_entry(line: &[u8]) -> TreeEntry {
    let tab = line.iter().position(|byte| *byte == b'\t').expect("a line of ls-tree has a tab");
    let head = std::str::from_utf8(&line[..tab]).unwrap();
    let fields: Vec<_> = head.split_whitespace().collect();
    let [mode, kind, oid, size] = fields[..] else { panic!("unexpected line of ls-tree: {head}") };
    TreeEntry {
        path: line[tab + 1..].to_vec(),
        mode: u32::from_str_radix(mode, 8).unwrap(),
        kind: kind.to_owned(),
        oid: oid.to_owned(),
        size: size.parse().ok(),
    }
}
