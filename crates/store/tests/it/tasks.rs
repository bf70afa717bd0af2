//! Tasks: claims, leases, fences, ends, and finding what is owed.

use std::time::Duration;

use contracts::{ErrorKind, Failure, Lane, Outgoing, TaskId, messages::VisitRequested};
use jiff::Timestamp;
use store::{
    Store, StoreError, Tx,
    tasks::{self, Cancel, Claim, Heartbeat, NewTask, TaskEnd, TaskFilter, TaskState},
};
use uuid::Uuid;

use crate::db::{Db, on_each};

const LEASE: Duration = Duration::from_secs(30);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

async fn write<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&mut Tx) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.write(work).await.unwrap()
}

async fn create(db: &Db) -> TaskId {
    let id = TaskId::new();
    write(&db.store, move |tx| {
        let wake = Outgoing::in_lane(&VisitRequested { task: id }, Lane::Urgent);
        let new = NewTask { id, kind: "process", subject: id.0, label: "a repository", wake: &wake };
        tasks::create(tx, new, at(0))
    })
    .await
}

async fn claim(store: &Store, id: TaskId, now: Timestamp) -> Option<Claim> {
    write(store, move |tx| tasks::claim(tx, id, "worker", LEASE, now)).await
}

async fn state(db: &Db, id: TaskId) -> TaskState {
    db.store.read(move |tx| tasks::get(tx, id)).await.unwrap().unwrap().state
}

async fn refused<T: Send + 'static>(
    db: &Db,
    work: impl FnOnce(&mut Tx) -> Result<T, StoreError> + Send + 'static,
) -> ErrorKind {
    let result: Result<T, StoreError> = db.store.write(work).await;
    match result {
        Ok(_) => panic!("was not refused"),
        Err(error) => error.kind(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_claimers_one_wins() {
    on_each(async |db| {
        let id = create(db).await;
        let claimers: Vec<_> = (0..8)
            .map(|_| {
                let store = db.again();
                tokio::spawn(async move { claim(&store, id, at(1)).await })
            })
            .collect();
        let mut claims = Vec::new();
        for claimer in claimers {
            claims.extend(claimer.await.unwrap());
        }
        assert_eq!(claims.len(), 1);
        let claim = &claims[0];
        assert_eq!((claim.fence, claim.task.attempt, claim.task.state), (1, 1, TaskState::Running));
        let stored = db.store.read(move |tx| tasks::get(tx, id)).await.unwrap().unwrap();
        assert_eq!(stored, claim.task);
        assert_eq!(stored.lease_until, Some(at(31)));
    })
    .await;
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_and_the_old_fence_is_refused() {
    on_each(async |db| {
        let id = create(db).await;
        let old = claim(&db.store, id, at(0)).await.unwrap();
        assert_eq!(claim(&db.store, id, at(29)).await, None);
        let new = claim(&db.store, id, at(30)).await.unwrap();
        assert_eq!((new.fence, new.task.attempt, new.task.started_at), (2, 2, Some(at(0))));

        let fence = old.fence;
        assert_eq!(refused(db, move |tx| tasks::guard(tx, id, fence)).await, ErrorKind::Conflict);
        let end = TaskEnd::Finished;
        assert_eq!(
            refused(db, move |tx| tasks::finish(tx, id, fence, &end, at(31))).await,
            ErrorKind::Conflict
        );
        let failure = Failure::new(ErrorKind::Unavailable, "late");
        let late = move |tx: &mut Tx| tasks::retry_later(tx, id, fence, &failure, at(40));
        assert_eq!(refused(db, late).await, ErrorKind::Conflict);
        let beat = write(&db.store, move |tx| tasks::heartbeat(tx, id, fence, LEASE, (9, 9), at(31))).await;
        assert_eq!(beat, Heartbeat::Lost);

        write(&db.store, move |tx| tasks::guard(tx, id, new.fence)).await;
        let task = db.store.read(move |tx| tasks::get(tx, id)).await.unwrap().unwrap();
        assert_eq!((task.state, task.progress_done), (TaskState::Running, 0));
    })
    .await;
}

#[tokio::test]
async fn a_heartbeat_keeps_the_task_and_its_progress() {
    on_each(async |db| {
        let id = create(db).await;
        let fence = claim(&db.store, id, at(0)).await.unwrap().fence;
        let beat = write(&db.store, move |tx| tasks::heartbeat(tx, id, fence, LEASE, (5, 10), at(20))).await;
        assert_eq!(beat, Heartbeat::Alive);
        assert_eq!(claim(&db.store, id, at(49)).await, None);
        let task = db.store.read(move |tx| tasks::get(tx, id)).await.unwrap().unwrap();
        assert_eq!((task.progress_done, task.progress_total), (5, 10));
        // Late, but nobody has taken over: it is still ours.
        let beat = write(&db.store, move |tx| tasks::heartbeat(tx, id, fence, LEASE, (6, 10), at(90))).await;
        assert_eq!(beat, Heartbeat::Alive);
        assert_eq!(claim(&db.store, id, at(91)).await, None);
    })
    .await;
}

#[tokio::test]
async fn each_end_has_its_state_and_ends_for_good() {
    on_each(async |db| {
        let failure = Failure::new(ErrorKind::NotFound, "gone \0");
        for (end, expected) in [
            (TaskEnd::Finished, TaskState::Finished),
            (TaskEnd::Cancelled, TaskState::Cancelled),
            (TaskEnd::Error { trigger: true, failure: failure.clone() }, TaskState::ErrorTrigger),
            (TaskEnd::Error { trigger: false, failure }, TaskState::ErrorRuntime),
        ] {
            let id = create(db).await;
            let fence = claim(&db.store, id, at(0)).await.unwrap().fence;
            assert_eq!(end.state(), expected);
            write(&db.store, move |tx| tasks::finish(tx, id, fence, &end, at(5))).await;
            let task = db.store.read(move |tx| tasks::get(tx, id)).await.unwrap().unwrap();
            assert_eq!((task.state, task.finished_at, task.lease_until), (expected, Some(at(5)), None));
            assert_eq!(
                task.failure.is_some(),
                matches!(expected, TaskState::ErrorTrigger | TaskState::ErrorRuntime)
            );
            assert_eq!(claim(&db.store, id, at(1_000)).await, None);
            assert_eq!(refused(db, move |tx| tasks::guard(tx, id, fence)).await, ErrorKind::Conflict);
            let cancel = write(&db.store, move |tx| tasks::request_cancel(tx, id, at(6))).await;
            assert_eq!(cancel, Cancel::Ended(expected));
        }
    })
    .await;
}

#[tokio::test]
async fn a_task_for_later_keeps_its_attempts_and_waits() {
    on_each(async |db| {
        let id = create(db).await;
        let fence = claim(&db.store, id, at(0)).await.unwrap().fence;
        let failure = Failure::new(ErrorKind::Unavailable, "upstream is away");
        let kept = failure.clone();
        write(&db.store, move |tx| tasks::retry_later(tx, id, fence, &failure, at(60))).await;
        let task = db.store.read(move |tx| tasks::get(tx, id)).await.unwrap().unwrap();
        assert_eq!((task.state, task.attempt, task.failure), (TaskState::Created, 1, Some(kept)));
        assert_eq!(claim(&db.store, id, at(59)).await, None);
        assert_eq!(claim(&db.store, id, at(60)).await.unwrap().task.attempt, 2);
    })
    .await;
}

#[tokio::test]
async fn a_request_to_stop_reaches_whoever_works_on_the_task() {
    on_each(async |db| {
        let untouched = create(db).await;
        let cancel = write(&db.store, move |tx| tasks::request_cancel(tx, untouched, at(1))).await;
        assert_eq!((cancel, state(db, untouched).await), (Cancel::Cancelled, TaskState::Cancelled));
        assert_eq!(claim(&db.store, untouched, at(2)).await, None);

        let id = create(db).await;
        let fence = claim(&db.store, id, at(0)).await.unwrap().fence;
        for _ in 0..2 {
            let cancel = write(&db.store, move |tx| tasks::request_cancel(tx, id, at(1))).await;
            assert_eq!(cancel, Cancel::Requested);
        }
        let beat = write(&db.store, move |tx| tasks::heartbeat(tx, id, fence, LEASE, (0, 0), at(2))).await;
        assert_eq!(beat, Heartbeat::CancelRequested);
        // Its worker dies: the next one cleans up.
        assert!(claim(&db.store, id, at(100)).await.unwrap().task.cancel_requested);

        // It waits for a second try: whoever takes it up cleans up, and need not wait for that.
        let id = create(db).await;
        let fence = claim(&db.store, id, at(0)).await.unwrap().fence;
        let failure = Failure::new(ErrorKind::Unavailable, "away");
        write(&db.store, move |tx| tasks::retry_later(tx, id, fence, &failure, at(600))).await;
        let cancel = write(&db.store, move |tx| tasks::request_cancel(tx, id, at(1))).await;
        assert_eq!(cancel, Cancel::Requested);
        assert_eq!(owed(db, Some(at(0)), at(2)).await, [id]);
        assert!(claim(&db.store, id, at(2)).await.unwrap().task.cancel_requested);
    })
    .await;
}

#[tokio::test]
async fn a_task_that_has_ended_can_be_run_again() {
    on_each(async |db| {
        let id = create(db).await;
        assert_eq!(refused(db, move |tx| tasks::rerun(tx, id, at(1))).await, ErrorKind::Conflict);
        let fence = claim(&db.store, id, at(0)).await.unwrap().fence;
        assert_eq!(refused(db, move |tx| tasks::rerun(tx, id, at(1))).await, ErrorKind::Conflict);
        let end = TaskEnd::Error { trigger: false, failure: Failure::new(ErrorKind::Internal, "x") };
        write(&db.store, move |tx| tasks::finish(tx, id, fence, &end, at(5))).await;
        let wake = write(&db.store, move |tx| tasks::rerun(tx, id, at(6))).await;
        assert_eq!(wake, Outgoing::in_lane(&VisitRequested { task: id }, Lane::Urgent));
        let task = db.store.read(move |tx| tasks::get(tx, id)).await.unwrap().unwrap();
        assert_eq!((task.state, task.attempt, task.failure), (TaskState::Created, 0, None));
        // The number of the claim goes on: whoever held the task in its first life cannot write.
        assert_eq!(claim(&db.store, id, at(7)).await.unwrap().fence, fence + 1);
        assert_eq!(refused(db, move |tx| tasks::guard(tx, id, fence)).await, ErrorKind::Conflict);
    })
    .await;
}

/// The ids of the tasks that are found owed.
async fn owed(db: &Db, woken_before: Option<Timestamp>, now: Timestamp) -> Vec<TaskId> {
    let wakes = write(&db.store, move |tx| tasks::owed(tx, &["process"], woken_before, now, 100)).await;
    wakes.into_iter().map(|wake| serde_json::from_value::<VisitRequested>(wake.body).unwrap().task).collect()
}

#[tokio::test]
async fn a_lost_message_and_a_dead_worker_are_found_once() {
    on_each(async |db| {
        let (lost, dead, living) = (create(db).await, create(db).await, create(db).await);
        claim(&db.store, dead, at(0)).await.unwrap();
        claim(&db.store, living, at(20)).await.unwrap();
        assert_eq!(owed(db, None, at(29)).await, []);
        // Without a time only leases count: the message of the first may still be on its way.
        assert_eq!(owed(db, None, at(30)).await, [dead]);
        assert_eq!(owed(db, Some(at(0)), at(31)).await, [lost, dead]);
        // They were woken just now.
        assert_eq!(owed(db, Some(at(30)), at(32)).await, [dead]);
        assert_eq!(owed(db, Some(at(31)), at(33)).await, [lost, dead]);
        let none = write(&db.store, |tx| tasks::owed(tx, &["audit"], Some(at(50)), at(50), 100)).await;
        assert_eq!(none, []);
        let none = write(&db.store, |tx| tasks::owed(tx, &[], Some(at(50)), at(50), 100)).await;
        assert_eq!(none, []);
    })
    .await;
}

#[tokio::test]
async fn a_lone_process_takes_over_at_once() {
    on_each(async |db| {
        let id = create(db).await;
        claim(&db.store, id, at(0)).await.unwrap();
        assert_eq!(write(&db.store, |tx| tasks::release_all(tx, at(1))).await, 1);
        assert_eq!(owed(db, None, at(1)).await, [id]);
        assert_eq!(claim(&db.store, id, at(1)).await.unwrap().fence, 2);
    })
    .await;
}

#[tokio::test]
async fn tasks_are_listed_newest_first_in_pages() {
    on_each(async |db| {
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(create(db).await);
        }
        ids.reverse();
        let list = async |filter: TaskFilter, after, limit| {
            let found = db.store.read(move |tx| tasks::list(tx, &filter, after, limit)).await.unwrap();
            found.into_iter().map(|task| task.id).collect::<Vec<_>>()
        };
        assert_eq!(list(TaskFilter::default(), None, 3).await, ids[..3]);
        assert_eq!(list(TaskFilter::default(), Some(ids[2]), 3).await, ids[3..]);
        claim(&db.store, ids[1], at(0)).await.unwrap();
        let running = TaskFilter { state: Some(TaskState::Running), ..TaskFilter::default() };
        assert_eq!(list(running, None, 10).await, [ids[1]]);
        let subject = TaskFilter { subject: Some(ids[0].0), ..TaskFilter::default() };
        assert_eq!(list(subject, None, 10).await, [ids[0]]);
        let kind = TaskFilter { kind: Some("audit".to_owned()), ..TaskFilter::default() };
        assert_eq!(list(kind, None, 10).await, []);
        let (newest, subject) = (ids[0], ids[0].0);
        let latest = db.store.read(move |tx| tasks::latest_of(tx, "process", subject)).await.unwrap();
        assert_eq!(latest.map(|task| task.id), Some(newest));
        let none = db.store.read(move |tx| tasks::latest_of(tx, "process", Uuid::nil())).await.unwrap();
        assert_eq!(none, None);
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    on_each(async |db| {
        let id = TaskId::new();
        assert_eq!(claim(&db.store, id, at(0)).await, None);
        assert_eq!(refused(db, move |tx| tasks::guard(tx, id, 1)).await, ErrorKind::NotFound);
        assert_eq!(refused(db, move |tx| tasks::request_cancel(tx, id, at(0))).await, ErrorKind::NotFound);
        assert_eq!(refused(db, move |tx| tasks::rerun(tx, id, at(0))).await, ErrorKind::NotFound);
        assert_eq!(db.store.read(move |tx| tasks::get(tx, id)).await.unwrap(), None);
    })
    .await;
}
