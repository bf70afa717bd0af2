//! The digest of the state.

use std::borrow::Cow;

use contracts::{
    ErrorKind, Failure, TaskId,
    repair::{RepairAction, RepairSubject},
};
use store::{
    StoreError, Tx,
    audits::{self, AuditCounts, AuditResult, AuditState, NewAudit},
    contents::{self, ContentState, NewContent, Place},
    digest,
    metrics::{self, Metric, Outcome},
    packs::{self, NewPack},
    repairs::{self, NewRepair, RepairState},
    revisions,
    snapshots::{self, SnapshotState},
    stocks::{self, NewEntry},
};

use super::{node, now, oid, revision, snapshot, stock, tree};
use crate::db::{Db, on_each};

/// One run over two repositories, of which one cannot be reached. `turned` takes every step in another
/// order, with other ids, packs and detours.
fn run(tx: &mut Tx, turned: bool) -> Result<(), StoreError> {
    let stock = stock(tx, "main")?;
    if turned {
        packs::insert(
            tx,
            &NewPack { name: "other".to_owned(), bytes: 1, contents: 1, content_bytes: 1 },
            now(),
        )?;
    }
    let snapshot = snapshot(tx, stock)?;
    let mut urls = ["https://a", "https://gone"];
    let mut numbers = [1, 2, 3];
    if turned {
        urls.reverse();
        numbers.reverse();
    }
    for url in urls {
        let (id, repository) = revision(tx, snapshot, url)?;
        if url == "https://gone" {
            let reason = if turned { "no answer" } else { "reset by peer" };
            revisions::failed(tx, id, &Failure::new(ErrorKind::Unavailable, reason), now())?;
            continue;
        }
        if turned {
            // An attempt that broke off.
            store::trees::begin(tx, &oid(1), id, now())?;
        }
        let nodes: Vec<_> = numbers.map(|number| node(&[b'a', number], number)).into();
        add_contents(tx, &numbers, turned)?;
        let tree = tree(tx, id, 1, &nodes)?;
        revisions::stored(tx, id, Some(oid(7)), tree, now())?;
        audit(tx, snapshot, stock, turned)?;
        stocks::commit_entries(tx, stock, 1, &[NewEntry { repository, revision: id, tree }])?;
        snapshots::committed(tx, snapshot, 1, now())?;
    }
    let repair = NewRepair {
        message_id: if turned { "m1" } else { "m2" }.to_owned(),
        action: RepairAction::Refetch,
        subject: RepairSubject::RepositoryUrl("https://a".to_owned()),
        reason: None,
    };
    let (repair, _) = repairs::insert(tx, &repair, now())?;
    repairs::finish(tx, repair, RepairState::Done, None, now())?;
    Ok(())
}

fn add_contents(tx: &mut Tx, numbers: &[u8], turned: bool) -> Result<(), StoreError> {
    let name = if turned { "p" } else { "q" }.to_owned();
    let pack_id = packs::insert(tx, &NewPack { name, bytes: 9, contents: 3, content_bytes: 1 }, now())?;
    for number in numbers {
        let new = NewContent {
            oid: oid(*number),
            sha256: Some([*number; 32]),
            size: u64::from(*number),
            state: ContentState::Stored,
            place: Some(Place { pack_id, offset: u64::from(turned), length: 5 }),
        };
        let content = contents::insert_many(tx, &[new], false)?[0];
        let result = if turned { r#"{"b":1,"a":[2]}"# } else { r#"{ "a": [2], "b": 1 }"# };
        let metric = |hint, outcome| Metric {
            content,
            hint: Cow::Borrowed(hint),
            analyzer: Cow::Borrowed("lines"),
            version: 1,
            outcome,
        };
        let mut found = vec![
            metric(".B", Outcome::Ok(result.to_owned())),
            metric(".a", Outcome::Skipped("binary".to_owned())),
        ];
        if turned {
            found.reverse();
        }
        for metric in found {
            metrics::insert_many(tx, &[metric])?;
        }
    }
    Ok(())
}

fn audit(
    tx: &mut Tx,
    snapshot: contracts::SnapshotId,
    stock: contracts::StockId,
    turned: bool,
) -> Result<(), StoreError> {
    let new = NewAudit { snapshot, stock, stock_version: 0, task: TaskId::new() };
    if turned {
        let broken = audits::create(tx, &new, now())?;
        audits::break_off(tx, broken, AuditState::ErrorRuntime, None, now())?;
    }
    let counts = AuditCounts { new: 3, ..AuditCounts::default() };
    let id = audits::create(tx, &new, now())?;
    let found = AuditResult { counts, ..AuditResult::default() };
    audits::finish(tx, id, &found, now())?;
    snapshots::set_state(tx, snapshot, &[SnapshotState::Indexing], SnapshotState::Audited, now())?;
    Ok(())
}

#[tokio::test]
async fn the_same_state_has_the_same_digest_however_and_wherever_it_came_about() {
    let mut digests = Vec::new();
    for turned in [false, true] {
        let of_each: Vec<Db> = [Some(Db::sqlite()), Db::postgres()].into_iter().flatten().collect();
        for db in of_each {
            db.store.migrate().await.unwrap();
            let empty = db.store.read(digest::of_state).await.unwrap();
            db.store.write(move |tx| run(tx, turned)).await.unwrap();
            let parts = db.store.read(digest::of_parts).await.unwrap();
            let state = db.store.read(digest::of_state).await.unwrap();
            assert_ne!(state, empty);
            assert_eq!(state.len(), 64);
            digests.push((parts, state));
        }
    }
    for other in &digests {
        assert_eq!(*other, digests[0]);
    }
}

type Change = fn(&mut Tx) -> Result<(), StoreError>;

/// Whatever is different makes a difference, in the part that it belongs to.
const CHANGES: &[(&str, Change)] = &[
    ("stocks", |tx| stock(tx, "another").map(drop)),
    ("stocks", |tx| {
        let stock = stock(tx, "main")?;
        stocks::commit_entries(tx, stock, 2, &[]).map(drop)
    }),
    ("trees", |tx| {
        let revision = contracts::RevisionId::new();
        tree(tx, revision, 44, &[]).map(drop)
    }),
    ("contents", |tx| {
        let new = NewContent {
            oid: oid(1),
            sha256: Some([1; 32]),
            size: 1,
            state: ContentState::Unreadable,
            place: None,
        };
        contents::insert_many(tx, &[new], true).map(drop)
    }),
    ("contents", |tx| {
        let content = contents::known(tx, &[oid(2)])?[&oid(2)].id;
        let outcome = Outcome::Failed("panic".to_owned());
        let metric = Metric {
            content,
            hint: Cow::Borrowed(".B"),
            analyzer: Cow::Borrowed("lines"),
            version: 1,
            outcome,
        };
        metrics::insert_many(tx, &[metric]).map(drop)
    }),
    ("snapshots", |tx| {
        let stock = stock(tx, "main")?;
        snapshot(tx, stock).map(drop)
    }),
    ("repairs", |tx| {
        let repair = NewRepair {
            message_id: "m9".to_owned(),
            action: RepairAction::Refetch,
            subject: RepairSubject::Content(oid(1)),
            reason: None,
        };
        repairs::insert(tx, &repair, now()).map(drop)
    }),
];

#[tokio::test]
async fn any_difference_shows_in_its_part_alone() {
    on_each(async |db| {
        db.store.write(|tx| run(tx, false)).await.unwrap();
        let mut before = db.store.read(digest::of_parts).await.unwrap();
        for (part, change) in CHANGES {
            db.store.write(change).await.unwrap();
            let after = db.store.read(digest::of_parts).await.unwrap();
            let differ: Vec<&str> = before
                .iter()
                .zip(&after)
                .filter(|(before, after)| before != after)
                .map(|((part, _), _)| *part)
                .collect();
            assert_eq!(differ, [*part]);
            before = after;
        }
    })
    .await;
}
