//! What audits tell, what the gate asks for, and what becomes of it all when it is disturbed.

use std::collections::BTreeMap;

use contracts::{
    ErrorKind, Failure,
    policy::{CheckPolicy, CommitBy, FailedRepositories, Level, StockPolicy},
};
use runtime::faults::Faults;
use serde_json::json;
use store::{
    audits::{self, AuditCounts, AuditState},
    changes::{ChangeKind, Source},
    findings::{self, FindingFilter},
    gate,
    revisions::{self, RevisionState},
    snapshots::{self, SnapshotState},
    stocks, tasks,
};
use testkit::{Stack, on_each_stack};
use worker::harness::Ended;

use crate::world::{World, one};

fn check(check: &str, level: Level, params: serde_json::Value) -> CheckPolicy {
    CheckPolicy { check: check.to_owned(), level, params }
}

async fn set_policy(world: &World<'_>, stock: contracts::StockId, policy: StockPolicy) {
    world.write(move |tx| stocks::set_policy(tx, stock, &policy)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_stock_full_overlap_and_every_kind_of_change() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let stock = world.stock("main").await;
        let first = one("https://a", &[("a", 1), ("b", 2), ("old", 3), ("x", 4), ("e", 0)]);
        let id = world.audited(stock, &first).await;
        let audit = world.newest_audit(id).await;
        assert_eq!(audit.counts, AuditCounts { new: 5, ..AuditCounts::default() });
        assert_eq!((audit.state, audit.stock_version, audit.repositories), (AuditState::Finished, 0, 1));
        assert_eq!(audit.report_digest.as_deref().map(str::len), Some(64));
        assert_eq!(world.commit(id).await.stock_version, Some(1));
        let version = world.read(move |tx| stocks::version(tx, stock, 1)).await.unwrap();
        assert_eq!((version.audit, version.entries), (audit.id, 1));
        assert_eq!(Some(version.report_digest), audit.report_digest);
        assert_eq!(version.auditor, audit.auditor);

        let same = world.audited(stock, &first).await;
        let counts = world.newest_audit(same).await.counts;
        assert_eq!(counts, AuditCounts { unchanged: 5, ..AuditCounts::default() });

        let mut next = one("https://a", &[("a", 1), ("b", 9), ("new", 3), ("x", 4), ("n", 7), ("f", 0)]);
        next.get_mut("https://a").unwrap().insert(b"x".to_vec(), (0o100_755, 4));
        let id = world.audited(stock, &next).await;
        let audit = world.newest_audit(id).await;
        let expected =
            AuditCounts { new: 2, modified: 1, removed: 1, moved: 1, attributes: 1, kept: 0, unchanged: 1 };
        assert_eq!(audit.counts, expected, "an empty file does not move");
        let rows = world.changes(Source::Audit(audit.id)).await;
        let moved = rows.iter().find(|row| row.kind == ChangeKind::Moved).unwrap();
        assert_eq!((moved.path.as_slice(), moved.old_path.as_deref()), (&b"new"[..], Some(&b"old"[..])));
        let modified = rows.iter().find(|row| row.kind == ChangeKind::Modified).unwrap();
        let size = |side: &Option<store::changes::Side>| side.as_ref().map(|side| side.size);
        assert_eq!((size(&modified.before), size(&modified.after)), (Some(2), Some(9)));
        let told = world.notifications().await;
        assert!(told.iter().any(|text| text.contains("1 moved")), "{told:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_snapshots_with_the_same_name_enter_in_either_order() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        for (name, turned) in [("forth", false), ("back", true)] {
            let stock = world.stock(name).await;
            let of = [one("https://a", &[("f", 1)]), one("https://a", &[("f", 2), ("g", 3)])];
            let ids = [world.audited(stock, &of[0]).await, world.audited(stock, &of[1]).await];
            let (one, other) = if turned { (1, 0) } else { (0, 1) };
            assert_eq!(world.commit(ids[one]).await.state, SnapshotState::Committed);
            // The other one's audit saw the stock before.
            assert_eq!(world.commit(ids[other]).await.state, SnapshotState::Audited);
            let told = world.notifications().await;
            assert!(
                told.iter().any(|text| text.contains("refused") && text.contains("from version 0 to 1")),
                "{told:?}"
            );
            assert_eq!(world.held(stock, None).await, of[one]);
            world.audit_again(ids[other]).await.unwrap();
            world.run_to_the_end().await;
            assert_eq!(world.history(ids[other]).await.len(), 2);
            assert_eq!(world.commit(ids[other]).await.state, SnapshotState::Committed);
            assert_eq!(world.held(stock, None).await, of[other], "the one that was committed last wins");
            assert_eq!(world.held(stock, Some(1)).await, of[one]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_commits_at_once_one_wins_and_the_other_is_told() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let stock = world.stock("main").await;
        let mut ids = Vec::new();
        for number in 1..=4 {
            ids.push(world.audited(stock, &one("https://a", &[("f", number)])).await);
        }
        for id in &ids {
            world.ask_to_commit(*id).await;
        }
        world.run_to_the_end().await;
        let mut won = 0;
        for id in ids {
            won += u32::from(world.get(id).await.state == SnapshotState::Committed);
        }
        assert_eq!(won, 1);
        let refused =
            world.notifications().await.iter().filter(|text| text.contains("audit it again")).count();
        assert_eq!(refused, 3);
        assert_eq!(world.read(move |tx| stocks::get(tx, stock)).await.unwrap().version, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_enters_unaudited() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let stock = world.stock("main").await;
        let id = world.snapshot(stock, &one("https://a", &[("f", 1)]), false).await;
        // The wish comes before the audit, and another after the abort.
        world.ask_to_commit(id).await;
        world.run_to_the_end().await;
        let state = world.get(id).await.state;
        assert!(matches!(state, SnapshotState::Audited | SnapshotState::Committed), "{state}");
        let other = world.audited(stock, &one("https://b", &[("f", 1)])).await;
        let now = jiff::Timestamp::now();
        let from = [SnapshotState::Audited];
        world.write(move |tx| snapshots::set_state(tx, other, &from, SnapshotState::Aborted, now)).await;
        assert_eq!(world.commit(other).await.state, SnapshotState::Aborted);
        assert!(world.audit_again(other).await.unwrap_err().contains("aborted"));
        assert!(!world.held(stock, None).await.contains_key("https://b"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocking_finding_forbids_the_commit_until_it_is_overridden() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let stock = world.stock("main").await;
        let checks = vec![
            check("size", Level::Block, json!({ "max_bytes": 5 })),
            check("path", Level::Warn, json!({ "deny": ["**/*.key"] })),
            check("duplicate", Level::Info, json!({})),
        ];
        set_policy(&world, stock, StockPolicy { checks, ..StockPolicy::default() }).await;
        let files = one("https://a", &[("big", 9), ("d/x.key", 1), ("ok", 2)]);
        let id = world.snapshot(stock, &files, true).await;
        world.run_to_the_end().await;
        let snapshot = world.get(id).await;
        assert_eq!((snapshot.state, snapshot.auto_commit), (SnapshotState::Audited, false));
        let audit = world.newest_audit(id).await;
        assert_eq!((audit.findings.block, audit.findings.warn, audit.findings.info), (1, 1, 0));
        assert_eq!(world.commit(id).await.state, SnapshotState::Audited);
        let told = world.notifications().await;
        assert!(told.iter().any(|text| text.contains("1 findings forbid it")), "{told:?}");

        let now = jiff::Timestamp::now();
        let all = FindingFilter::default();
        let by = ("measured, and fine", "a person");
        let count = world.write(move |tx| findings::override_many(tx, audit.id, &all, by, now)).await;
        assert_eq!(count, 1);
        // The decision holds for another audit of the same snapshot.
        world.audit_again(id).await.unwrap();
        world.run_to_the_end().await;
        assert_eq!(world.commit(id).await.state, SnapshotState::Committed);

        // What is held already is no longer on its way in; a copy of it is a duplicate.
        let next = BTreeMap::from_iter(files.into_iter().chain(one("https://b", &[("copy", 2)])));
        let id = world.audited(stock, &next).await;
        let audit = world.newest_audit(id).await;
        assert_eq!((audit.findings.block, audit.findings.info), (0, 1));
        let found =
            world.read(move |tx| findings::of_audit(tx, audit.id, &FindingFilter::default(), None, 9)).await;
        assert!(found[0].message.ends_with("https://a/ok"), "{found:?}");

        // A policy that is changed asks for another audit.
        set_policy(&world, stock, StockPolicy::default()).await;
        let lacks = world.read(move |tx| gate::ask(tx, id, false)).await.lacks;
        assert_eq!(lacks, [gate::Lack::PolicyChanged]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_cannot_be_followed_is_told_and_lets_nothing_in() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let stock = world.stock("main").await;
        let checks = vec![check("licens", Level::Block, json!({}))];
        set_policy(&world, stock, StockPolicy { checks, ..StockPolicy::default() }).await;
        let id = world.snapshot(stock, &one("https://a", &[("f", 1)]), true).await;
        world.run_to_the_end().await;
        let audit = world.newest_audit(id).await;
        assert_eq!(audit.state, AuditState::ErrorTrigger);
        assert!(audit.failure.unwrap().reason.contains("known: licence"));
        let told = world.notifications().await;
        assert!(told.iter().any(|text| text.contains("licens")), "{told:?}");
        assert_eq!(world.commit(id).await.state, SnapshotState::Auditing);
        set_policy(&world, stock, StockPolicy::default()).await;
        world.audit_again(id).await.unwrap();
        world.run_to_the_end().await;
        assert_eq!(world.get(id).await.state, SnapshotState::Committed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stock_that_is_committed_to_by_hand_waits_and_failed_repositories_are_asked_about() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let stock = world.stock("main").await;
        let policy =
            StockPolicy { commit: CommitBy::Hand, failed: FailedRepositories::Ask, ..StockPolicy::default() };
        set_policy(&world, stock, policy).await;
        let id = world.snapshot(stock, &one("https://a", &[("f", 1)]), true).await;
        let now = jiff::Timestamp::now();
        // One of its repositories has failed before it is audited.
        world
            .write(move |tx| {
                let repository =
                    store::repositories::upsert_many(tx, &[("https://z".into(), "z".into())], now)?[0];
                let new = revisions::NewRevisions::default();
                let revision = revisions::create_many(tx, id, &[repository], &new, now)?[0].0;
                revisions::failed(tx, revision, &Failure::new(ErrorKind::NotFound, "gone"), now)
            })
            .await;
        world.run_to_the_end().await;
        assert_eq!(world.get(id).await.state, SnapshotState::Audited);
        let audit = world.newest_audit(id).await;
        assert_eq!((audit.repositories, audit.repositories_failed), (1, 1));
        let lacks = world.read(move |tx| gate::ask(tx, id, false)).await.lacks;
        assert_eq!(lacks, [gate::Lack::Failed { repositories: 1 }]);
        let engine = world.engine(Faults::none());
        let request = contracts::messages::CommitRequested { snapshot: id, without_failed: true };
        let say = move |_: &mut store::Tx| Ok(((), vec![contracts::Outgoing::new(&request)]));
        engine.submit("test", say).await.unwrap();
        world.run_to_the_end().await;
        assert_eq!(world.get(id).await.state, SnapshotState::Committed);
        let failed = world.read(move |tx| revisions::count(tx, id, RevisionState::Failed)).await;
        assert_eq!(failed, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_can_be_cancelled_before_it_begins_and_asked_for_again() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let stock = world.stock("main").await;
        let id = world.audited(stock, &one("https://a", &[("f", 1)])).await;
        let audit = world.audit_again(id).await.unwrap();
        assert!(world.audit_again(id).await.unwrap_err().contains("is being audited"));
        let task = world.newest_audit(id).await.task;
        let now = jiff::Timestamp::now();
        let cancelled = world.write(move |tx| tasks::request_cancel(tx, task, now)).await;
        assert_eq!(cancelled, tasks::Cancel::Cancelled);
        world.write(move |tx| audits::break_off(tx, audit, AuditState::Cancelled, None, now)).await;
        world.run_to_the_end().await;
        assert_eq!(world.commit(id).await.state, SnapshotState::Auditing, "the newest audit counts");
        world.audit_again(id).await.unwrap();
        world.run_to_the_end().await;
        let states: Vec<AuditState> = world.history(id).await.iter().map(|audit| audit.state).collect();
        assert_eq!(states, [AuditState::Finished, AuditState::Cancelled, AuditState::Finished]);
        assert_eq!(world.commit(id).await.state, SnapshotState::Committed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_that_is_stopped_anywhere_finds_what_it_would_have() {
    const POINTS: &[&str] = &[
        "worker.after_commit",
        "outbox.after_delete",
        "job.after_claim",
        "job.before_commit",
        "job.after_commit",
        "audit.after_part",
        "audit.after_compare",
        "job.before_finish",
        "job.after_finish",
    ];
    on_each_stack(async |stack| {
        let mut world = World::new(stack);
        let stock = world.stock("main").await;
        let checks = vec![check("size", Level::Warn, json!({ "max_bytes": 1 }))];
        set_policy(&world, stock, StockPolicy { checks, ..StockPolicy::default() }).await;
        let mut expected = None;
        for point in std::iter::once("").chain(POINTS.iter().copied()) {
            let of = BTreeMap::from_iter(
                one("https://a", &[("f", 1), ("g", 2)]).into_iter().chain(one("https://b", &[("f", 3)])),
            );
            let id = world.snapshot(stock, &of, false).await;
            if !point.is_empty() {
                assert_eq!(world.run(Faults::stop_at(point, 1).unwrap()).await, Ended::Stopped, "{point}");
                world.restart().await;
            }
            world.run_to_the_end().await;
            let audit = world.newest_audit(id).await;
            let found = (audit.counts, audit.findings, audit.report_digest, audit.repositories);
            assert_eq!(audit.state, AuditState::Finished, "{point}");
            assert_eq!(audit.findings.warn, 2, "{point}");
            assert_eq!(*expected.get_or_insert(found.clone()), found, "{point}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_audits_of_one_stock_at_once_and_one_commit_each() {
    async fn hundred(stack: &Stack) {
        let world = World::new(stack);
        let stock = world.stock("main").await;
        for number in 0..100_u8 {
            let url = format!("https://{number:03}");
            world.snapshot(stock, &one(&url, &[("f", number), ("g", 7)]), true).await;
        }
        world.run_to_the_end().await;
        let held = world.held(stock, None).await;
        assert_eq!(held.len(), 100);
        let version = world.read(move |tx| stocks::get(tx, stock)).await.unwrap().version;
        assert_eq!(version, 100, "every snapshot made its version");
        let versions = world.read(move |tx| stocks::versions(tx, stock, None, 200)).await;
        assert_eq!(versions.len(), 100);
    }
    let stack = Stack::embedded().await;
    hundred(&stack).await;
    stack.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_audits_of_one_stock_at_once_find_the_same_and_one_of_them_may_commit() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let stock = world.stock("main").await;
        let before = world.audited(stock, &one("https://a", &[("f", 1), ("g", 2)])).await;
        assert_eq!(world.commit(before).await.state, SnapshotState::Committed);
        let mut ids = Vec::new();
        for _ in 0..100 {
            ids.push(world.snapshot(stock, &one("https://a", &[("f", 9), ("h", 2)]), false).await);
        }
        world.run_to_the_end().await;
        let expected = AuditCounts { modified: 1, moved: 1, ..AuditCounts::default() };
        let mut digest = None;
        for id in &ids {
            let audit = world.newest_audit(*id).await;
            assert_eq!((audit.state, audit.stock_version, audit.counts), (AuditState::Finished, 1, expected));
            assert_eq!(digest.get_or_insert(audit.report_digest.clone()), &audit.report_digest);
            assert_eq!(world.get(*id).await.state, SnapshotState::Audited);
        }
        for id in &ids {
            world.ask_to_commit(*id).await;
        }
        world.run_to_the_end().await;
        assert_eq!(world.read(move |tx| stocks::get(tx, stock)).await.unwrap().version, 2);
        let mut committed = 0;
        for id in &ids {
            committed += u32::from(world.get(*id).await.state == SnapshotState::Committed);
        }
        assert_eq!(committed, 1);
    })
    .await;
}
