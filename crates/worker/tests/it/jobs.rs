//! Long work: leases, fences, hand-over, cancellation.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use contracts::{
    Envelope, ErrorKind, Failure, Message, Outgoing, SnapshotId, TaskId,
    messages::{AuditRequested, SnapshotReady, TaskDelayed},
};
use jiff::Timestamp;
use runtime::clock::Clock;
use store::{
    Store, StoreOptions,
    tasks::{self, Cancel, NewTask, Task, TaskState},
};
use testkit::{Stack, on_each_stack};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use worker::{Commit, Engine, Handler, Job, Meta, Retry, Running, Service};

use crate::support::{PATIENCE, all_set_aside, effects, engine, note, noted};

/// What a job of the test does after it said that it runs.
#[derive(Clone, Copy, PartialEq)]
enum Does {
    /// Waits to be let go on, then writes a first effect, then ends with a second one.
    Waits,
    /// Waits until it is to stop.
    Heeds,
    /// Fails with what may pass, twice; then finishes.
    Stumbles,
    /// Finishes.
    Ends,
}

#[derive(Clone)]
struct Act {
    does: Does,
    /// The number of its effects.
    number: i64,
    runs: Arc<AtomicUsize>,
    running: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Act {
    fn new(does: Does, number: i64) -> Self {
        Self { does, number, runs: Arc::default(), running: Arc::default(), go_on: Arc::default() }
    }

    fn runs(&self) -> usize {
        self.runs.load(Ordering::SeqCst)
    }

    fn start(&self, engine: Engine) -> (CancellationToken, JoinHandle<Result<(), Failure>>) {
        let (shutdown, service) = (CancellationToken::new(), Service::new("auditor").job(self.clone()));
        let token = shutdown.clone();
        (shutdown, tokio::spawn(async move { engine.run(service, token).await }))
    }
}

#[async_trait]
impl Job for Act {
    type Message = AuditRequested;
    const KIND: &'static str = "audit";

    fn retry(&self) -> Retry {
        Retry { tries: 3, first: Duration::from_millis(50), longest: Duration::from_secs(1) }
    }

    async fn run(&self, running: &Running) -> Result<Commit, Failure> {
        let run = self.runs.fetch_add(1, Ordering::SeqCst);
        self.running.notify_one();
        let (number, now) = (self.number, running.now());
        match self.does {
            Does::Waits => {
                self.go_on.notified().await;
                running.commit(move |tx| Ok((note(tx, number, now)?, Vec::new()))).await?;
            }
            Does::Heeds => {
                running.cancel.cancelled().await;
                running.check_cancelled()?;
            }
            Does::Stumbles if run < 2 => {
                return Err(Failure::new(ErrorKind::Unavailable, "the other side is away"));
            }
            Does::Stumbles | Does::Ends => {}
        }
        Ok(Commit::save(move |tx| {
            note(tx, number * 10, now)?;
            Ok(Vec::new())
        }))
    }

    fn failed(&self, _: &Task, failure: &Failure) -> Commit {
        let number = if failure.kind == ErrorKind::Cancelled { -1 } else { -2 };
        Commit::save(move |tx| {
            note(tx, number, Timestamp::now())?;
            Ok(Vec::new())
        })
    }
}

/// A task, with its wake message or without.
async fn create(stack: &Stack, woken: bool) -> TaskId {
    let id = TaskId::new();
    let engine = engine(stack, Clock::system());
    let wake = Outgoing::new(&AuditRequested { task: id });
    engine
        .submit("test", move |tx| {
            let new = NewTask { id, kind: "audit", subject: id.0, label: "test", wake: &wake };
            tasks::create(tx, new, Timestamp::now())?;
            Ok((id, if woken { vec![wake.clone()] } else { Vec::new() }))
        })
        .await
        .unwrap()
}

async fn task(stack: &Stack, id: TaskId) -> Task {
    stack.store.read(move |tx| tasks::get(tx, id)).await.unwrap().unwrap()
}

async fn until(stack: &Stack, id: TaskId, what: &str, is: impl Fn(&Task) -> bool) -> Task {
    let waiting = async {
        loop {
            let task = task(stack, id).await;
            if is(&task) {
                return task;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("task never {what}"))
}

async fn soon(notify: &Notify) {
    tokio::time::timeout(PATIENCE, notify.notified()).await.expect("the job should have begun");
}

fn much_later() -> Clock {
    Clock::ahead(Duration::from_secs(600))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_back_after_its_lease_was_taken_over_can_write_nothing() {
    on_each_stack(async |stack| {
        let id = create(stack, true).await;
        let (slow, quick) = (Act::new(Does::Waits, 1), Act::new(Does::Waits, 2));
        // Its heart does not beat again during this test.
        let (stop_slow, slow_ends) = slow.start(engine(stack, Clock::system()));
        soon(&slow.running).await;
        let (stop_quick, quick_ends) = quick.start(engine(stack, much_later()));
        soon(&quick.running).await;
        assert_eq!(task(stack, id).await.fence, 2);
        quick.go_on.notify_one();
        until(stack, id, "finished", |task| task.state == TaskState::Finished).await;
        slow.go_on.notify_one();
        stop_slow.cancel();
        stop_quick.cancel();
        slow_ends.await.unwrap().unwrap();
        quick_ends.await.unwrap().unwrap();
        assert_eq!(effects(stack).await, [2, 20], "only the second worker wrote");
        assert_eq!(task(stack, id).await.state, TaskState::Finished);
        assert_eq!((slow.runs(), quick.runs()), (1, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_heart_that_beats_keeps_its_task() {
    on_each_stack(async |stack| {
        let id = create(stack, true).await;
        let (holder, other) = (Act::new(Does::Waits, 1), Act::new(Does::Waits, 2));
        let mut engine = engine(stack, Clock::system());
        engine.options.lease = Duration::from_secs(2);
        let (stop_holder, holder_ends) = holder.start(engine.clone());
        soon(&holder.running).await;
        let (stop_other, other_ends) = other.start(engine);
        let first = task(stack, id).await.lease_until.unwrap();
        until(stack, id, "renewed twice", |task| task.lease_until.unwrap() > first + Duration::from_secs(1))
            .await;
        assert_eq!(task(stack, id).await.fence, 1);
        holder.go_on.notify_one();
        until(stack, id, "finished", |task| task.state == TaskState::Finished).await;
        stop_holder.cancel();
        stop_other.cancel();
        holder_ends.await.unwrap().unwrap();
        other_ends.await.unwrap().unwrap();
        assert_eq!((effects(stack).await, other.runs()), (vec![1, 10], 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_is_to_be_cancelled_is_told_so_and_ends() {
    on_each_stack(async |stack| {
        let id = create(stack, true).await;
        let heeds = Act::new(Does::Heeds, 1);
        let mut engine = engine(stack, Clock::system());
        engine.options.lease = Duration::from_secs(1);
        let (stop, ends) = heeds.start(engine);
        soon(&heeds.running).await;
        let asked = stack.store.write(move |tx| tasks::request_cancel(tx, id, Timestamp::now())).await;
        let asked: Result<Cancel, store::StoreError> = asked;
        assert_eq!(asked.unwrap(), Cancel::Requested);
        until(stack, id, "cancelled", |task| task.state == TaskState::Cancelled).await;
        stop.cancel();
        ends.await.unwrap().unwrap();
        assert_eq!(effects(stack).await, [-1], "what a cancelled task leaves behind is written with its end");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_was_asked_to_stop_writes_nothing_more_whenever_its_heart_beats() {
    on_each_stack(async |stack| {
        let id = create(stack, true).await;
        let waits = Act::new(Does::Waits, 1);
        let mut engine = engine(stack, Clock::system());
        // No heartbeat comes in time to tell of it.
        engine.options.lease = Duration::from_secs(3_600);
        let (stop, ends) = waits.start(engine);
        soon(&waits.running).await;
        let asked = stack.store.write(move |tx| tasks::request_cancel(tx, id, Timestamp::now())).await;
        let asked: Result<Cancel, store::StoreError> = asked;
        assert_eq!(asked.unwrap(), Cancel::Requested);
        waits.go_on.notify_one();
        until(stack, id, "cancelled", |task| task.state == TaskState::Cancelled).await;
        stop.cancel();
        ends.await.unwrap().unwrap();
        assert_eq!(effects(stack).await, [-1]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stops_hands_its_task_back_at_once() {
    on_each_stack(async |stack| {
        let id = create(stack, true).await;
        let heeds = Act::new(Does::Heeds, 1);
        let (stop, ends) = heeds.start(engine(stack, Clock::system()));
        soon(&heeds.running).await;
        stop.cancel();
        tokio::time::timeout(PATIENCE, ends).await.unwrap().unwrap().unwrap();
        assert_eq!(task(stack, id).await.state, TaskState::Created);
        // No lease has to run out: the next process has it with the message.
        let next = Act::new(Does::Waits, 2);
        let (stop, ends) = next.start(engine(stack, Clock::system()));
        next.go_on.notify_one();
        until(stack, id, "finished", |task| task.state == TaskState::Finished).await;
        stop.cancel();
        ends.await.unwrap().unwrap();
        assert_eq!(effects(stack).await, [2, 20]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_whose_wake_was_lost_is_found_by_the_sweep() {
    on_each_stack(async |stack| {
        let id = create(stack, false).await;
        let act = Act::new(Does::Waits, 1);
        act.go_on.notify_one();
        let (stop, ends) = act.start(engine(stack, much_later()));
        until(stack, id, "finished", |task| task.state == TaskState::Finished).await;
        stop.cancel();
        ends.await.unwrap().unwrap();
        assert_eq!((effects(stack).await, act.runs()), (vec![1, 10], 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_stumbles_is_run_again_and_ends_once() {
    on_each_stack(async |stack| {
        let id = create(stack, true).await;
        let act = Act::new(Does::Stumbles, 1);
        let mut events = stack.bus.events(&[TaskDelayed::KIND]).await.unwrap();
        let (stop, ends) = act.start(engine(stack, Clock::system()));
        let ended = until(stack, id, "finished", |task| task.state == TaskState::Finished).await;
        stop.cancel();
        ends.await.unwrap().unwrap();
        assert_eq!((ended.attempt, act.runs(), effects(stack).await), (3, 3, vec![10]));
        for tried in [1, 2] {
            let told = tokio::time::timeout(PATIENCE, events.next()).await.expect("told").unwrap();
            let told: TaskDelayed = serde_json::from_slice(&told.content.unwrap().body).unwrap();
            assert_eq!((told.task, told.tried, told.tries), (id, tried, 3));
            assert_eq!(told.reason, "the other side is away");
        }
    })
    .await;
}

/// Short work beside the jobs, that reads before it writes.
struct Reads(store::Store);

#[async_trait]
impl Handler for Reads {
    type Message = SnapshotReady;

    async fn handle(&self, _: SnapshotReady, meta: &Meta) -> Result<Commit, Failure> {
        self.0.read(tasks::count_open).await?;
        Ok(noted(7, meta))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_and_long_work_never_wait_for_each_other_in_a_circle() {
    const MANY: usize = 30;
    on_each_stack(async |stack| {
        let options = StoreOptions { postgres_connections: 1, sqlite_readers: 1, ..StoreOptions::default() };
        let mut engine = engine(stack, Clock::system());
        engine.store = Store::open(&stack.store_url, options).unwrap();
        let act = Act::new(Does::Ends, 1);
        let mut tasks = Vec::new();
        for _ in 0..MANY {
            tasks.push(create(stack, true).await);
            let ready = Outgoing::new(&SnapshotReady { snapshot: SnapshotId::new() });
            stack.bus.publish(&[Envelope::seal(&ready, "stocktake/test", None)]).await.unwrap();
        }
        let service = Service::new("auditor").job(act.clone()).handler(Reads(engine.store.clone()));
        let shutdown = CancellationToken::new();
        let token = shutdown.clone();
        let ends = tokio::spawn(async move { engine.run(service, token).await });
        // Well below the time that a transaction waits for a connection before it fails.
        tokio::time::timeout(Duration::from_secs(40), async {
            while effects(stack).await.len() < 2 * MANY {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await
        .expect("everything should be done");
        shutdown.cancel();
        ends.await.unwrap().unwrap();
        for id in tasks {
            assert_eq!(task(stack, id).await.attempt, 1);
        }
        // Nobody here takes the word of a task's end.
        let aside = all_set_aside(stack).await;
        assert!(aside.iter().all(|one| one.routing_key == "task.ended.v1"), "{aside:?}");
    })
    .await;
}
