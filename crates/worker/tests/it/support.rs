//! Services that do what a test says, and what is to be seen of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use contracts::{Envelope, Failure, Outgoing, SnapshotId, StockId, messages::SnapshotCommitted};
use runtime::{clock::Clock, faults::Faults};
use store::{
    StoreError, Tx, inbox,
    notifications::{self, NewNotification},
    set_aside::{self, SetAside, SetAsideFilter},
};
use testkit::Stack;
use worker::{
    Commit, Engine, Handler, Meta, Options, Recovery, Retry, Service,
    harness::{Ended, Harness, MakeService},
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn engine(stack: &Stack, clock: Clock) -> Engine {
    Engine {
        store: stack.store.clone(),
        bus: stack.bus.clone(),
        clock,
        faults: Faults::none(),
        options: Options {
            owner: "a test".to_owned(),
            jobs: 2,
            handlers: 16,
            prefetch: 64,
            lease: Duration::from_secs(60),
            sweep_every: Duration::from_millis(100),
            recovery: Recovery::Shared,
        },
    }
}

type Script = Arc<dyn Fn(u32, &SnapshotCommitted, &Meta) -> Result<Commit, Failure> + Send + Sync>;

/// A handler that does what its script says, and counts how often it was called.
#[derive(Clone)]
pub(crate) struct Scripted {
    script: Script,
    calls: Arc<AtomicUsize>,
}

impl Scripted {
    pub(crate) fn new(
        script: impl Fn(u32, &SnapshotCommitted, &Meta) -> Result<Commit, Failure> + Send + Sync + 'static,
    ) -> Self {
        Self { script: Arc::new(script), calls: Arc::default() }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn service(&self) -> MakeService {
        let scripted = self.clone();
        Arc::new(move || Service::new("courier").handler(scripted.clone()))
    }
}

#[async_trait]
impl Handler for Scripted {
    type Message = SnapshotCommitted;
    const RETRY: Retry =
        Retry { tries: 3, first: Duration::from_millis(100), longest: Duration::from_secs(1) };

    async fn handle(&self, message: SnapshotCommitted, meta: &Meta) -> Result<Commit, Failure> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        (self.script)(u32::try_from(call).unwrap(), &message, meta)
    }
}

/// An effect that can be counted.
pub(crate) fn noted(version: i64, meta: &Meta) -> Commit {
    let now = meta.now;
    Commit::save(move |tx| {
        note(tx, version, now)?;
        Ok(Vec::new())
    })
}

pub(crate) fn note(tx: &mut Tx, version: i64, now: jiff::Timestamp) -> Result<(), Failure> {
    let new = NewNotification {
        kind: "test".to_owned(),
        subject: None,
        text: version.to_string(),
        body: serde_json::json!({}),
    };
    notifications::create(tx, &new, now)?;
    Ok(())
}

/// The numbers of all messages that had their effect, in order.
pub(crate) async fn effects(stack: &Stack) -> Vec<i64> {
    let all = stack.store.read(|tx| notifications::list(tx, false, None, 1_000)).await.unwrap();
    let mut numbers: Vec<i64> = all.iter().map(|one| one.text.parse().unwrap()).collect();
    numbers.sort_unstable();
    numbers
}

pub(crate) async fn all_set_aside(stack: &Stack) -> Vec<SetAside> {
    stack.store.read(|tx| set_aside::list(tx, &SetAsideFilter::default(), None, 100)).await.unwrap()
}

/// A message that a test knows by its number.
pub(crate) fn message(version: i64) -> Envelope {
    let message = SnapshotCommitted { snapshot: SnapshotId::new(), stock: StockId::new(), version };
    Envelope::seal(&Outgoing::new(&message), "stocktake/test", None)
}

/// Runs until as many messages as expected had their effect or were set aside, and nothing is left to do.
pub(crate) async fn run_until<const SETTLED: u64>(engine: Engine, service: MakeService) {
    let harness = Harness::new(engine, vec![service]).until_finished(settled::<SETTLED>);
    assert_eq!(harness.run_pending(PATIENCE).await.unwrap(), Ended::Idle);
}

fn settled<const EXPECTED: u64>(tx: &mut Tx) -> Result<String, StoreError> {
    let done = notifications::list(tx, false, None, 1_000)?.len() as u64 + set_aside::len(tx)?;
    Ok(if done < EXPECTED { format!("{done} of {EXPECTED} settled") } else { String::new() })
}

/// Whether the service has handled this message before. Undone at once.
pub(crate) async fn is_handled(stack: &Stack, id: &str) -> bool {
    let id = id.to_owned();
    let looked: Result<(), Failure> = stack
        .store
        .write(move |tx| {
            let new = inbox::insert(tx, "courier", &id, jiff::Timestamp::now())?;
            Err(Failure::new(contracts::ErrorKind::Cancelled, new))
        })
        .await;
    looked.unwrap_err().reason == "false"
}
