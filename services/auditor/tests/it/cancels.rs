//! Cancelling an audit, and aborting a snapshot, in every state that they can be in.

use std::collections::BTreeMap;

use contracts::{
    Outgoing, RevisionId, SnapshotId, StockId, TaskId,
    messages::{CancelRequested, CancelSubject, VisitRequested},
};
use runtime::faults::Faults;
use store::{
    audits::{self, AuditState},
    cancel, repositories,
    revisions::{self, NewRevisions, RevisionState},
    set_aside::{self, SetAsideFilter},
    snapshots::{self, NewSnapshot, SnapshotState},
    tasks::{self, NewTask, TaskState},
};
use testkit::on_each_stack;
use worker::harness::Ended;

use crate::world::{Repositories, World, one};

fn two() -> Repositories {
    BTreeMap::from_iter(
        one("https://a", &[("f", 1), ("g", 2)]).into_iter().chain(one("https://b", &[("f", 3)])),
    )
}

/// Somebody says on the bus that something is to stop.
async fn say(world: &World<'_>, subject: CancelSubject) {
    let message = Outgoing::new(&CancelRequested { subject });
    let engine = world.engine(Faults::none());
    engine.submit("test", move |_| Ok(((), vec![message.clone()]))).await.unwrap();
    world.run_to_the_end().await;
}

async fn assert_nothing_set_aside(world: &World<'_>) {
    let kept = world.read(|tx| set_aside::list(tx, &SetAsideFilter::default(), None, 10)).await;
    assert!(kept.is_empty(), "{kept:?}");
}

/// An audit that nobody has heard of.
async fn queued(world: &World<'_>, snapshot: SnapshotId) {
    let now = jiff::Timestamp::now();
    world.write(move |tx| audits::plan(tx, snapshot, now)).await;
}

async fn task_state(world: &World<'_>, task: TaskId) -> TaskState {
    world.read(move |tx| tasks::get(tx, task)).await.unwrap().state
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_that_waits_is_cancelled_at_once_and_one_that_is_over_stays() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let stock = world.stock("main").await;
        let id = world.audited(stock, &two()).await;
        // Over: nothing is left to stop, and nobody is bothered with the wish.
        for subject in [CancelSubject::AuditOf(id), CancelSubject::Task(world.newest_audit(id).await.task)] {
            say(&world, subject).await;
            assert_eq!(world.newest_audit(id).await.state, AuditState::Finished);
        }
        let now = jiff::Timestamp::now();
        let refused = stack.store.write(move |tx| cancel::audit(tx, id, now)).await.unwrap_err();
        assert!(refused.to_string().contains("ended before"), "{refused}");

        queued(&world, id).await;
        // The second time changes nothing.
        for _ in 0..2 {
            say(&world, CancelSubject::AuditOf(id)).await;
            let audit = world.newest_audit(id).await;
            assert_eq!(audit.state, AuditState::Cancelled);
            assert_eq!(task_state(&world, audit.task).await, TaskState::Cancelled);
        }
        assert_eq!(world.commit(id).await.state, SnapshotState::Auditing, "the newest audit counts");
        world.audit_again(id).await.unwrap();
        world.run_to_the_end().await;
        assert_eq!(world.commit(id).await.state, SnapshotState::Committed);
        assert_nothing_set_aside(&world).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audit_that_is_being_made_is_cancelled_wherever_it_is_and_leaves_nothing() {
    on_each_stack(async |stack| {
        let mut world = World::new(stack);
        let stock = world.stock("main").await;
        for point in [
            "job.after_claim",
            "job.after_commit",
            "audit.after_part",
            "audit.after_compare",
            "job.before_finish",
        ] {
            let id = world.snapshot(stock, &two(), true).await;
            assert_eq!(world.run(Faults::stop_at(point, 1).unwrap()).await, Ended::Stopped, "{point}");
            let audit = world.newest_audit(id).await;
            let now = jiff::Timestamp::now();
            world.write(move |tx| cancel::audit(tx, id, now)).await;
            world.restart().await;
            world.run_to_the_end().await;
            let cancelled = world.newest_audit(id).await;
            assert_eq!((cancelled.id, cancelled.state), (audit.id, AuditState::Cancelled), "{point}");
            assert_eq!(task_state(&world, audit.task).await, TaskState::Cancelled, "{point}");
            let parts = world.read(move |tx| audits::parts(tx, audit.id, false, None, 10)).await;
            assert!(parts.is_empty(), "{point}: {parts:?}");
            assert_eq!(world.get(id).await.state, SnapshotState::Auditing, "{point}");
            // It would have been committed by itself; now a person has to ask for another audit.
            assert_eq!(world.held(stock, None).await, Repositories::new(), "{point}");
        }
        assert_nothing_set_aside(&world).await;
    })
    .await;
}

/// A snapshot one of whose repositories nobody has visited yet, with its visit.
async fn unvisited(
    world: &World<'_>,
    stock: StockId,
    state: SnapshotState,
) -> (SnapshotId, RevisionId, TaskId) {
    let now = jiff::Timestamp::now();
    world
        .write(move |tx| {
            let new = NewSnapshot { stock, source: None, auto_commit: true, repair: None };
            let id = snapshots::create(tx, &new, now)?.id;
            let repository = repositories::upsert_many(tx, &[("https://a".into(), "a".into())], now)?[0];
            let revision = revisions::create_many(tx, id, &[repository], &NewRevisions::default(), now)?[0].0;
            let task = TaskId::new();
            let wake = Outgoing::new(&VisitRequested { task });
            let new = NewTask { id: task, kind: "process", subject: revision.0, label: "a", wake: &wake };
            tasks::create(tx, new, now)?;
            snapshots::set_state(tx, id, &[SnapshotState::Indexing], state, now)?;
            Ok((id, revision, task))
        })
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_aborted_in_every_state_but_one_that_is_committed() {
    on_each_stack(async |stack| {
        let mut world = World::new(stack);
        let stock = world.stock("main").await;

        for state in [SnapshotState::Indexing, SnapshotState::Processing] {
            let (id, revision, task) = unvisited(&world, stock, state).await;
            for _ in 0..2 {
                say(&world, CancelSubject::Snapshot(id)).await;
                assert_eq!(world.get(id).await.state, SnapshotState::Aborted, "{state}");
                assert_eq!(task_state(&world, task).await, TaskState::Cancelled, "{state}");
                let revision = world.read(move |tx| revisions::get(tx, revision)).await.unwrap();
                assert_eq!(revision.state, RevisionState::Failed, "{state}");
            }
        }

        // Audited and waiting; and an audit that waits for a worker.
        let audited = world.audited(stock, &two()).await;
        let auditing = world.audited(stock, &two()).await;
        queued(&world, auditing).await;
        for id in [auditing, audited] {
            say(&world, CancelSubject::Snapshot(id)).await;
            assert_eq!(world.commit(id).await.state, SnapshotState::Aborted);
            assert!(world.audit_again(id).await.unwrap_err().contains("aborted"));
        }
        assert_eq!(world.newest_audit(audited).await.state, AuditState::Finished);
        assert_eq!(world.newest_audit(auditing).await.state, AuditState::Cancelled);

        // Ready, and nobody has planned its audit: that it is ready is heard when it is aborted already.
        let ready = world.snapshot(stock, &two(), true).await;
        assert_eq!(world.get(ready).await.state, SnapshotState::Ready);
        let now = jiff::Timestamp::now();
        world.write(move |tx| cancel::abort(tx, ready, now)).await;
        world.run_to_the_end().await;
        assert_eq!(world.get(ready).await.state, SnapshotState::Aborted);
        assert!(world.history(ready).await.is_empty());

        // In the middle of its audit, and when only the end of it is to be written.
        for point in ["audit.after_part", "job.before_finish"] {
            let id = world.snapshot(stock, &two(), true).await;
            assert_eq!(world.run(Faults::stop_at(point, 1).unwrap()).await, Ended::Stopped, "{point}");
            let now = jiff::Timestamp::now();
            world
                .write(move |tx| {
                    cancel::abort(tx, id, now)?;
                    cancel::tasks_of(tx, id, None, 100, now)
                })
                .await;
            world.restart().await;
            world.run_to_the_end().await;
            assert_eq!(world.get(id).await.state, SnapshotState::Aborted, "{point}");
            assert_eq!(world.newest_audit(id).await.state, AuditState::Cancelled, "{point}");
        }
        assert_eq!(world.held(stock, None).await, Repositories::new());

        let committed = world.audited(stock, &two()).await;
        assert_eq!(world.commit(committed).await.state, SnapshotState::Committed);
        say(&world, CancelSubject::Snapshot(committed)).await;
        assert_eq!(world.get(committed).await.state, SnapshotState::Committed);
        assert_eq!(world.held(stock, None).await, two());
        assert_nothing_set_aside(&world).await;
    })
    .await;
}
