//! Histories: every commit as git has it, each once, parents first, and only what is new.

use std::path::Path;

use contracts::{ErrorKind, Oid};
use git::{Commit, GitError, History, Known, Limits, Location, Silent};

use crate::{
    other_transports::daemon,
    support::{
        Bench, GO_ON, commit_all, git, git_with,
        server::{Act, Server},
        text,
    },
};

fn head(repo: &Path) -> Oid {
    text(git(repo, &["rev-parse", "HEAD"])).parse().unwrap()
}

/// The history at `address` that leads to the present commit of `repo`, of which `known` is known, newest first.
fn history(bench: &Bench, address: &str, repo: &Path, known: &[Oid]) -> Result<History, GitError> {
    let is_known = |commit: &Oid| Ok(known.contains(commit));
    let known = Known { since: known.first().copied(), elsewhere: &[], is_known: &is_known };
    let location = Location::parse(address)?;
    bench.fetcher().history(&location, head(repo), known, "history", None, &Silent, &GO_ON)
}

fn commits(history: &History) -> Vec<Commit> {
    let mut found = Vec::new();
    history
        .walk(|commit| {
            found.push(commit);
            Ok::<_, GitError>(())
        })
        .unwrap();
    found
}

/// Id, parents, author, committer and message of every commit, as git tells them.
fn log(repo: &Path, range: &str) -> Vec<Vec<String>> {
    let format = "--format=%H%x1f%P%x1f%an%x1f%ae%x1f%at%x1f%cn%x1f%ce%x1f%ct%x1f%B";
    let log = String::from_utf8(git(repo, &["log", "-z", format, range])).unwrap();
    let commits = log.split('\0').filter(|commit| !commit.is_empty());
    let mut commits: Vec<Vec<String>> =
        commits.map(|commit| commit.splitn(9, '\x1f').map(str::to_owned).collect()).collect();
    commits.sort();
    commits
}

fn assert_as_git_has_it(history: &History, repo: &Path, range: &str) {
    let found = commits(history);
    for (at, commit) in found.iter().enumerate() {
        for parent in &commit.parents {
            let place = found.iter().position(|other| other.id == *parent);
            assert!(place.is_none_or(|place| place < at), "a child before its parent");
        }
    }
    let mut told: Vec<Vec<String>> = found
        .into_iter()
        .map(|commit| {
            let parents: Vec<String> = commit.parents.iter().map(ToString::to_string).collect();
            let (author, committer) = (commit.author, commit.committer);
            let at = |at: Option<i64>| at.map(|at| at.to_string()).unwrap_or_default();
            vec![
                commit.id.to_string(),
                parents.join(" "),
                author.name,
                author.email,
                at(author.at),
                committer.name,
                committer.email,
                at(committer.at),
                commit.message,
            ]
        })
        .collect();
    told.sort();
    assert_eq!(told, log(repo, range));
}

/// Branches that part and meet again.
fn branches(repo: &Path, from: u32) {
    for number in from..from + 4 {
        std::fs::write(repo.join(format!("file-{number}")), vec![b'x'; 5_000]).unwrap();
        commit_all(repo);
        git(repo, &["checkout", "-q", "-b", &format!("side-{number}"), "HEAD"]);
        std::fs::write(repo.join(format!("side-{number}")), "side").unwrap();
        commit_all(repo);
        git(repo, &["checkout", "-q", "main"]);
        std::fs::write(repo.join(format!("main-{number}")), "main").unwrap();
        commit_all(repo);
        let message = format!("Merge branch {number}\n\nwith a body: späße\n");
        git(repo, &["merge", "-q", "--no-ff", "-m", &message, &format!("side-{number}")]);
    }
}

#[test]
fn every_commit_is_there_and_afterwards_only_new_ones_are() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    branches(&repo, 0);
    let served = daemon(bench.folder.path());
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    let addresses =
        || [repo.to_str().unwrap().to_owned(), format!("{served}/repo"), format!("{}/repo/.git", server.url)];
    // First by servers that cannot leave anything out, then by those that can.
    for (filters, from) in [("false", 10), ("true", 20)] {
        git(&repo, &["config", "uploadpack.allowFilter", filters]);
        let before = text(git(&repo, &["rev-parse", "HEAD"]));
        let mut known: Vec<Oid> = Vec::new();
        for address in addresses() {
            let all = history(&bench, &address, &repo, &[]).unwrap();
            assert!(all.goes_on() && !all.is_cut());
            assert_as_git_has_it(&all, &repo, "HEAD");
            known = commits(&all).iter().rev().map(|commit| commit.id).collect();
        }
        branches(&repo, from);
        for address in addresses() {
            let new = history(&bench, &address, &repo, &known).unwrap();
            assert!(!new.is_cut(), "{address}");
            // What is sent with its contents may build on what nobody holds here; then all of it comes.
            assert!(new.goes_on() || filters == "false", "{address}");
            let range = if new.goes_on() { format!("{before}..HEAD") } else { "HEAD".to_owned() };
            assert_as_git_has_it(&new, &repo, &range);
        }
    }
    bench.fetcher().discard("history").unwrap();
    assert!(bench.scratch_is_empty());
}

#[test]
fn contents_are_left_out_where_the_server_can() {
    let bench = Bench::new();
    let repo = bench.init("repo");
    for number in 0..20_u64 {
        let noise: Vec<u8> = (0..50_000).map(|at| (blake(number * 50_000 + at) >> 32) as u8).collect();
        std::fs::write(repo.join("noise"), noise).unwrap();
        commit_all(&repo);
    }
    git(&repo, &["config", "uploadpack.allowFilter", "true"]);
    let received = std::sync::atomic::AtomicU64::new(0);
    let progress = |so_far: git::Received| received.store(so_far.bytes, std::sync::atomic::Ordering::Relaxed);
    let location = Location::parse(&format!("{}/repo", daemon(bench.folder.path()))).unwrap();
    let known = Known { since: None, elsewhere: &[], is_known: &|_| Ok(false) };
    let found =
        bench.fetcher().history(&location, head(&repo), known, "history", None, &progress, &GO_ON).unwrap();
    assert_eq!(found.len(), 20);
    let bytes = received.into_inner();
    assert!(bytes > 0 && bytes < 20_000, "{bytes} bytes for twenty commits");
}

/// The history at `address`, where copies know what leads to `elsewhere`, and the bytes that came for it.
fn fork(bench: &Bench, address: &str, repo: &Path, original: &Path, elsewhere: &[Oid]) -> (History, u64) {
    let known = text(git(original, &["rev-list", "--all"]));
    let known: std::collections::HashSet<Oid> = known.lines().map(|id| id.parse().unwrap()).collect();
    let is_known = |commit: &Oid| Ok(known.contains(commit));
    let received = std::sync::atomic::AtomicU64::new(0);
    let progress = |so_far: git::Received| received.store(so_far.bytes, std::sync::atomic::Ordering::Relaxed);
    let location = Location::parse(address).unwrap();
    let known = Known { since: None, elsewhere, is_known: &is_known };
    let fetcher = bench.fetcher();
    let history = fetcher.history(&location, head(repo), known, "history", None, &progress, &GO_ON).unwrap();
    (history, received.into_inner())
}

#[test]
fn a_fork_costs_what_its_original_does_not_know() {
    let bench = Bench::new();
    let original = bench.init("original");
    for number in 0..300 {
        let message = format!("{number} {:x}", blake(number));
        git(&original, &["commit", "-q", "--allow-empty", "-m", &message]);
    }
    git(bench.folder.path(), &["clone", "-q", "original", "fork"]);
    let fork_of = bench.path("fork");
    // It left ten commits ago, and both went on.
    git(&fork_of, &["reset", "-q", "--hard", "HEAD~10"]);
    git(&fork_of, &["commit", "-q", "--allow-empty", "-m", "ours"]);
    git(&fork_of, &["config", "uploadpack.allowFilter", "true"]);
    let back = |steps: u32| text(git(&original, &["rev-parse", &format!("HEAD~{steps}")])).parse().unwrap();
    let some: Vec<Oid> = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256].map(back).to_vec();
    let served = daemon(bench.folder.path());
    let server = Server::start(bench.folder.path(), |_| Act::Serve);
    for (address, shares) in [
        // Some servers keep the objects of forks together: they know the original's newest commit too.
        (format!("{served}/fork"), true),
        (format!("{served}/fork"), false),
        (format!("{}/fork/.git", server.url), false),
    ] {
        if !shares {
            git(&fork_of, &["remote", "rm", "origin"]);
            git(&fork_of, &["remote", "add", "origin", "nowhere"]);
            git(&fork_of, &["reflog", "expire", "--expire=now", "--all"]);
            git(&fork_of, &["gc", "-q", "--prune=now"]);
        }
        let (whole, all_bytes) = fork(&bench, &address, &fork_of, &original, &[]);
        assert_eq!((whole.len(), whole.elsewhere().len()), (291, 0));
        let (rest, bytes) = fork(&bench, &address, &fork_of, &original, &some);
        assert!(rest.goes_on() && !rest.is_cut());
        // Otherwise the newest that is offered and known there is the seventeenth from the original's end.
        let expected = if shares { (1, back(10)) } else { (7, back(16)) };
        assert_eq!((rest.len(), rest.elsewhere()), (expected.0, &[expected.1][..]));
        assert!(bytes * 5 < all_bytes, "{bytes} bytes of {all_bytes} at {address}");
        println!("{address}: {bytes} bytes of {all_bytes}");
        // What nobody knows there helps nobody, and hurts nobody.
        let strange = [Oid::from([7; 20])];
        let (whole, _) = fork(&bench, &address, &fork_of, &original, &strange);
        assert_eq!((whole.len(), whole.elsewhere().len()), (291, 0));
    }
}

#[test]
fn a_copy_that_turns_out_to_be_less_is_not_built_on() {
    let bench = Bench::new();
    let original = bench.sample("original");
    branches(&original, 0);
    git(bench.folder.path(), &["clone", "-q", "original", "fork"]);
    let fork_of = bench.path("fork");
    git(&fork_of, &["commit", "-q", "--allow-empty", "-m", "ours"]);
    let address = format!("{}/fork", daemon(bench.folder.path()));
    let location = Location::parse(&address).unwrap();
    // The commit is offered, and then nobody knows it any more.
    let elsewhere = [head(&original)];
    let known = Known { since: None, elsewhere: &elsewhere, is_known: &|_| Ok(false) };
    let tip = head(&fork_of);
    let found = bench.fetcher().history(&location, tip, known, "history", None, &Silent, &GO_ON).unwrap();
    assert!(!found.is_cut() && found.goes_on() && found.elsewhere().is_empty());
    assert_as_git_has_it(&found, &fork_of, "HEAD");
}

/// Noise that no pack makes smaller.
fn blake(seed: u64) -> u64 {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[test]
fn a_history_that_was_written_anew_is_taken_in_whole() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    branches(&repo, 0);
    let served = format!("{}/repo", daemon(bench.folder.path()));
    let all = history(&bench, &served, &repo, &[]).unwrap();
    let known: Vec<Oid> = commits(&all).iter().rev().map(|commit| commit.id).collect();
    // Back to an older commit, with another one on top; then only back.
    git(&repo, &["reset", "-q", "--hard", "HEAD~2"]);
    for address in [served.as_str(), repo.to_str().unwrap()] {
        let anew = history(&bench, address, &repo, &known).unwrap();
        assert!(!anew.goes_on());
        assert_as_git_has_it(&anew, &repo, "HEAD");
        std::fs::write(repo.join("other"), address).unwrap();
        commit_all(&repo);
        let anew = history(&bench, address, &repo, &known).unwrap();
        assert!(!anew.goes_on());
        assert_as_git_has_it(&anew, &repo, "HEAD");
    }
}

#[test]
fn a_server_that_has_not_everything_is_told_of() {
    let bench = Bench::new();
    let repo = bench.sample("repo");
    branches(&repo, 0);
    let there = format!("file://{}", repo.display());
    git(bench.folder.path(), &["clone", "-q", "--bare", "--depth", "3", &there, "shallow"]);
    let shallow = bench.path("shallow");
    let served = format!("{}/shallow", daemon(bench.folder.path()));
    for address in [served.as_str(), shallow.to_str().unwrap()] {
        let found = history(&bench, address, &shallow, &[]).unwrap();
        assert!(found.is_cut(), "{address}");
        let there: usize = text(git(&shallow, &["rev-list", "--count", "HEAD"])).parse().unwrap();
        assert_eq!(found.len(), there);
    }
}

#[test]
fn more_commits_than_the_limit_are_refused() {
    let bench = Bench::with_limits(Limits { commits: 5, ..Limits::default() });
    let repo = bench.init("repo");
    for _ in 0..6 {
        commit_all(&repo);
        std::thread::yield_now();
        std::fs::write(repo.join("count"), head(&repo).to_string()).unwrap();
    }
    let served = format!("{}/repo", daemon(bench.folder.path()));
    for address in [served.as_str(), repo.to_str().unwrap()] {
        let error = history(&bench, address, &repo, &[]).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
        assert!(error.to_string().contains("5 commits"), "{error}");
    }
    assert!(bench.scratch_is_empty());
}

/// A commit object of these bytes behind the tree's line, at which HEAD is then.
fn crafted(repo: &Path, rest: &[u8]) {
    let tree = text(git(repo, &["write-tree"]));
    let data = [format!("tree {tree}\n").as_bytes(), rest].concat();
    let id = text(git_with(repo, &["hash-object", "-t", "commit", "-w", "--stdin", "--literally"], &data));
    git(repo, &["update-ref", "HEAD", &id]);
}

#[test]
fn crafted_commits_are_read_and_surprise_nobody() {
    let bench = Bench::new();
    let repo = bench.init("repo");
    let served = format!("{}/repo", daemon(bench.folder.path()));
    let one = |rest: &[u8]| {
        crafted(&repo, rest);
        let local = history(&bench, repo.to_str().unwrap(), &repo, &[]).unwrap();
        let remote = history(&bench, &served, &repo, &[]).unwrap();
        let found = commits(&local);
        assert_eq!(found, commits(&remote));
        found.last().unwrap().clone()
    };
    let absurd =
        one(b"author A <a> 99999999999999999999999 +9999\ncommitter B <b> 4611686018427387904 -0000\n\nx");
    assert_eq!((absurd.author.at, absurd.committer.at), (None, Some(1 << 62)));
    let nobody = one(b"\nno author at all");
    assert_eq!((nobody.author.name.as_str(), nobody.message.as_str()), ("", "no author at all"));
    let no_text = one(b"author \xff\xfe <\x80> 5 +0000\ncommitter C <c> 6 +0100\n\nStra\xdfe\0behind");
    assert_eq!((no_text.author.name.as_str(), no_text.committer.offset), ("\u{fffd}\u{fffd}", 60));
    assert_eq!(no_text.message, "Stra\u{fffd}e\0behind");
    let large = [b"author A <a> 1 +0000\ncommitter A <a> 1 +0000\n\n".to_vec(), vec![b'x'; 3 << 20]].concat();
    let large = one(&large);
    assert_eq!((large.message.len(), large.message_bytes), (64 << 10, 3 << 20));
    // Four thousand parents, every one of them the same.
    let parent = head(&repo);
    let parents = format!("parent {parent}\n").repeat(4_000);
    let octopus = one(format!("{parents}author A <a> 1 +0000\ncommitter A <a> 1 +0000\n\nx").as_bytes());
    assert_eq!((octopus.parents.len(), octopus.parent_count), (1_000, 4_000));
}
