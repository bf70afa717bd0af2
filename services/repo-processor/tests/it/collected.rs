//! What the upkeep leaves of visits: no pack without a row, no row that nothing refers to, and all that is of use.

use std::{collections::BTreeSet, time::Duration};

use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use runtime::{clock::Clock, faults::Faults};
use store::{
    StoreError, batches, folders, heads, lfs, packs,
    revisions::Revision,
    snapshots::{self, SnapshotState},
};
use testkit::{GitFixture, Stack, on_each_stack};
use tokio_util::sync::CancellationToken;
use upkeep::{Keeper, Rules};

use crate::support::Visits;

/// Looks after the depot until nothing is left to be collected, a day from now.
async fn look_after(stack: &Stack) -> u64 {
    let keeper = Keeper {
        store: stack.store.clone(),
        depot: stack.depot.clone(),
        clock: Clock::ahead(Duration::from_secs(86_400)),
        faults: Faults::none(),
        rules: Rules { grace: Duration::from_secs(3_600), dead_percent: 50 },
        cancel: CancellationToken::new(),
    };
    let mut strays = 0;
    for ahead in 1..5 {
        let clock = Clock::ahead(Duration::from_secs(86_400 * ahead));
        let keeper = Keeper { clock, ..keeper.clone() };
        strays += keeper.collect(&|_, _, _| {}).await.unwrap().strays;
    }
    keeper.verify(&[], &|_, _, _| {}, |damage| panic!("{damage:?}")).await.unwrap();
    strays
}

/// Collects what deaths have left in the depot; afterwards every object has a row and every row an object.
/// Returns how many had none.
pub(crate) async fn sweep_orphans(stack: &Stack) -> u64 {
    let strays = look_after(stack).await;
    let objects: BTreeSet<String> = stack.depot.list().map_ok(|info| info.name).try_collect().await.unwrap();
    let rows = stack.store.read(|tx| packs::list(tx, None, 100_000)).await.unwrap();
    let rows: BTreeSet<String> = rows.into_iter().map(|pack| pack.name).collect();
    assert_eq!(objects, rows);
    strays
}

async fn abort(stack: &Stack, revision: &Revision) {
    let snapshot = revision.snapshot;
    let aborted = stack.store.write(move |tx| {
        let from = [SnapshotState::Indexing, SnapshotState::Processing, SnapshotState::Ready];
        snapshots::set_state(tx, snapshot, &from, SnapshotState::Aborted, Timestamp::now())
    });
    assert!(aborted.await.map_err(|error: StoreError| error).unwrap());
}

async fn count(stack: &Stack) -> u64 {
    stack.store.read(folders::count).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_pointers_and_heads_go_with_the_last_tree_that_they_are_of() {
    on_each_stack(async |stack| {
        let visits = Visits::new(stack);
        let (kept, gone) = (GitFixture::new(), GitFixture::new());
        for repository in [&kept, &gone] {
            repository.write("shared/deep/file", "in both").write("shared/other", "as well");
        }
        kept.write("own/file", "kept").commit("kept");
        let digest = format!("sha256:{}", "0a".repeat(32));
        let pointer = format!("version https://git-lfs.github.com/spec/v1\noid {digest}\nsize 77777\n");
        gone.write("other/deeper/still/model.bin", &pointer).commit("gone");
        let first = visits.visit(&kept.url()).await;
        // The root, `own`, `shared` and `shared/deep`.
        assert_eq!(count(stack).await, 4);
        let second = visits.visit(&gone.url()).await;
        // Another root, `other`, `other/deeper` and `other/deeper/still`.
        assert_eq!(count(stack).await, 8);
        let model = gone.ls_tree().into_iter().find(|entry| entry.path.ends_with(b"model.bin")).unwrap();
        let model = model.oid.parse().unwrap();
        let read = async || {
            let (repository, url) = (second.repository, gone.url());
            let read = stack.store.read(move |tx| {
                let own = heads::candidates(tx, repository, &url, 16)?;
                let own = own.iter().any(|head| head.repository == repository);
                Ok((lfs::of_contents(tx, &[model])?.len(), own))
            });
            read.await.map_err(|error: StoreError| error).unwrap()
        };
        assert_eq!(read().await, (1, true));
        // A snapshot whose batches are open is at work still.
        stack
            .store
            .write({
                let now = Timestamp::now();
                move |tx| {
                    let open = batches::owed(tx, now + SignedDuration::from_hours(1), now, 1_000)?;
                    for (batch, _) in open {
                        batches::finish(tx, batch, 0, 0, now)?;
                    }
                    Ok::<_, StoreError>(())
                }
            })
            .await
            .unwrap();
        abort(stack, &second).await;
        assert_eq!(look_after(stack).await, 0);
        assert_eq!(count(stack).await, 4, "what is shared stays");
        assert_eq!(read().await, (0, false));
        // What is left is enough to build on, and what went comes again.
        kept.write("own/next", "one more").commit("next");
        let third = visits.visit(&kept.url()).await;
        assert_eq!(third.failure, None);
        let again = visits.visit(&gone.url()).await;
        assert_eq!((again.failure, again.tree.is_some()), (None, true));
        assert_eq!(read().await, (1, true));
        assert!(first.tree.is_some());
    })
    .await;
}
