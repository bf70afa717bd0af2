//! Fetches that build on what is held: what differs comes, the rest stays away, and what is told is right.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use contracts::{ErrorKind, Oid};
use git::{GitError, Held, HeldCommit, Location, Origin, Received, Step};

use crate::support::{
    Bench, GO_ON, Listed, assert_same, commit_all, git, git_command, ls_tree,
    other::daemon,
    server::{Act, Server},
    text,
};

/// Everything that git finds at some revisions of a repository on this machine.
struct InRepo {
    repo: PathBuf,
    commits: Vec<HeldCommit>,
    objects: HashSet<String>,
}

impl InRepo {
    fn at(repo: &Path, revisions: &[&str]) -> Self {
        let mut objects = HashSet::new();
        let commits = revisions
            .iter()
            .map(|revision| {
                let tree = text(git(repo, &["rev-parse", &format!("{revision}^{{tree}}")]));
                let listed = text(git(repo, &["ls-tree", "-r", "-t", "--format=%(objectname)", &tree]));
                objects.extend(listed.lines().map(str::to_owned));
                objects.insert(tree.clone());
                let commit = text(git(repo, &["rev-parse", revision]));
                HeldCommit { commit: commit.parse().unwrap(), tree: tree.parse().unwrap() }
            })
            .collect();
        Self { repo: repo.to_owned(), commits, objects }
    }

    /// Holds nothing of what it says.
    fn empty_handed(mut self) -> Self {
        self.objects.clear();
        self
    }

    /// Holds the objects, but says of no commit that it does.
    fn without_commits(mut self) -> Self {
        self.commits = vec![HeldCommit { commit: Oid::from([9; 20]), tree: Oid::from([9; 20]) }];
        self
    }

    fn object(&self, kind: &str, id: &Oid) -> Option<Vec<u8>> {
        if !self.objects.contains(&id.to_string()) {
            return None;
        }
        let output = git_command(&self.repo).args(["cat-file", kind, &id.to_string()]).output().unwrap();
        output.status.success().then_some(output.stdout)
    }
}

impl Held for InRepo {
    fn commits(&self) -> Vec<HeldCommit> {
        self.commits.clone()
    }

    fn tree(&self, id: &Oid) -> Result<Option<Vec<u8>>, GitError> {
        Ok(self.object("tree", id))
    }

    fn content(&self, id: &Oid) -> Result<Option<Vec<u8>>, GitError> {
        Ok(self.object("blob", id))
    }

    fn unknown(&self, ids: &[Oid]) -> Result<Vec<Oid>, GitError> {
        Ok(ids.iter().filter(|id| !self.objects.contains(&id.to_string())).copied().collect())
    }
}

/// Resolves and fetches beside what is held; also what came over the network.
fn visit(bench: &Bench, address: &str, held: InRepo) -> Result<(Origin, Received), GitError> {
    let location = Location::parse(address)?;
    let fetcher = bench.fetcher();
    let head = fetcher.resolve(&location, &GO_ON)?;
    let last = Mutex::new(Received::default());
    let progress = |so_far| *last.lock().unwrap() = so_far;
    let origin = fetcher.fetch(&location, &head, "visit", Some(Arc::new(held)), &progress, &GO_ON)?;
    Ok((origin, last.into_inner().unwrap()))
}

/// What a tree is after what differs was applied to its base, with the paths that were visited.
fn applied(origin: &Origin, repo: &Path, base: Option<&str>) -> (Vec<Listed>, Vec<String>) {
    let before = base.map(|base| ls_tree(repo, base)).unwrap_or_default();
    let mut nodes: BTreeMap<String, Listed> =
        before.into_iter().map(|listed| (listed.path.clone(), listed)).collect();
    let tree = base.map(|base| text(git(repo, &["rev-parse", &format!("{base}^{{tree}}")])).parse().unwrap());
    let (mut visited, mut gone) = (Vec::new(), Vec::new());
    origin
        .changes(tree, |step| {
            match step {
                Step::Entry(entry) => {
                    let mut listed = Listed::from(&entry);
                    if entry.is_held {
                        assert_eq!(entry.size, 0);
                        listed.size = text(git(repo, &["cat-file", "-s", &listed.oid])).parse().unwrap();
                    }
                    visited.push(listed.path.clone());
                    nodes.insert(listed.path.clone(), listed);
                }
                Step::Gone { path, is_folder } => gone.push((path.escape_ascii().to_string(), is_folder)),
                Step::Folder { .. } => {}
            }
            Ok::<_, GitError>(())
        })
        .unwrap();
    for (path, is_folder) in gone {
        let inside = format!("{path}/");
        let is_gone = |known: &String| {
            if is_folder { known.starts_with(&inside) } else { *known == path }
        };
        let before = nodes.len();
        nodes.retain(|known, _| visited.contains(known) || !is_gone(known));
        assert!(nodes.len() < before || visited.iter().any(is_gone), "{path} was there");
    }
    let mut nodes: Vec<Listed> = nodes.into_values().collect();
    let order = ls_tree(repo, "HEAD");
    nodes.sort_by_key(|listed| order.iter().position(|other| other.path == listed.path));
    (nodes, visited)
}

/// A repository with enough in it that a whole transfer is told from a small one.
fn large(bench: &Bench, name: &str) -> PathBuf {
    let repo = bench.sample(name);
    let mut state = 7_u64;
    for folder in 0..20 {
        let folder = repo.join(format!("many/{folder}/inner"));
        std::fs::create_dir_all(&folder).unwrap();
        for file in 0..20 {
            let noise: String = (0..60)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    format!("{state:016x}\n")
                })
                .collect();
            std::fs::write(folder.join(format!("{file}.txt")), noise).unwrap();
        }
    }
    commit_all(&repo);
    repo
}

/// One small commit with everything that a commit can do.
fn small_commit(repo: &Path) {
    let path = repo.join("many/3/inner/4.txt");
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.insert_str(100, "one more line\n");
    std::fs::write(path, text).unwrap();
    std::fs::remove_file(repo.join("many/5/inner/6.txt")).unwrap();
    std::fs::remove_dir_all(repo.join("many/7")).unwrap();
    std::fs::write(repo.join("many/7"), "a file where a folder was").unwrap();
    std::fs::rename(repo.join("many/8"), repo.join("many/moved")).unwrap();
    std::fs::remove_file(repo.join("a0")).unwrap();
    std::fs::create_dir(repo.join("a0")).unwrap();
    std::fs::write(repo.join("a0/new"), "a folder where a file was").unwrap();
    std::fs::write(repo.join("many/9/new.txt"), "new").unwrap();
    commit_all(repo);
}

const CHANGED: [&str; 4] = ["a0/new", "many/3/inner/4.txt", "many/7", "many/9/new.txt"];

fn assert_only_the_difference(origin: &Origin, received: Received, repo: &Path, all: u64) {
    assert!(received.bytes * 20 < all, "{received:?} of {all}");
    let (nodes, mut visited) = applied(origin, repo, Some("HEAD~1"));
    assert_eq!(nodes, ls_tree(repo, "HEAD"));
    visited.retain(|path| !path.starts_with("many/moved/"));
    assert_eq!(visited, CHANGED);
    // Without a base everything is visited, wherever it is.
    assert_eq!(applied(origin, repo, None).0, ls_tree(repo, "HEAD"));
}

#[test]
fn one_commit_later_only_the_difference_comes_over_every_transport_and_protocol() {
    let bench = Bench::new();
    let repo = large(&bench, "repo");
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let http = format!("{}/repo/.git", server.url);
    let all = visit(&bench, &http, InRepo::at(&repo, &[])).unwrap();
    assert_same(&all.0, &repo, "HEAD");
    assert!(all.1.bytes > 100_000, "{:?}", all.1);
    small_commit(&repo);
    for (address, old) in
        [(http.clone(), false), (http, true), (format!("{}/repo", daemon(bench.folder.path())), false)]
    {
        server.old(old);
        let held = InRepo::at(&repo, &["HEAD~1"]);
        let known = held.commits[0];
        let (origin, received) = visit(&bench, &address, held).unwrap();
        assert_eq!(origin.common(), Some(known), "{address} {old}");
        assert_only_the_difference(&origin, received, &repo, all.1.bytes);
    }
    assert!(server.seen().iter().all(|seen| seen.header("content-length").is_none_or(|n| n.len() < 5)));
}

#[test]
fn a_fork_costs_its_difference_whoever_it_is_that_has_the_rest() {
    let bench = Bench::new();
    let repo = large(&bench, "repo");
    git(bench.folder.path(), &["clone", "-q", "repo", "fork"]);
    let fork = bench.path("fork");
    git(&fork, &["config", "user.name", "x"]);
    small_commit(&fork);
    // What is held has gone on, too, to where the fork's server does not know it.
    std::fs::write(repo.join("upstream"), "only there").unwrap();
    commit_all(&repo);
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let held = InRepo::at(&repo, &["HEAD", "HEAD~1"]);
    let known = held.commits[1];
    let (origin, received) = visit(&bench, &format!("{}/fork/.git", server.url), held).unwrap();
    assert_eq!(origin.common(), Some(known));
    assert_only_the_difference(&origin, received, &fork, 200_000);
}

#[test]
fn a_copy_without_a_common_commit_sends_its_folders_and_then_what_was_never_seen() {
    let bench = Bench::new();
    let repo = large(&bench, "repo");
    git(bench.folder.path(), &["clone", "-q", "repo", "copy"]);
    let copy = bench.path("copy");
    git(&copy, &["checkout", "-q", "--orphan", "other"]);
    commit_all(&copy);
    std::fs::write(copy.join("many/2/inner/own.txt"), "its own").unwrap();
    commit_all(&copy);
    git(&copy, &["update-ref", "-d", "refs/heads/main"]);
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let address = format!("{}/copy/.git", server.url);
    // A server that cannot leave contents out sends everything.
    let (origin, all) = visit(&bench, &address, InRepo::at(&repo, &["HEAD"]).without_commits()).unwrap();
    assert_same(&origin, &copy, "HEAD");

    git(&copy, &["config", "uploadpack.allowFilter", "true"]);
    let held = InRepo::at(&repo, &["HEAD"]).without_commits();
    let (origin, received) = visit(&bench, &address, held).unwrap();
    assert_eq!(origin.common(), None);
    assert!(received.bytes * 10 < all.bytes, "{received:?} of {all:?}");
    assert_eq!(applied(&origin, &copy, None).0, ls_tree(&copy, "HEAD"));
    let mut reader = origin.reader();
    let mut fetched = Vec::new();
    origin
        .walk(|entry| {
            if entry.kind.has_content() && !entry.is_held {
                reader.read(&entry, &mut Vec::new())?;
                fetched.push(String::from_utf8_lossy(&entry.path).into_owned());
            }
            Ok::<_, GitError>(())
        })
        .unwrap();
    assert_eq!(fetched, ["many/2/inner/own.txt"]);
    // Nothing of it is held after all: the folders are of no use, everything is asked for.
    let (origin, _) =
        visit(&bench, &address, InRepo::at(&repo, &["HEAD"]).empty_handed().without_commits()).unwrap();
    assert_same(&origin, &copy, "HEAD");
}

#[test]
fn whoever_says_more_than_is_held_is_told() {
    let bench = Bench::new();
    let repo = large(&bench, "repo");
    small_commit(&repo);
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let address = format!("{}/repo/.git", server.url);
    let held = InRepo::at(&repo, &["HEAD~1"]).empty_handed();
    let error = match visit(&bench, &address, held) {
        Err(error) => error,
        Ok((origin, _)) => origin.walk(|_| Ok::<_, GitError>(())).unwrap_err(),
    };
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
}

#[test]
fn in_a_repository_on_this_machine_only_the_difference_is_visited() {
    let bench = Bench::new();
    let repo = large(&bench, "repo");
    small_commit(&repo);
    let (origin, _) = visit(&bench, repo.to_str().unwrap(), InRepo::at(&repo, &["HEAD~1"])).unwrap();
    let (nodes, visited) = applied(&origin, &repo, Some("HEAD~1"));
    assert_eq!(nodes, ls_tree(&repo, "HEAD"));
    assert!(visited.len() < 30, "{visited:?}");
    assert!(bench.scratch_is_empty());
}
