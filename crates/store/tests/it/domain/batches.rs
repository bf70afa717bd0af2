//! Batches, and what ends with the last of them.

use contracts::{BatchId, ErrorKind, Failure, Lane, RepairId, RevisionId};
use jiff::SignedDuration;
use store::{
    StoreError, Tx,
    batches::{self, BatchEnd, BatchState, NewBatch},
    revisions::{self, RevisionState},
    trees,
};

use super::{node, now, oid, some_revision, tree};
use crate::db::on_each;

fn batch(revision: RevisionId, items: &[(i64, &str)]) -> NewBatch {
    NewBatch {
        revision: Some(revision),
        repair: None,
        force: false,
        items: items.iter().map(|(id, hint)| (*id, (*hint).to_owned())).collect(),
        bytes: 10,
        lane: Lane::Normal,
    }
}

fn revision(tx: &mut Tx, id: RevisionId) -> Result<revisions::Revision, StoreError> {
    revisions::get(tx, id).map(Option::unwrap)
}

#[tokio::test]
async fn a_batch_comes_back_and_is_counted_for_its_revision() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = some_revision(tx)?;
                let new = batch(id, &[(i64::MAX, ".rs"), (2, "it's \"odd\"\n")]);
                let batch = batches::create(tx, &new, now())?;
                let read = batches::lock(tx, batch)?.unwrap();
                assert_eq!((&read.items, read.contents, read.bytes), (&new.items, 2, 10));
                assert_eq!((read.revision, read.state, read.ended_at), (Some(id), BatchState::Stored, None));
                let counted = revision(tx, id)?;
                assert_eq!((counted.to_analyze, counted.batches_total, counted.batches_done), (2, 1, 0));
                assert_eq!(batches::get(tx, BatchId::new())?, None);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_revision_ends_with_its_last_batch_once_it_is_stored() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = some_revision(tx)?;
                assert!(revisions::start(tx, id)?);
                let tree = tree(tx, id, 1, &[node(b"a", 1), node(b"b", 2)])?;
                let one = batches::create(tx, &batch(id, &[(1, "")]), now())?;
                // The first is done before the last is made: that is not the end.
                assert_eq!(batches::finish(tx, one, 1, 0, now())?, BatchEnd::More);
                let two = batches::create(tx, &batch(id, &[(2, ""), (3, "")]), now())?;
                assert_eq!(revisions::stored(tx, id, Some(oid(7)), tree, now())?, RevisionState::Stored);
                assert_eq!(batches::finish(tx, one, 1, 0, now())?, BatchEnd::Already);
                let snapshot = revision(tx, id)?.snapshot;
                let last = BatchEnd::LastOfRevision { revision: id, snapshot };
                assert_eq!(batches::finish(tx, two, 1, 1, now())?, last);
                assert_eq!(batches::finish(tx, BatchId::new(), 1, 0, now())?, BatchEnd::Gone);
                let ended = revision(tx, id)?;
                assert_eq!((ended.state, ended.ended_at), (RevisionState::Analyzed, Some(now())));
                assert_eq!((ended.to_analyze, ended.analyzed, ended.failed), (3, 2, 1));
                assert_eq!((ended.batches_total, ended.batches_done), (2, 2));
                assert_eq!((ended.nodes, ended.bytes, ended.contents), (2, 3, 2));
                assert_eq!((ended.tree, ended.commit), (Some(tree), Some(oid(7))));
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_revision_whose_batches_are_all_done_is_analysed_when_it_is_stored() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = some_revision(tx)?;
                let tree = tree(tx, id, 1, &[])?;
                let one = batches::create(tx, &batch(id, &[(1, "")]), now())?;
                assert_eq!(batches::finish(tx, one, 1, 0, now())?, BatchEnd::More);
                assert_eq!(revisions::stored(tx, id, None, tree, now())?, RevisionState::Analyzed);
                assert_eq!(revision(tx, id)?.ended_at, Some(now()));
                let missing = revisions::stored(tx, id, None, tree + 1, now()).unwrap_err();
                assert_eq!(missing.kind(), ErrorKind::Conflict);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_an_earlier_attempt_left_is_gone_when_a_revision_is_begun_anew() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = some_revision(tx)?;
                let open = batches::create(tx, &batch(id, &[(1, "")]), now())?;
                let ended = batches::create(tx, &batch(id, &[(2, "")]), now())?;
                batches::finish(tx, ended, 1, 0, now())?;
                let failure = Failure::new(ErrorKind::Unavailable, "nul \0 inside");
                assert!(revisions::failed(tx, id, &failure, now())?);
                assert!(!revisions::failed(tx, id, &failure, now())?);
                let kept = revision(tx, id)?.failure.unwrap();
                assert_eq!(
                    (kept.kind, kept.reason.as_str()),
                    (ErrorKind::Unavailable, "nul \u{fffd} inside")
                );
                assert!(revisions::start(tx, id)?);
                assert_eq!(batches::lock(tx, open)?, None);
                assert_eq!(batches::finish(tx, open, 1, 0, now())?, BatchEnd::Gone);
                let anew = revision(tx, id)?;
                assert_eq!((anew.state, anew.failure, anew.ended_at), (RevisionState::Fetching, None, None));
                assert_eq!((anew.to_analyze, anew.batches_total, anew.batches_done), (0, 0, 0));
                assert!(!revisions::start(tx, RevisionId::new())?);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_batches_that_end_at_once_exactly_one_is_the_last() {
    on_each(async |db| {
        for round in 0..5_u8 {
            let made: Result<_, StoreError> = db
                .store
                .write(move |tx| {
                    let stock = super::stock(tx, "stock")?;
                    let snapshot = super::snapshot(tx, stock)?;
                    let (id, _) = super::revision(tx, snapshot, "https://example.org/some.git")?;
                    let draft = trees::begin(tx, &oid(round), id, now())?;
                    let tree = trees::complete(tx, draft, 0, 0, 0)?.id;
                    let made: Result<Vec<BatchId>, _> =
                        (0..8).map(|item| batches::create(tx, &batch(id, &[(item, "")]), now())).collect();
                    Ok((id, tree, made?))
                })
                .await;
            let (id, tree, ids) = made.unwrap();
            let together = std::sync::Arc::new(tokio::sync::Barrier::new(ids.len() * 2 + 1));
            // Every batch is delivered twice, and the revision becomes stored in between.
            let workers: Vec<_> = ids
                .into_iter()
                .flat_map(|batch| [batch, batch])
                .map(|batch| {
                    let (store, together) = (db.again(), together.clone());
                    tokio::spawn(async move {
                        together.wait().await;
                        store.write(move |tx| batches::finish(tx, batch, 1, 0, now())).await
                    })
                })
                .collect();
            together.wait().await;
            let state = db.store.write(move |tx| revisions::stored(tx, id, None, tree, now())).await.unwrap();
            let mut ends = Vec::new();
            for worker in workers {
                ends.push(worker.await.unwrap().unwrap());
            }
            let last = ends.iter().filter(|end| matches!(end, BatchEnd::LastOfRevision { .. })).count();
            assert_eq!(last + usize::from(state == RevisionState::Analyzed), 1, "{state} {ends:?}");
            assert_eq!(ends.iter().filter(|end| **end == BatchEnd::Already).count(), 8);
            let ended = db.store.read(move |tx| revision(tx, id)).await.unwrap();
            assert_eq!((ended.state, ended.batches_done, ended.analyzed), (RevisionState::Analyzed, 8, 8));
        }
    })
    .await;
}

#[tokio::test]
async fn a_repair_is_told_of_its_last_batch() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let repair = RepairId::new();
                let new =
                    NewBatch { revision: None, repair: Some(repair), ..batch(RevisionId::new(), &[(1, "")]) };
                let (one, two) = (batches::create(tx, &new, now())?, batches::create(tx, &new, now())?);
                assert_eq!(batches::open_of_repair(tx, repair)?, 2);
                assert_eq!(batches::finish(tx, two, 1, 0, now())?, BatchEnd::More);
                assert_eq!(batches::finish(tx, one, 1, 0, now())?, BatchEnd::LastOfRepair(repair));
                assert_eq!(batches::open_of_repair(tx, repair)?, 0);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn batches_that_were_announced_long_ago_are_owed_once() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = some_revision(tx)?;
                let later = |minutes| now() + SignedDuration::from_mins(minutes);
                let urgent = NewBatch { lane: Lane::Urgent, ..batch(id, &[(1, "")]) };
                let first = batches::create(tx, &urgent, now())?;
                let second = batches::create(tx, &batch(id, &[(2, "")]), later(1))?;
                let ended = batches::create(tx, &batch(id, &[(3, "")]), now())?;
                batches::finish(tx, ended, 1, 0, now())?;
                assert_eq!(batches::owed(tx, now(), later(10), 9)?, []);
                assert_eq!(batches::owed(tx, later(5), later(10), 1)?, [(first, Lane::Urgent)]);
                assert_eq!(batches::owed(tx, later(5), later(10), 9)?, [(second, Lane::Normal)]);
                assert_eq!(batches::owed(tx, later(5), later(10), 9)?, []);
                assert_eq!(batches::get(tx, first)?.unwrap().announced_at, later(10));
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}
