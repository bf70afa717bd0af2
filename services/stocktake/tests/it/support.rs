//! Services on a stack, run as often as a test wants, each time as a new process would.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use bus::{Bus, MemoryOptions};
use contracts::{Failure, Lane, Outgoing, SnapshotId, TaskId, messages::RunRequested};
use runtime::{
    clock::Clock,
    config::{Config, ServiceUrl},
    faults::Faults,
};
use serde_json::json;
use store::{
    Store, StoreError, StoreOptions, Tx, digest,
    repairs::{self, RepairState},
    snapshots::{self, NewSnapshot, Snapshot, SnapshotFilter, SnapshotState},
    sources::{self, NewSource, Settings},
    stocks,
    tasks::{self, NewTask},
};
use testkit::Stack;
use worker::{
    Engine, Options, Recovery,
    harness::{Ended, Harness, MakeService},
    process,
};

/// For how long a run may go on before a test gives up: only a run that hangs comes to it, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);
/// Longer than any lease, claim or silence after which a sweep offers something again.
const LONG: Duration = Duration::from_secs(300);

const SERVICES: [worker::process::MakeService; 5] =
    [indexer::service, repo_processor::service, analyzer::service, auditor::service, courier::service];

/// Every service on one stack.
pub(crate) struct World<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) config: Config,
    pub(crate) bus: Arc<dyn Bus>,
    recovery: Recovery,
    /// How far ahead of the machine's clock it is here.
    passed: Duration,
}

impl<'a> World<'a> {
    pub(crate) fn new(stack: &'a Stack) -> Self {
        log_if_asked();
        let mut config = Config::default();
        config.data.dir = stack.directory().join("data");
        config.depot.url = ServiceUrl::new(stack.depot_url.clone());
        config.fetch.allow_local = true;
        config.fetch.allow_private_addresses = true;
        let recovery = if stack.is_shared() { Recovery::Shared } else { Recovery::Alone };
        Self { stack, config, bus: stack.bus.clone(), recovery, passed: Duration::ZERO }
    }

    pub(crate) fn engine(&self, faults: Faults) -> Engine {
        Engine {
            store: self.stack.store.clone(),
            bus: self.bus.clone(),
            clock: Clock::ahead(self.passed),
            faults,
            options: Options {
                owner: "a test".to_owned(),
                jobs: 2,
                handlers: 4,
                prefetch: 32,
                // Nothing runs out by itself on a machine that is busy with other tests: time passes in `restart`.
                lease: LONG / 4,
                sweep_every: Duration::from_millis(200),
                recovery: self.recovery,
            },
        }
    }

    /// Runs until nothing is left to do, or until `faults` stop it.
    pub(crate) async fn run(&self, faults: Faults) -> Ended {
        self.run_until(faults, unfinished).await
    }

    /// As [`Self::run`], for a test that knows better when nothing is left.
    pub(crate) async fn run_until(
        &self,
        faults: Faults,
        unfinished: fn(&mut Tx) -> Result<String, StoreError>,
    ) -> Ended {
        let engine = self.engine(faults);
        let services = self.services(&engine);
        let harness = Harness::new(engine, services).until_finished(unfinished);
        harness.run_pending(PATIENCE).await.unwrap()
    }

    /// As [`Self::run_until`], with another service in the place of the one of the same name.
    pub(crate) async fn run_with(
        &self,
        stand_in: MakeService,
        unfinished: fn(&mut Tx) -> Result<String, StoreError>,
    ) -> Ended {
        let engine = self.engine(Faults::none());
        let mut services = self.services(&engine);
        services.retain(|service| service().name() != stand_in().name());
        services.push(stand_in);
        let harness = Harness::new(engine, services).until_finished(unfinished);
        harness.run_pending(PATIENCE).await.unwrap()
    }

    fn services(&self, engine: &Engine) -> Vec<MakeService> {
        let make = |make: worker::process::MakeService| {
            let (engine, config) = (engine.clone(), self.config.clone());
            let service: MakeService = Arc::new(move || make(&engine, &config).unwrap());
            service
        };
        SERVICES.map(make).into()
    }

    /// What ran is dead and something new is there, a good while later. In memory nothing is left of what was
    /// in the queues, and the new process is the only one; a broker gives everything to the new process that
    /// the dead one had not acknowledged.
    pub(crate) async fn restart(&mut self) {
        self.bus.close().await;
        match self.recovery {
            Recovery::Alone => {
                self.bus = bus::memory(MemoryOptions::default());
                process::take_over(&self.engine(Faults::none())).await.unwrap();
            }
            Recovery::Shared => {
                self.passed += LONG;
                self.bus = self.stack.open_bus().await;
            }
        }
    }

    /// A good while goes by, in which nothing happens.
    pub(crate) fn wait_long(&mut self) {
        self.passed += LONG;
    }

    /// As one of several processes, though nobody else is there: nothing may be taken for owed before its time.
    pub(crate) fn shared(mut self) -> Self {
        self.recovery = Recovery::Shared;
        self
    }

    /// A person starts a run of these URLs.
    pub(crate) async fn begin(&self, stock: &str, urls: &[String], auto_commit: bool) -> SnapshotId {
        let (stock, urls) = (stock.to_owned(), urls.to_vec());
        let engine = self.engine(Faults::none());
        let now = engine.clock.now();
        let begun = engine.submit("test", move |tx| begin(tx, &stock, &urls, auto_commit, now)).await;
        begun.unwrap()
    }

    /// A run of these URLs from its beginning to its end.
    pub(crate) async fn scan(&self, stock: &str, urls: &[String]) -> Snapshot {
        let id = self.begin(stock, urls, true).await;
        assert_eq!(self.run(Faults::none()).await, Ended::Idle);
        self.snapshot(id).await
    }

    pub(crate) async fn snapshot(&self, id: SnapshotId) -> Snapshot {
        self.stack.store.read(move |tx| snapshots::get(tx, id)).await.unwrap().unwrap()
    }

    pub(crate) async fn digest(&self) -> Vec<(&'static str, String)> {
        self.stack.store.read(digest::of_parts).await.unwrap()
    }
}

/// `STOCKTAKE_TEST_LOG=debug` shows what the services say of themselves.
fn log_if_asked() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        if let Some(level) = variable("STOCKTAKE_TEST_LOG") {
            let log = runtime::config::Log { level, ..runtime::config::Log::default() };
            std::mem::forget(runtime::logs::install(&log, &Default::default(), "test").unwrap());
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "tests are told of their surroundings by the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn begin(
    tx: &mut Tx,
    stock: &str,
    urls: &[String],
    auto_commit: bool,
    now: jiff::Timestamp,
) -> Result<(SnapshotId, Vec<Outgoing>), Failure> {
    let stock = stocks::get_or_create(tx, stock, now)?;
    let new = NewSource {
        kind: "list".to_owned(),
        name: format!("test of {} for {}", urls.join(" "), stock.name),
        params: json!({ "urls": urls }),
        stock: stock.id,
    };
    let source = sources::upsert_by_name(tx, &new, now)?;
    let settings = Settings { history: true, ..Settings::default() };
    sources::configure(tx, source.id, &settings, now)?;
    let new = NewSnapshot { stock: stock.id, source: Some(source.id), auto_commit, repair: None };
    let snapshot = snapshots::create(tx, &new, now)?.id;
    let task = TaskId::new();
    let wake = Outgoing::in_lane(&RunRequested { task }, Lane::Normal);
    let new = NewTask { id: task, kind: "index", subject: snapshot.0, label: "test", wake: &wake };
    tasks::create(tx, new, now)?;
    Ok((snapshot, vec![wake]))
}

/// The program, in a data directory of its own and undisturbed by the machine's configuration.
pub(crate) fn stocktake(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stocktake"));
    command.env_clear().env("PATH", variable("PATH").unwrap_or_default()).env("HOME", data);
    command.arg("--data").arg(data).stdin(Stdio::null());
    command
}

pub(crate) fn exit_code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("{:?}", output.status))
}

/// What the store in a data directory knows; nobody else may use it meanwhile.
pub(crate) async fn digest_of(data: &Path) -> Vec<(&'static str, String)> {
    let url = format!("sqlite://{}", data.join("stocktake.db").display());
    let store = Store::open(&url, StoreOptions::default()).unwrap();
    store.read(digest::of_parts).await.unwrap()
}

/// The snapshots and repairs that are still on their way.
pub(crate) fn unfinished(tx: &mut Tx) -> Result<String, StoreError> {
    let mut open = Vec::new();
    for snapshot in snapshots::list(tx, &SnapshotFilter::default(), None, 1_000)? {
        let over = match snapshot.state {
            SnapshotState::Committed | SnapshotState::Aborted => true,
            SnapshotState::Audited => !snapshot.auto_commit,
            _ => false,
        };
        if !over {
            open.push(format!("snapshot {} is {}", snapshot.id, snapshot.state));
        }
    }
    for repair in repairs::list(tx, Some(RepairState::Running), None, 1_000)? {
        open.push(format!("repair of {} is running", repair.subject));
    }
    Ok(open.join(", "))
}
