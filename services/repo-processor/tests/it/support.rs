//! Visits on a stack, one after the other, each as a new process would make it.

use std::{
    net::TcpListener,
    os::fd::OwnedFd,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use contracts::{Failure, Lane, Outgoing, RevisionId, TaskId, messages::VisitRequested};
use runtime::{
    clock::Clock,
    config::{Config, ServiceUrl},
    faults::Faults,
};
use store::{
    outbox, repositories,
    revisions::{self, NewRevisions, Revision},
    snapshots::{self, NewSnapshot},
    sources::{self, NewSource, Settings},
    stocks,
    tasks::{self, NewTask},
};
use testkit::Stack;
use tokio_util::sync::CancellationToken;
use worker::{Engine, Options, Recovery};

/// For how long anything may go on before a test gives up: only what hangs comes to it, on the slowest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// Only the repo-processor, on one stack.
pub(crate) struct Visits<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) config: Config,
    /// Whether the source wants the commits too.
    pub(crate) history: bool,
}

impl<'a> Visits<'a> {
    pub(crate) fn new(stack: &'a Stack) -> Self {
        let mut config = Config::default();
        config.data.dir = stack.directory().join("data");
        config.depot.url = ServiceUrl::new(stack.depot_url.clone());
        config.fetch.allow_local = true;
        config.fetch.allow_private_addresses = true;
        Self { stack, config, history: false }
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine {
            store: self.stack.store.clone(),
            bus: self.stack.bus.clone(),
            clock: Clock::ahead(Duration::ZERO),
            faults: Faults::none(),
            options: Options {
                owner: "a test".to_owned(),
                jobs: 2,
                handlers: 4,
                prefetch: 32,
                lease: Duration::from_secs(60),
                sweep_every: Duration::from_millis(200),
                recovery: if self.stack.is_shared() { Recovery::Shared } else { Recovery::Alone },
            },
        }
    }

    /// Asks for a visit of `url`.
    pub(crate) async fn begin(&self, url: &str, new: NewRevisions, lane: Lane) -> RevisionId {
        let (url, engine, history) = (url.to_owned(), self.engine(), self.history);
        let now = engine.clock.now();
        engine
            .submit("test", move |tx| {
                let stock = stocks::get_or_create(tx, "test", now)?;
                let source = NewSource {
                    kind: "list".to_owned(),
                    name: format!("{url} {history}"),
                    params: serde_json::json!({ "urls": [url] }),
                    stock: stock.id,
                };
                let source = sources::upsert_by_name(tx, &source, now)?.id;
                sources::configure(tx, source, &Settings { history, ..Settings::default() }, now)?;
                let source = Some(source);
                let snapshot = NewSnapshot { stock: stock.id, source, auto_commit: false, repair: None };
                let snapshot = snapshots::create(tx, &snapshot, now)?.id;
                let ids = repositories::upsert_many(tx, &[(url.clone(), "test".to_owned())], now)?;
                let (revision, _) = revisions::create_many(tx, snapshot, &ids, &new, now)?[0];
                let task = TaskId::new();
                let wake = Outgoing::in_lane(&VisitRequested { task }, lane);
                let new =
                    NewTask { id: task, kind: "process", subject: revision.0, label: &url, wake: &wake };
                tasks::create(tx, new, now)?;
                Ok::<_, Failure>((revision, vec![wake]))
            })
            .await
            .unwrap()
    }

    /// Runs the service until no visit is open.
    pub(crate) async fn run(&self) {
        let (engine, shutdown) = (self.engine(), CancellationToken::new());
        let service = repo_processor::service(&engine, &self.config).unwrap();
        let until_idle = async {
            self.until_idle().await;
            shutdown.cancel();
        };
        let (ran, ()) = tokio::join!(engine.run(service, shutdown.clone()), until_idle);
        ran.unwrap();
    }

    pub(crate) async fn until_idle(&self) {
        let until_idle = async {
            while self.open().await != (0, 0) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, until_idle).await.expect("no visit takes this long");
    }

    /// Tasks and messages that are not done.
    pub(crate) async fn open(&self) -> (u64, u64) {
        let counts = self.stack.store.read(|tx| Ok((tasks::count_open(tx)?, outbox::len(tx)?))).await;
        let (tasks, messages) = counts.map_err(|error: store::StoreError| error).unwrap();
        (tasks, messages)
    }

    /// One visit from its beginning to its end.
    pub(crate) async fn visit(&self, url: &str) -> Revision {
        self.visit_as(url, NewRevisions::default(), Lane::Normal).await
    }

    pub(crate) async fn visit_as(&self, url: &str, new: NewRevisions, lane: Lane) -> Revision {
        let id = self.begin(url, new, lane).await;
        self.run().await;
        self.stack.store.read(move |tx| revisions::get(tx, id)).await.unwrap().unwrap()
    }

    /// What is in the scratch folder.
    pub(crate) fn scratch(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.config.data.dir.join("scratch")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// Answers each connection with a `git daemon` of its own, until the process ends.
pub(crate) fn daemon(root: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let root = root.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = OwnedFd::from(stream.unwrap());
            let mut command = Command::new("git");
            command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
            command.args(["-c", "safe.directory=*", "daemon", "--inetd", "--export-all"]);
            command.arg(format!("--base-path={}", root.display()));
            command.stdin(stream.try_clone().unwrap()).stdout(stream).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            // Its end of the connection is closed with the command.
            drop(command);
            std::thread::spawn(move || child.wait());
        }
    });
    format!("git://{address}")
}
