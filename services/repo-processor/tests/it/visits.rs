//! What visits store, and what they need not do.

use contracts::{ErrorKind, Lane, TaskId};
use store::{
    contents::{self, ContentState},
    digest, failures, lfs,
    revisions::{NewRevisions, Revision, RevisionState},
    trees,
};
use testkit::{GitFixture, Stack, on_each_stack};

use crate::support::{Visits, daemon};

const PAGE: u32 = 10_000;

/// Names, modes, ids and sizes as git has them; totals that fit; every content known.
async fn assert_as_git_has_it(stack: &Stack, revision: &Revision, repository: &GitFixture) {
    assert_eq!(revision.failure, None);
    let tree = revision.tree.unwrap();
    let (tree, nodes) = stack
        .store
        .read(move |tx| Ok((trees::get(tx, tree)?.unwrap(), trees::nodes_page(tx, tree, None, PAGE)?)))
        .await
        .map_err(|error: store::StoreError| error)
        .unwrap();
    assert_eq!(tree.oid.to_string(), repository.tree());
    let found: Vec<_> =
        nodes.iter().map(|node| (node.path.clone(), node.mode, node.oid.to_string(), node.size)).collect();
    let listed = repository.ls_tree();
    let listed: Vec<_> = listed
        .iter()
        .map(|entry| (entry.path.clone(), entry.mode, entry.oid.clone(), entry.size.unwrap_or(0)))
        .collect();
    assert_eq!(found, listed);
    assert_eq!(tree.nodes, nodes.len() as u64);
    assert_eq!(tree.bytes, nodes.iter().map(|node| node.size).sum::<u64>());
    let mut oids: Vec<_> = nodes.iter().filter(|node| node.mode != 0o160_000).map(|node| node.oid).collect();
    oids.sort_unstable();
    oids.dedup();
    assert_eq!(tree.contents, oids.len() as u64);
    let wanted = oids.clone();
    let known = stack.store.read(move |tx| contents::known(tx, &wanted)).await.unwrap();
    assert_eq!(known.len(), oids.len());
}

/// What trees and contents are, whatever way they came.
async fn trees_and_contents(stack: &Stack) -> Vec<(&'static str, String)> {
    let parts = stack.store.read(digest::of_parts).await.unwrap();
    parts.into_iter().filter(|(part, _)| ["trees", "contents"].contains(part)).collect()
}

/// A commit with everything that a commit can do, on top of [`GitFixture::odd`].
fn change(repository: &GitFixture) {
    repository.write("new/folder/file.py", "print('new')\n");
    repository.write("many/3/changed.txt", "changed\n");
    repository.remove("many/4/gone.txt");
    std::fs::rename(repository.path().join("many/5"), repository.path().join("moved")).unwrap();
    std::fs::remove_dir_all(repository.path().join("many/6")).unwrap();
    repository.write("many/6", "a file where a folder was");
    repository.remove("many/7/gone.txt").write("many/7/gone.txt/inside", "a folder where a file was");
    repository.commit("everything changes");
}

fn many(repository: &GitFixture) {
    for folder in 0..10 {
        for name in ["changed.txt", "gone.txt", "same.txt"] {
            repository.write(format!("many/{folder}/{name}"), format!("{folder} {name}\n"));
        }
    }
    repository.commit("many");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_that_takes_over_stores_what_one_that_walks_everything_does() {
    on_each_stack(async |stack| {
        let (visits, other) = (Visits::new(stack), Stack::embedded().await);
        let all = Visits::new(&other);
        let repository = GitFixture::odd();
        many(&repository);
        let served = daemon(repository.path().parent().unwrap());
        let name = repository.path().file_name().unwrap().to_str().unwrap();
        for url in [repository.url(), format!("{served}/{name}")] {
            let first = visits.visit(&url).await;
            assert_as_git_has_it(stack, &first, &repository).await;
            all.visit(&url).await;
            for _ in 0..2 {
                change(&repository);
                let second = visits.visit(&url).await;
                assert_as_git_has_it(stack, &second, &repository).await;
                let force = NewRevisions { force: true, ..NewRevisions::default() };
                all.visit_as(&url, force, Lane::Normal).await;
                repository.git(&["revert", "--no-edit", "HEAD"]);
                repository.write("again", url.as_bytes()).commit("back, but not quite");
                visits.visit(&url).await;
                all.visit_as(&url, force, Lane::Normal).await;
            }
            assert_eq!(trees_and_contents(stack).await, trees_and_contents(&other).await);
        }
        assert_eq!(visits.scratch(), [""; 0]);
        other.remove().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_another_repository_was_seen_at_is_not_fetched_again() {
    on_each_stack(async |stack| {
        let visits = Visits::new(stack);
        let repository = GitFixture::tidy(5);
        let bare = repository.bare();
        let first = visits.visit(&repository.url()).await;
        // Nothing but the refs is left of the copy: whoever would read an object would fail.
        let head = repository.head();
        for pack in std::fs::read_dir(bare.join("objects/pack")).unwrap() {
            std::fs::remove_file(pack.unwrap().path()).unwrap();
        }
        std::fs::write(bare.join("HEAD"), format!("{head}\n")).unwrap();
        let second = visits.visit(bare.to_str().unwrap()).await;
        if let Some(failure) = &second.failure {
            // Looking where HEAD is may need the object; then nothing can be said here.
            assert!(failure.reason.contains("HEAD"), "{failure}");
        } else {
            assert_eq!((second.tree, second.commit), (first.tree, first.commit));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_a_pointer_or_a_submodule_is_recorded_as_what_it_is() {
    on_each_stack(async |stack| {
        let mut visits = Visits::new(stack);
        visits.config.fetch.content_bytes = 1_000;
        let repository = GitFixture::new();
        let digest = format!("sha256:{}", "0a".repeat(32));
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid {digest}\nsize 77777\n");
        repository.write("large.bin", vec![7; 1_001]).write("just.bin", vec![8; 1_000]);
        repository.write("model.bin", &pointer).submodule("vendored", &"12".repeat(20));
        repository.commit("all kinds");
        let revision = visits.visit(&repository.url()).await;
        assert_as_git_has_it(stack, &revision, &repository).await;
        let tree = revision.tree.unwrap();
        let (nodes, known, pointers) = stack
            .store
            .read(move |tx| {
                let nodes = trees::nodes_page(tx, tree, None, PAGE)?;
                let oids: Vec<_> = nodes.iter().map(|node| node.oid).collect();
                Ok((nodes, contents::known(tx, &oids)?, lfs::of_contents(tx, &oids)?))
            })
            .await
            .map_err(|error: store::StoreError| error)
            .unwrap();
        let state = |path: &str| {
            let node = nodes.iter().find(|node| node.path == path.as_bytes()).unwrap();
            (node.mode, known.get(&node.oid).map(|content| content.state))
        };
        assert_eq!(state("large.bin"), (0o100_644, Some(ContentState::TooLarge)));
        assert_eq!(state("just.bin"), (0o100_644, Some(ContentState::Stored)));
        assert_eq!(state("vendored"), (0o160_000, None));
        let [found] = &pointers[..] else { panic!("{pointers:?}") };
        assert_eq!((found.target.as_str(), found.size), (digest.as_str(), 77_777));
        // The same content under another name, found by a visit that builds on this one.
        std::fs::copy(repository.path().join("large.bin"), repository.path().join("copy.bin")).unwrap();
        repository.commit("a copy");
        let second = visits.visit(&repository.url()).await;
        assert_as_git_has_it(stack, &second, &repository).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_is_gone_again_and_again_rests_until_somebody_insists() {
    on_each_stack(async |stack| {
        let mut visits = Visits::new(stack);
        visits.config.fetch.rest_after = 2;
        let there = GitFixture::tidy(1);
        let hidden = there.path().with_extension("hidden");
        std::fs::rename(there.path(), &hidden).unwrap();
        let url = there.url();
        for _ in 0..2 {
            let gone = visits.visit(&url).await;
            assert_eq!(gone.state, RevisionState::Failed);
            assert!(!gone.failure.unwrap().reason.contains("rests"));
        }
        std::fs::rename(&hidden, there.path()).unwrap();
        let rests = visits.visit(&url).await;
        let reason = rests.failure.unwrap();
        assert_eq!(reason.kind, ErrorKind::NotFound);
        assert!(
            reason.reason.contains("rests until") && reason.reason.contains("no such folder"),
            "{reason}"
        );
        let repository = rests.repository;
        let noted = stack.store.read(move |tx| failures::get(tx, repository)).await.unwrap().unwrap();
        assert_eq!(noted.in_a_row, 2, "a visit that was not made is no failure");
        let insisted = visits.visit_as(&url, NewRevisions::default(), Lane::Urgent).await;
        assert_as_git_has_it(stack, &insisted, &there).await;
        assert_eq!(stack.store.read(move |tx| failures::get(tx, repository)).await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_scratch_is_full_of_what_died_there_is_room_once_it_is_cleared_away() {
    on_each_stack(async |stack| {
        let mut visits = Visits::new(stack);
        visits.config.fetch.scratch_bytes = 1_000;
        let left = visits.config.data.dir.join("scratch").join(TaskId::new().to_string());
        std::fs::create_dir_all(&left).unwrap();
        std::fs::write(left.join("half a pack"), vec![0; 2_000]).unwrap();
        let repository = GitFixture::tidy(2);
        let revision = visits.visit(&repository.url()).await;
        assert_as_git_has_it(stack, &revision, &repository).await;
        assert_eq!(visits.scratch(), [""; 0]);
    })
    .await;
}
