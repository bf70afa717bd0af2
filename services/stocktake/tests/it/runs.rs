//! Undisturbed runs, against what git itself says.

use std::collections::HashMap;

use contracts::{ErrorKind, Oid};
use depot::PackEntry;
use runtime::faults::Faults;
use store::{
    audits::{self, AuditCounts},
    contents::{self, ContentState},
    revisions::{self, Revision},
    snapshots::{Snapshot, SnapshotState},
    stocks, trees,
};
use testkit::{GitFixture, Stack, on_each_stack};
use worker::harness::Ended;

use crate::support::World;

/// A content above the limit of the configuration is kept as a node only; none of the fixtures has one.
const PAGE: u32 = 10_000;

async fn revisions_of(stack: &Stack, snapshot: &Snapshot) -> Vec<Revision> {
    let id = snapshot.id;
    stack.store.read(move |tx| revisions::of_snapshot(tx, id, None, None, PAGE)).await.unwrap()
}

async fn counts_of(stack: &Stack, snapshot: &Snapshot) -> AuditCounts {
    let id = snapshot.id;
    stack.store.read(move |tx| audits::latest_of_snapshot(tx, id)).await.unwrap().unwrap().counts
}

/// Names, modes and ids of every node as `git ls-tree -r` has them, the tree's own id, and every byte of every
/// content as `git cat-file` has it.
pub(crate) async fn assert_as_git_has_it(stack: &Stack, revision: &Revision, repository: &GitFixture) {
    let tree = revision.tree.unwrap();
    let (kept, nodes) = stack
        .store
        .read(move |tx| Ok((trees::get(tx, tree)?, trees::nodes_page(tx, tree, None, PAGE)?)))
        .await
        .unwrap();
    assert_eq!(kept.unwrap().oid.to_string(), repository.tree());
    assert_eq!(revision.commit.unwrap().to_string(), repository.head());
    let expected = repository.ls_tree();
    let listed: Vec<_> =
        expected.iter().map(|entry| (entry.path.clone(), entry.mode, entry.oid.clone())).collect();
    let found: Vec<_> =
        nodes.iter().map(|node| (node.path.clone(), node.mode, node.oid.to_string())).collect();
    assert_eq!(found, listed);
    let sizes = expected.iter().map(|entry| entry.size.unwrap_or(0));
    assert!(nodes.iter().map(|node| node.size).eq(sizes), "sizes as git has them, none for a submodule");

    let mut oids: Vec<Oid> =
        nodes.iter().filter(|node| node.mode != 0o160_000).map(|node| node.oid).collect();
    oids.sort_unstable();
    oids.dedup();
    let wanted = oids.clone();
    let known = stack.store.read(move |tx| contents::known(tx, &wanted)).await.unwrap();
    assert_eq!(known.len(), oids.len());
    let mut by_pack: HashMap<String, Vec<PackEntry>> = HashMap::new();
    for content in known.values() {
        assert_eq!(content.state, ContentState::Stored);
        let place = content.location.clone().unwrap();
        let (offset, length) = (place.offset, place.length);
        by_pack.entry(place.pack).or_default().push(PackEntry {
            oid: content.oid,
            offset,
            length,
            size: content.size,
        });
    }
    for (pack, entries) in by_pack {
        let read = stack.depot.read(&pack, &entries).await.unwrap();
        for (entry, bytes) in entries.iter().zip(read) {
            assert!(*bytes == *repository.cat_file(&entry.oid.to_string()), "{} differs", entry.oid);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_odd_repository_is_taken_to_the_last_byte_and_then_left_alone() {
    let odd = GitFixture::odd();
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let first = world.scan("odd", &[odd.url()]).await;
        assert_eq!((first.state, first.stock_version), (SnapshotState::Committed, Some(1)));
        let nodes = odd.ls_tree().len() as u64;
        let counts = counts_of(stack, &first).await;
        assert_eq!(counts, AuditCounts { new: nodes, ..AuditCounts::default() });
        let revision = revisions_of(stack, &first).await.remove(0);
        assert_eq!((revision.nodes, revision.failed, revision.unchanged), (nodes, 0, false));
        assert_eq!(revision.analyzed, revision.to_analyze);
        assert_as_git_has_it(stack, &revision, &odd).await;

        let second = world.scan("odd", &[odd.url()]).await;
        let revision = revisions_of(stack, &second).await.remove(0);
        assert!(
            revision.unchanged && revision.to_analyze == 0 && revision.batches_total == 0,
            "{revision:?}"
        );
        let counts = counts_of(stack, &second).await;
        assert_eq!(counts, AuditCounts { unchanged: nodes, ..AuditCounts::default() });
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_is_followed_commit_by_commit_and_each_stock_for_itself() {
    on_each_stack(async |stack| {
        let (world, lively) = (World::new(stack), GitFixture::tidy(12));
        world.scan("one", &[lively.url()]).await;
        // Two new, one of them with bytes that are known; one modified; two removed; the rest unchanged.
        let known = std::fs::read(lively.path().join("src/part0/file5.py")).unwrap();
        lively.write("copy.py", known).write("new.rs", "fn new() {}\n");
        lively.write("src/part0/file1.py", "print('changed')\n");
        lively.remove("src/part0/file2.c").remove("src/part0/file3.sh").commit("changes");
        let second = world.scan("one", &[lively.url()]).await;
        let counts = counts_of(stack, &second).await;
        assert_eq!(
            counts,
            AuditCounts { new: 2, modified: 1, removed: 2, unchanged: 9, ..AuditCounts::default() }
        );
        let revision = revisions_of(stack, &second).await.remove(0);
        assert_eq!(revision.to_analyze, 2, "only what was never seen is analysed");
        assert_as_git_has_it(stack, &revision, &lively).await;

        // Another stock has never seen any of it; the depot and the analyses are shared.
        let other = world.scan("other", &[lively.url()]).await;
        let counts = counts_of(stack, &other).await;
        assert_eq!(counts, AuditCounts { new: 12, ..AuditCounts::default() });
        assert_eq!(revisions_of(stack, &other).await[0].to_analyze, 0);
        assert_eq!((second.stock_version, other.stock_version), (Some(2), Some(1)));

        // A mode alone is a change.
        lively.write_executable("new.rs", "fn new() {}\n").commit("mode");
        let third = world.scan("one", &[lively.url()]).await;
        let counts = counts_of(stack, &third).await;
        assert_eq!((counts.modified, counts.attributes), (0, 1));
        let entries = |name: &'static str, version| {
            stack.store.read(move |tx| {
                let stock = stocks::by_name(tx, name)?.unwrap();
                stocks::entries_at(tx, stock.id, version, None, 10)
            })
        };
        let (now, before) = (entries("one", None).await.unwrap(), entries("one", Some(1)).await.unwrap());
        assert_eq!(now[0].commit.unwrap().to_string(), lively.head());
        assert_ne!(now[0].tree, before[0].tree);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_repository_that_fails_takes_no_other_with_it() {
    on_each_stack(async |stack| {
        let (world, good, fine) = (World::new(stack), GitFixture::tidy(5), GitFixture::new());
        fine.write("a.py", "pass\n").commit("one file");
        let empty = GitFixture::new();
        let missing = format!("{}-is-not-there", good.url());
        let urls = [good.url(), missing.clone(), empty.url(), fine.url()];
        let snapshot = world.scan("several", &urls).await;
        assert_eq!(snapshot.state, SnapshotState::Committed);
        for revision in revisions_of(stack, &snapshot).await {
            if revision.url == missing {
                let failure = revision.failure.unwrap();
                assert_eq!(failure.kind, ErrorKind::NotFound, "{failure}");
            } else if revision.url == empty.url() {
                assert_eq!((revision.nodes, revision.commit, revision.failure), (0, None, None));
            } else {
                let repository = if revision.url == good.url() { &good } else { &fine };
                assert_as_git_has_it(stack, &revision, repository).await;
            }
        }
        // What was held of a repository stays held when a later visit fails.
        let place = fine.path().to_owned();
        let away = place.with_extension("away");
        std::fs::rename(&place, &away).unwrap();
        let snapshot = world.scan("several", &urls).await;
        std::fs::rename(&away, &place).unwrap();
        assert_eq!(snapshot.state, SnapshotState::Committed);
        let held =
            stack.store.read(move |tx| stocks::entries_at(tx, snapshot.stock, None, None, 10)).await.unwrap();
        assert!(held.iter().any(|entry| entry.url == fine.url()), "{held:?}");
        assert_eq!(held.len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_only_audited_leaves_the_stock_alone() {
    on_each_stack(async |stack| {
        let (world, tidy) = (World::new(stack), GitFixture::tidy(3));
        let id = world.begin("careful", &[tidy.url()], false).await;
        assert_eq!(world.run(Faults::none()).await, Ended::Idle);
        let snapshot = world.snapshot(id).await;
        assert_eq!((snapshot.state, snapshot.stock_version), (SnapshotState::Audited, None));
        assert_eq!(counts_of(stack, &snapshot).await.new, 3);
        let stock = stack.store.read(move |tx| stocks::get(tx, snapshot.stock)).await.unwrap().unwrap();
        assert_eq!(stock.version, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_repository_with_history_is_taken_as_git_has_it() {
    // This repository itself, where it is checked out with its history.
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ours = GitFixture::new();
    let source = root.to_str().unwrap();
    if !root.join(".git").exists() {
        println!("not run: the sources are no git repository here");
        return;
    }
    ours.git(&["fetch", "-q", source, "HEAD"]);
    ours.git(&["reset", "-q", "--hard", "FETCH_HEAD"]);
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let first = world.scan("ourselves", &[ours.url()]).await;
        assert_as_git_has_it(stack, &revisions_of(stack, &first).await[0], &ours).await;
    })
    .await;
}
