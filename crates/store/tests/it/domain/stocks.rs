//! Stocks and their versions.

use contracts::{
    ErrorKind, RevisionId, StockId,
    policy::{Removed, StockPolicy},
};
use store::{
    Store, StoreError, Tx, revisions,
    stocks::{self, NewEntry},
};

use super::{node, now, oid, revision, snapshot, stock, tree};
use crate::db::on_each;

/// A visit of the repository at `url` that saw this commit and tree.
fn visit(tx: &mut Tx, stock: StockId, url: &str, number: u8) -> Result<NewEntry, StoreError> {
    let snapshot = snapshot(tx, stock)?;
    let (revision, repository) = revision(tx, snapshot, url)?;
    let tree = tree(tx, revision, number, &[node(b"file", number)])?;
    revisions::stored(tx, revision, Some(oid(number)), tree, now())?;
    Ok(NewEntry { repository, revision, tree })
}

fn at(tx: &mut Tx, stock: StockId, version: Option<i64>) -> Result<Vec<(String, RevisionId)>, StoreError> {
    let entries = stocks::entries_at(tx, stock, version, None, 99)?;
    Ok(entries.into_iter().map(|entry| (entry.url, entry.revision)).collect())
}

#[tokio::test]
async fn every_version_of_a_stock_stays_readable() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = stock(tx, "main")?;
                let other = stock(tx, "other")?;
                let (a, b) = (visit(tx, id, "https://a", 1)?, visit(tx, id, "https://b", 2)?);
                assert_eq!(stocks::commit_entries(tx, id, 1, &[b, a])?, 2);
                stocks::commit_entries(tx, other, 1, &[b])?;
                let (a2, c) = (visit(tx, id, "https://a", 3)?, visit(tx, id, "https://c", 4)?);
                assert_eq!(stocks::commit_entries(tx, id, 2, &[a2, c])?, 2);
                let b2 = visit(tx, id, "https://b", 5)?;
                assert_eq!(stocks::commit_entries(tx, id, 3, &[b2])?, 1);

                let entry = |url: &str, entry: NewEntry| (url.to_owned(), entry.revision);
                let (one, two) = ([entry("https://a", a), entry("https://b", b)], entry("https://c", c));
                assert_eq!(at(tx, id, Some(0))?, []);
                assert_eq!(at(tx, id, Some(1))?, one);
                assert_eq!(at(tx, id, Some(2))?, [entry("https://a", a2), one[1].clone(), two.clone()]);
                let newest = [entry("https://a", a2), entry("https://b", b2), two];
                assert_eq!(at(tx, id, Some(3))?, newest);
                assert_eq!(at(tx, id, None)?, newest);
                assert_eq!(at(tx, other, None)?, [entry("https://b", b)]);

                let held = stocks::entry_of(tx, id, b.repository)?.unwrap();
                assert_eq!((held.tree, held.commit, held.since), (b2.tree, Some(oid(5)), 3));
                assert_eq!(stocks::entry_of(tx, other, a.repository)?, None);
                let behind = stocks::entries_at(tx, id, None, Some("https://a"), 1)?;
                assert_eq!(behind[0].url, "https://b");
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_a_stock_holds_already_is_not_written_again() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = stock(tx, "main")?;
                let first = visit(tx, id, "https://a", 1)?;
                assert_eq!(stocks::commit_entries(tx, id, 1, &[first])?, 1);
                let same = visit(tx, id, "https://a", 1)?;
                assert_eq!(stocks::commit_entries(tx, id, 2, &[same])?, 0);
                assert_eq!(stocks::entry_of(tx, id, first.repository)?.unwrap().revision, first.revision);
                // The same files at another commit are another state of the repository.
                let moved = visit(tx, id, "https://a", 1)?;
                revisions::stored(tx, moved.revision, Some(oid(9)), moved.tree, now())?;
                assert_eq!(stocks::commit_entries(tx, id, 3, &[moved])?, 1);
                assert_eq!(stocks::get(tx, id)?.unwrap().version, 3);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_commit_against_another_version_is_refused_and_leaves_nothing() {
    on_each(async |db| {
        let made: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = stock(tx, "main")?;
                let entry = visit(tx, id, "https://a", 1)?;
                Ok((id, entry))
            })
            .await;
        let (id, entry) = made.unwrap();
        for version in [0, 2] {
            let refused = db.store.write(move |tx| stocks::commit_entries(tx, id, version, &[entry])).await;
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Conflict);
        }
        assert_eq!(db.store.read(move |tx| at(tx, id, None)).await.unwrap(), []);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_under_the_lock_come_one_after_the_other() {
    on_each(async |db| {
        let made: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let id = stock(tx, "main")?;
                let entries: Result<Vec<_>, _> =
                    (1..=8).map(|number| visit(tx, id, &format!("https://{number}"), number)).collect();
                Ok((id, entries?))
            })
            .await;
        let (id, entries) = made.unwrap();
        let commit = |store: Store, entry: NewEntry| async move {
            let done: Result<_, StoreError> = store
                .write(move |tx| {
                    let version = stocks::lock(tx, id)?.unwrap().version;
                    stocks::commit_entries(tx, id, version + 1, &[entry])
                })
                .await;
            done
        };
        let commits: Vec<_> =
            entries.into_iter().map(|entry| tokio::spawn(commit(db.again(), entry))).collect();
        for commit in commits {
            assert_eq!(commit.await.unwrap().unwrap(), 1);
        }
        for version in 0..=8 {
            let held = db.store.read(move |tx| at(tx, id, Some(version))).await.unwrap();
            assert_eq!(held.len(), version as usize);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stock_is_made_once() {
    on_each(async |db| {
        let makers: Vec<_> = (0..6)
            .map(|_| {
                let store = db.again();
                tokio::spawn(async move { store.write(|tx| stocks::get_or_create(tx, "main", now())).await })
            })
            .collect();
        let mut made = Vec::new();
        for maker in makers {
            made.push(maker.await.unwrap().unwrap());
        }
        assert!(made.iter().all(|stock| *stock == made[0]));
        let policy = StockPolicy { removed: Removed::Keep, ..StockPolicy::default() };
        let again = policy.clone();
        let create = move |tx: &mut Tx| stocks::create(tx, "main", &again, now());
        assert_eq!(db.store.write::<_, StoreError, _>(create).await.unwrap(), (made[0].clone(), false));
        let create = move |tx: &mut Tx| stocks::create(tx, "grown", &policy, now());
        let (grown, is_new) = db.store.write::<_, StoreError, _>(create).await.unwrap();
        assert!(is_new && grown.policy.removed == Removed::Keep);
        let id = grown.id;
        assert_eq!(db.store.ask(move |tx| stocks::get(tx, id)).await.unwrap(), Some(grown));
        assert_eq!((made[0].name.as_str(), made[0].version), ("main", 0));
        let read: Result<_, StoreError> = db
            .store
            .write(|tx| {
                for name in ["b", "B", "a", "é"] {
                    stock(tx, name)?;
                }
                assert_eq!(stocks::by_name(tx, "c")?, None);
                stocks::list(tx, Some("a"), 4)
            })
            .await;
        let names: Vec<String> = read.unwrap().into_iter().map(|stock| stock.name).collect();
        assert_eq!(names, ["b", "grown", "main", "é"], "by bytes, behind the one given");
    })
    .await;
}
