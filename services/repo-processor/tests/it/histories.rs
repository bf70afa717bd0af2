//! Histories: taken in when their source wants them, only what is new, and no failure of the visit.

use contracts::{ErrorKind, Oid};
use store::{
    histories::{self, Commit, CommitKind, History},
    revisions::{Revision, RevisionState},
};
use testkit::{GitFixture, Stack, on_each_stack};

use crate::support::{Visits, daemon};

async fn history(stack: &Stack, revision: &Revision) -> (Option<History>, Vec<Commit>) {
    let repository = revision.repository;
    let read = stack.store.read(move |tx| {
        Ok((histories::get(tx, repository)?, histories::list(tx, repository, None, 10_000)?))
    });
    read.await.map_err(|error: store::StoreError| error).unwrap()
}

fn ids(commits: &[Commit]) -> Vec<String> {
    commits.iter().map(|commit| commit.oid.to_string()).collect()
}

fn rev_list(repository: &GitFixture) -> Vec<String> {
    repository.git(&["rev-list", "--topo-order", "HEAD"]).lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_are_taken_in_when_they_are_wanted_and_then_only_new_ones() {
    on_each_stack(async |stack| {
        let mut visits = Visits::new(stack);
        let repository = GitFixture::tidy(3);
        repository.git(&["config", "uploadpack.allowFilter", "true"]);
        let served = daemon(repository.path().parent().unwrap());
        let name = repository.path().file_name().unwrap().to_str().unwrap();
        for url in [repository.url(), format!("{served}/{name}")] {
            let without = visits.visit(&url).await;
            assert_eq!(history(stack, &without).await, (None, Vec::new()), "nobody wanted it");
            // Nothing has changed but that it is wanted now.
            visits.history = true;
            let with = visits.visit(&url).await;
            assert_eq!(with.commit, without.commit);
            let (known, commits) = history(stack, &with).await;
            let known = known.unwrap();
            assert_eq!(ids(&commits), rev_list(&repository));
            assert_eq!((known.commits, known.tip), (commits.len() as u64, with.commit));
            for message in ["Fix the parser, which was wrong", "Merge branch 'x'", "Update src/a.rs"] {
                repository.write("changing", message).commit(message);
            }
            let again = visits.visit(&url).await;
            let (grown, more) = history(stack, &again).await;
            let grown = grown.unwrap();
            assert_eq!(ids(&more), rev_list(&repository));
            assert_eq!(grown.commits, known.commits + 3);
            assert_eq!(grown.sums.of_kind(CommitKind::Merge), known.sums.of_kind(CommitKind::Merge) + 1);
            assert_eq!(more[3..], commits[..], "what was known stays as it was");
            let [update, merge, fix] = &more[..3] else { panic!("three new ones") };
            assert_eq!(
                (fix.kind, merge.kind, update.kind),
                (CommitKind::Fix, CommitKind::Merge, CommitKind::Feature)
            );
            assert_eq!(fix.message.trim_end(), "Fix the parser, which was wrong");
            assert_eq!((fix.words, fix.parents.len()), (6, 1));
            let measures = analysis::commit_message(&fix.message);
            assert_eq!((fix.chars, fix.fog), (measures.chars, measures.fog));
            // Upstream goes back, and on in another way.
            repository.git(&["reset", "-q", "--hard", "HEAD~2"]);
            repository.write("other", &url).commit("Another way");
            let anew = visits.visit(&url).await;
            let (anew, commits) = history(stack, &anew).await;
            assert_eq!(ids(&commits), rev_list(&repository));
            let anew = anew.unwrap();
            assert_eq!(anew.sums.kinds.iter().sum::<u64>(), anew.commits);
            assert_eq!(anew.commits, commits.len() as u64);
            visits.history = false;
        }
        assert_eq!(visits.scratch(), [""; 0]);
    })
    .await;
}

/// A repository with so many commits that do not change anything.
fn long(commits: usize) -> GitFixture {
    let repository = GitFixture::tidy(2);
    for number in 0..commits {
        repository.git(&["commit", "-q", "--allow-empty", "-m", &format!("Fix number {number}")]);
    }
    repository
}

/// Copies of a repository under its own name, in folders of their own, behind one server.
fn copies(original: &GitFixture, folder: &std::path::Path, names: &[&str]) -> Vec<std::path::PathBuf> {
    let copy = |name: &&str| {
        let path = folder.join(name).join("project.git");
        let from = format!("file://{}", original.path().display());
        original.git(&["clone", "-q", "--bare", &from, path.to_str().unwrap()]);
        original.git(&["--git-dir", path.to_str().unwrap(), "config", "uploadpack.allowFilter", "true"]);
        path
    };
    names.iter().map(copy).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_takes_over_what_copies_of_it_know() {
    on_each_stack(async |stack| {
        let mut visits = Visits::new(stack);
        visits.history = true;
        let original = long(60);
        let folder = tempfile::tempdir().unwrap();
        let all = copies(&original, folder.path(), &["original", "mirror", "fork", "behind"]);
        let served = daemon(folder.path());
        let own = |path: &std::path::Path, arguments: &[&str]| {
            let folder = path.to_str().unwrap();
            original.git(&[&["--git-dir", folder], arguments].concat())
        };
        // The fork left twenty commits ago, and has two of its own, one of them a merge with something older.
        let tree = own(&all[2], &["rev-parse", "HEAD^{tree}"]);
        let ours = own(&all[2], &["commit-tree", &tree, "-p", "HEAD~20", "-m", "Add ours"]);
        let older = "HEAD~45";
        let merge = own(&all[2], &["commit-tree", &tree, "-p", &ours, "-p", older, "-m", "Merge older"]);
        own(&all[2], &["update-ref", "HEAD", &merge]);
        own(&all[2], &["gc", "-q", "--prune=now"]);
        own(&all[3], &["update-ref", "HEAD", "HEAD~30"]);
        let mut told = Vec::new();
        for (path, name) in all.iter().zip(["original", "mirror", "fork", "behind"]) {
            let visited = visits.visit(&format!("{served}/{name}/project.git")).await;
            assert_eq!(visited.failure, None, "{name}");
            let (known, commits) = history(stack, &visited).await;
            let known = known.unwrap();
            assert_eq!((&known.failure, known.is_cut), (&None, false), "{name}");
            let mut expected: Vec<String> =
                own(path, &["rev-list", "HEAD"]).lines().map(str::to_owned).collect();
            let mut found = ids(&commits);
            for (at, commit) in commits.iter().enumerate() {
                // Newest first: whatever a commit comes from stands behind it.
                let later: Vec<Oid> = commits[at + 1..].iter().map(|commit| commit.oid).collect();
                assert!(commit.parents.iter().all(|parent| later.contains(parent)), "{name}");
            }
            let positions: Vec<u64> = commits.iter().map(|commit| commit.position).collect();
            assert_eq!(positions, (1..=commits.len() as u64).rev().collect::<Vec<_>>(), "{name}");
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{name}");
            assert_eq!((known.commits, known.tip), (commits.len() as u64, visited.commit), "{name}");
            assert_eq!(known.sums.kinds.iter().sum::<u64>(), known.commits, "{name}");
            assert_eq!(known.sums.words, commits.iter().map(|commit| commit.words).sum::<u64>(), "{name}");
            told.push(known.commits);
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[2], told[0] - 20 + 2);
        assert_eq!(told[3], told[0] - 30);
        // From then on the fork goes its own way.
        let next = own(&all[2], &["commit-tree", &tree, "-p", "HEAD", "-m", "Add more"]);
        own(&all[2], &["update-ref", "HEAD", &next]);
        let visited = visits.visit(&format!("{served}/fork/project.git")).await;
        assert_eq!(history(stack, &visited).await.0.unwrap().commits, told[2] + 1);
        // The limit counts what is taken over, too.
        visits.config.fetch.commits = 30;
        let (path, name) = (folder.path().join("small/project.git"), "small");
        original.git(&["clone", "-q", "--bare", all[0].to_str().unwrap(), path.to_str().unwrap()]);
        let visited = visits.visit(&format!("{served}/{name}/project.git")).await;
        let failure = history(stack, &visited).await.0.unwrap().failure.unwrap();
        assert!(failure.reason.contains("30 commits"), "{failure}");
        assert_eq!(visits.scratch(), [""; 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_that_cannot_be_had_is_told_and_the_files_are_there() {
    on_each_stack(async |stack| {
        let mut visits = Visits::new(stack);
        visits.history = true;
        visits.config.fetch.commits = 2;
        let repository = GitFixture::tidy(2);
        for number in 0..3 {
            repository.write("more", [number]).commit("more");
        }
        let visited = visits.visit(&repository.url()).await;
        assert_eq!((visited.state, visited.failure.clone()), (RevisionState::Stored, None));
        let (told, commits) = history(stack, &visited).await;
        let told = told.unwrap();
        let failure = told.failure.unwrap();
        assert_eq!(failure.kind, ErrorKind::TooLarge);
        assert!(failure.reason.contains("2 commits"), "{failure}");
        assert_eq!((told.tip, commits.len()), (None, 0));
        // Once it may be larger it comes, and the reason goes.
        visits.config.fetch.commits = 1_000;
        let visited = visits.visit(&repository.url()).await;
        let (told, commits) = history(stack, &visited).await;
        assert_eq!(told.unwrap().failure, None);
        assert_eq!(ids(&commits), rev_list(&repository));
        // A plain directory has none, and nobody minds.
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "x").unwrap();
        let visited = visits.visit(&format!("file://{}", folder.path().display())).await;
        assert_eq!(visited.failure, None);
        assert_eq!(history(stack, &visited).await, (None, Vec::new()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_commits_are_stored_on_either_database() {
    on_each_stack(async |stack| {
        let mut visits = Visits::new(stack);
        visits.history = true;
        let repository = GitFixture::new();
        repository.write("file", "x").commit("first");
        let tree = repository.tree();
        let first = repository.head();
        let large = "x".repeat(2 << 20);
        let parents = format!("parent {first}\n").repeat(3_000);
        let crafted: [Vec<u8>; 5] = [
            format!("tree {tree}\nparent {first}\nauthor A <a> 99999999999999999999999 +9999\n\nx").into(),
            format!("tree {tree}\nparent {first}\nauthor A <a> 9223372036854775807 +0000\n\n\0nul\0").into(),
            [format!("tree {tree}\nparent {first}\n\n").as_bytes(), b"\xff\xfe\0"].concat(),
            format!("tree {tree}\nparent {first}\nauthor A <a> 1 +0000\n\n{large}").into(),
            format!("tree {tree}\n{parents}author A <a> 1 +0000\n\noctopus").into(),
        ];
        for (number, data) in crafted.iter().enumerate() {
            let file = repository.path().join(".git/crafted");
            std::fs::write(&file, data).unwrap();
            let id = repository.git(&["hash-object", "-t", "commit", "-w", "--literally", ".git/crafted"]);
            repository.git(&["update-ref", "refs/heads/main", &id]);
            let visited = visits.visit(&repository.url()).await;
            assert_eq!(visited.failure, None, "{number}");
            let (told, commits) = history(stack, &visited).await;
            assert_eq!(told.unwrap().failure, None, "{number}");
            let newest = &commits[0];
            assert_eq!((newest.oid, commits.len()), (id.parse::<Oid>().unwrap(), 2), "{number}");
            match number {
                0 => assert_eq!(newest.author.at, None),
                1 => assert_eq!(
                    (newest.author.at, newest.message.as_str()),
                    (Some(i64::MAX), "\u{fffd}nul\u{fffd}")
                ),
                2 => assert_eq!(newest.message, "\u{fffd}\u{fffd}\u{fffd}"),
                3 => assert_eq!((newest.message.len(), newest.message_bytes), (64 << 10, 2 << 20)),
                _ => assert_eq!((newest.parents.len(), newest.parent_count), (1_000, 3_000)),
            }
        }
    })
    .await;
}
