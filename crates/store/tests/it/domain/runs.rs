//! Snapshots, revisions, audits and repairs.

use contracts::{
    ErrorKind, Failure, RepositoryId, RevisionId, SnapshotId, TaskId,
    policy::StockPolicy,
    repair::{RepairAction, RepairSubject},
};
use store::{
    StoreError,
    audits::{self, AuditCounts, AuditResult, AuditState, Ground, NewAudit},
    batches::{self, NewBatch},
    repairs::{self, NewRepair, RepairState},
    revisions::{self, NewRevisions, RevisionState},
    snapshots::{self, NewSnapshot, SnapshotFilter, SnapshotProgress, SnapshotState},
    sources::{self, NewSource},
};

use super::{node, now, oid, repository, snapshot, stock, tree};
use crate::db::on_each;

#[tokio::test]
async fn a_snapshot_goes_its_way_and_notes_when() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                use SnapshotState::*;
                let stock = stock(tx, "main")?;
                let id = snapshot(tx, stock)?;
                assert!(!snapshots::committed(tx, id, 1, now())?, "not audited yet");
                assert!(!snapshots::set_state(tx, id, &[Processing], Ready, now())?);
                for (from, to) in
                    [(Indexing, Processing), (Processing, Ready), (Ready, Auditing), (Auditing, Audited)]
                {
                    assert!(snapshots::set_state(tx, id, &[Aborted, from], to, now())?, "{from} {to}");
                    assert!(!snapshots::set_state(tx, id, &[from], to, now())?, "{from} {to} again");
                }
                assert!(snapshots::committed(tx, id, 7, now())?);
                let ended = snapshots::lock(tx, id)?.unwrap();
                assert_eq!((ended.state, ended.stock_version), (Committed, Some(7)));
                let times = [ended.indexed_at, ended.ready_at, ended.audited_at, ended.ended_at];
                assert_eq!(times, [Some(now()); 4]);
                assert_eq!(snapshots::get(tx, SnapshotId::new())?, None);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn snapshots_are_listed_newest_first() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let (main, other) = (stock(tx, "main")?, stock(tx, "other")?);
                let source = NewSource {
                    kind: "list".to_owned(),
                    name: "s".to_owned(),
                    params: serde_json::Value::Null,
                    stock: main,
                };
                let source = sources::upsert_by_name(tx, &source, now())?.id;
                let of_source =
                    NewSnapshot { stock: main, source: Some(source), auto_commit: false, repair: None };
                let one = snapshots::create(tx, &of_source, now())?;
                let two = snapshots::create(tx, &of_source, now())?;
                let three =
                    snapshots::create(tx, &NewSnapshot { stock: other, source: None, ..of_source }, now())?;
                let filter = SnapshotFilter::default();
                let all = [three.clone(), two.clone(), one.clone()];
                assert_eq!(snapshots::list(tx, &filter, None, 9)?, all);
                assert_eq!(snapshots::list(tx, &filter, Some(three.id), 1)?, all[1..2]);
                let of_stock = SnapshotFilter { stock: Some(other), ..filter };
                assert_eq!(snapshots::list(tx, &of_stock, None, 9)?, all[..1]);
                let of_source = SnapshotFilter { source: Some(source), ..filter };
                assert_eq!(snapshots::list(tx, &of_source, None, 9)?, all[1..]);
                assert_eq!(snapshots::open_of_source(tx, source)?, Some(two.clone()));
                snapshots::set_state(tx, two.id, &[SnapshotState::Indexing], SnapshotState::Aborted, now())?;
                assert_eq!(snapshots::open_of_source(tx, source)?, Some(one));
                let aborted = SnapshotFilter { state: Some(SnapshotState::Aborted), ..filter };
                assert_eq!(snapshots::list(tx, &aborted, None, 9)?[0].id, two.id);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_has_one_revision_of_each_repository() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let stock = stock(tx, "main")?;
                let id = snapshot(tx, stock)?;
                let urls = ["https://a", "https://b", "https://c"];
                let ids: Vec<RepositoryId> =
                    urls.iter().map(|url| repository(tx, url)).collect::<Result<_, _>>()?;
                let new = NewRevisions { force: true, pinned_commit: Some(oid(4)), repair: None };
                let first = revisions::create_many(tx, id, &[ids[0], ids[1], ids[0]], &new, now())?;
                assert_eq!(first.len(), 2);
                let second = revisions::create_many(tx, id, &ids, &NewRevisions::default(), now())?;
                assert_eq!(second.iter().map(|(_, repository)| *repository).collect::<Vec<_>>(), [ids[2]]);
                let kept = revisions::of_snapshot(tx, id, None, None, 9)?;
                assert_eq!(kept.len(), 3);
                let a = kept.iter().find(|it| it.url == "https://a").unwrap();
                assert_eq!((a.force, a.pinned_commit, a.state), (true, Some(oid(4)), RevisionState::Pending));
                assert_eq!(revisions::of_snapshot(tx, id, None, Some(kept[0].id), 1)?, kept[1..2]);
                assert!(revisions::start(tx, kept[2].id)?);
                let fetching = revisions::of_snapshot(tx, id, Some(RevisionState::Fetching), None, 9)?;
                assert_eq!(fetching[0].id, kept[2].id);
                assert_eq!(revisions::count_open(tx, id)?, 3);

                let later = snapshot(tx, stock)?;
                let again = revisions::create_many(tx, later, &[ids[0]], &NewRevisions::default(), now())?;
                let history = revisions::of_repository(tx, ids[0], None, 9)?;
                assert_eq!(history.iter().map(|it| it.id).collect::<Vec<_>>(), [again[0].0, a.id]);
                assert_eq!(revisions::of_repository(tx, ids[0], Some(again[0].0), 9)?.len(), 1);
                assert_eq!(revisions::lock(tx, RevisionId::new())?, None);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn progress_is_the_sum_of_all_revisions() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let stock = stock(tx, "main")?;
                let id = snapshot(tx, stock)?;
                assert_eq!(snapshots::progress(tx, id)?, SnapshotProgress::default());
                let urls = ["https://a", "https://b", "https://c", "https://d", "https://e"];
                let ids: Vec<RepositoryId> =
                    urls.iter().map(|url| repository(tx, url)).collect::<Result<_, _>>()?;
                let made = revisions::create_many(tx, id, &ids, &NewRevisions::default(), now())?;
                let ids: Vec<RevisionId> = made.into_iter().map(|(id, _)| id).collect();
                let tree = tree(tx, ids[0], 1, &[node(b"a", 5), node(b"b", 6)])?;
                let batch = NewBatch {
                    revision: Some(ids[0]),
                    repair: None,
                    force: false,
                    items: vec![(1, String::new()), (2, String::new())],
                    bytes: 11,
                    lane: contracts::Lane::Normal,
                };
                let batch = batches::create(tx, &batch, now())?;
                revisions::stored(tx, ids[0], None, tree, now())?;
                assert_eq!(snapshots::progress(tx, id)?.stored, 1);
                batches::finish(tx, batch, 1, 1, now())?;
                assert!(revisions::unchanged(tx, ids[1], Some(oid(1)), tree, now())?);
                assert!(revisions::failed(tx, ids[2], &Failure::new(ErrorKind::NotFound, "gone"), now())?);
                assert!(revisions::start(tx, ids[3])?);
                let expected = SnapshotProgress {
                    revisions: 5,
                    pending: 1,
                    fetching: 1,
                    stored: 0,
                    analyzed: 2,
                    failed: 1,
                    unchanged: 1,
                    contents_to_analyze: 2,
                    contents_analyzed: 1,
                    contents_failed: 1,
                    nodes: 4,
                    bytes: 22,
                    contents: 4,
                };
                assert_eq!(snapshots::progress(tx, id)?, expected);
                assert_eq!(revisions::count_open(tx, id)?, 2);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_audit_ends_once() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let stock = stock(tx, "main")?;
                let snapshot = snapshot(tx, stock)?;
                let new = NewAudit { snapshot, stock, stock_version: 3, task: TaskId::new() };
                let id = audits::create(tx, &new, now())?;
                assert_eq!(audits::get(tx, id)?.unwrap().state, AuditState::Created);
                let ground = Ground {
                    stock_version: 4,
                    policy: StockPolicy::default(),
                    policy_version: 2,
                    analyzers: "lines@1".to_owned(),
                    auditor: "a test".to_owned(),
                };
                assert!(audits::begin(tx, id, &ground)?);
                let counts = AuditCounts {
                    new: 1,
                    modified: 2,
                    removed: 3,
                    moved: 4,
                    attributes: 5,
                    kept: 6,
                    unchanged: 7,
                };
                let found = AuditResult { counts, digest: "d".to_owned(), ..AuditResult::default() };
                assert!(audits::finish(tx, id, &found, now())?);
                assert!(!audits::break_off(tx, id, AuditState::Cancelled, None, now())?);
                assert!(!audits::begin(tx, id, &Ground { stock_version: 5, ..ground })?);
                let audit = audits::by_task(tx, new.task)?.unwrap();
                assert_eq!(
                    (audit.state, audit.counts, audit.stock_version),
                    (AuditState::Finished, counts, 4)
                );
                let newer = audits::create(tx, &NewAudit { task: TaskId::new(), ..new }, now())?;
                assert_eq!(audits::latest_of_snapshot(tx, snapshot)?.unwrap().id, newer);
                assert_eq!(audits::of_snapshot(tx, snapshot, Some(newer), 9)?, [audit]);
                assert_eq!(audits::latest_of_snapshot(tx, SnapshotId::new())?, None);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_message_asks_for_one_repair_however_often_it_comes() {
    on_each(async |db| {
        let done: Result<_, StoreError> = db
            .store
            .write(|tx| {
                let new = NewRepair {
                    message_id: "m-1".to_owned(),
                    action: RepairAction::Reanalyze,
                    subject: RepairSubject::Content(oid(1)),
                    reason: Some("wrong \0".to_owned()),
                };
                let (id, is_new) = repairs::insert(tx, &new, now())?;
                assert!(is_new);
                assert_eq!(repairs::insert(tx, &new, now())?, (id, false));
                let other = NewRepair {
                    message_id: "m".repeat(5_000),
                    subject: RepairSubject::RepositoryUrl("https://a".to_owned()),
                    ..new.clone()
                };
                let (second, _) = repairs::insert(tx, &other, now())?;
                assert_eq!(repairs::insert(tx, &other, now())?, (second, false));
                assert!(repairs::finish(tx, id, RepairState::Failed, Some("gone"), now())?);
                assert!(!repairs::finish(tx, id, RepairState::Done, None, now())?);
                let ended = repairs::get(tx, id)?.unwrap();
                assert_eq!((ended.state, ended.note.as_deref()), (RepairState::Failed, Some("gone")));
                assert_eq!((ended.action, &ended.subject), (new.action, &new.subject));
                assert_eq!(ended.reason.as_deref(), Some("wrong \u{fffd}"));
                assert_eq!(repairs::list(tx, Some(RepairState::Failed), None, 9)?, vec![ended.clone()]);
                assert_eq!(repairs::list(tx, None, Some(second), 9)?, [ended]);
                Ok(())
            })
            .await;
        done.unwrap();
    })
    .await;
}
