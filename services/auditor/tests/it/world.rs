//! The auditor and the courier on a stack, and snapshots made out of nothing.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use bus::{Bus, MemoryOptions};
use contracts::{
    AuditId, Oid, Outgoing, SnapshotId, StockId,
    messages::{CommitRequested, SnapshotReady},
};
use jiff::Timestamp;
use runtime::{
    clock::Clock,
    config::{Config, ServiceUrl},
    faults::Faults,
};
use store::{
    StoreError, Tx,
    audits::{self, Audit},
    changes::{ChangeRow, Options, Reader, Source},
    repositories,
    revisions::{self, NewRevisions},
    snapshots::{self, NewSnapshot, Snapshot, SnapshotState},
    stocks,
    trees::{self, Node},
};
use testkit::Stack;
use worker::{
    Engine, Recovery,
    harness::{Ended, Harness, MakeService},
};

const PATIENCE: Duration = Duration::from_secs(120);
/// Longer than any lease, claim or silence after which a sweep offers something again.
const LONG: Duration = Duration::from_secs(300);

/// Path to mode and a number that stands for the content.
pub(crate) type Files = BTreeMap<Vec<u8>, (u32, u8)>;
/// URL to files.
pub(crate) type Repositories = BTreeMap<String, Files>;

pub(crate) struct World<'a> {
    pub(crate) stack: &'a Stack,
    config: Config,
    bus: Arc<dyn Bus>,
    passed: Duration,
}

pub(crate) fn files(listed: &[(&str, u8)]) -> Files {
    listed.iter().map(|(path, number)| (path.as_bytes().to_vec(), (0o100_644, *number))).collect()
}

pub(crate) fn one(url: &str, listed: &[(&str, u8)]) -> Repositories {
    BTreeMap::from([(url.to_owned(), files(listed))])
}

pub(crate) fn oid(number: u8) -> Oid {
    Oid::from([number; 20])
}

impl<'a> World<'a> {
    pub(crate) fn new(stack: &'a Stack) -> Self {
        let mut config = Config::default();
        config.data.dir = stack.directory().join("data");
        config.depot.url = ServiceUrl::new(stack.depot_url.clone());
        Self { stack, config, bus: stack.bus.clone(), passed: Duration::ZERO }
    }

    pub(crate) fn engine(&self, faults: Faults) -> Engine {
        Engine {
            store: self.stack.store.clone(),
            bus: self.bus.clone(),
            clock: Clock::ahead(self.passed),
            faults,
            options: worker::Options {
                owner: "a test".to_owned(),
                jobs: 4,
                handlers: 4,
                prefetch: 32,
                lease: LONG / 4,
                sweep_every: Duration::from_millis(200),
                recovery: if self.stack.is_shared() { Recovery::Shared } else { Recovery::Alone },
            },
        }
    }

    pub(crate) async fn run(&self, faults: Faults) -> Ended {
        let engine = self.engine(faults);
        let makes: [worker::process::MakeService; 2] = [auditor::service, courier::service];
        let services = makes.map(|make| {
            let (engine, config) = (engine.clone(), self.config.clone());
            let service: MakeService = Arc::new(move || make(&engine, &config).unwrap());
            service
        });
        let unfinished = |tx: &mut Tx| {
            let open = snapshots::list(tx, &Default::default(), None, 1_000)?;
            let open = open.iter().filter(|snapshot| match snapshot.state {
                SnapshotState::Ready => true,
                SnapshotState::Audited => snapshot.auto_commit,
                _ => false,
            });
            Ok(open.map(|snapshot| format!("{} is {}", snapshot.id, snapshot.state)).collect::<String>())
        };
        Harness::new(engine, services.into()).until_finished(unfinished).run_pending(PATIENCE).await.unwrap()
    }

    pub(crate) async fn run_to_the_end(&self) {
        assert_eq!(self.run(Faults::none()).await, Ended::Idle);
    }

    /// What ran is dead and something new is there, a good while later.
    pub(crate) async fn restart(&mut self) {
        self.bus.close().await;
        if self.stack.is_shared() {
            self.passed += LONG;
            self.bus = self.stack.open_bus().await;
        } else {
            self.bus = bus::memory(MemoryOptions::default());
            worker::process::take_over(&self.engine(Faults::none())).await.unwrap();
        }
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.stack.store.write(work).await.unwrap()
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx) -> Result<T, StoreError> + Send + 'static,
    ) -> T {
        self.stack.store.read(work).await.unwrap()
    }

    pub(crate) async fn stock(&self, name: &'static str) -> StockId {
        let now = Timestamp::now();
        self.write(move |tx| Ok(stocks::get_or_create(tx, name, now)?.id)).await
    }

    /// A snapshot whose repositories are visited and analysed.
    pub(crate) async fn snapshot(&self, stock: StockId, of: &Repositories, auto_commit: bool) -> SnapshotId {
        let (of, now) = (of.clone(), Timestamp::now());
        let engine = self.engine(Faults::none());
        let made = engine.submit("test", move |tx| {
            let new = NewSnapshot { stock, source: None, auto_commit, repair: None };
            let id = snapshots::create(tx, &new, now)?.id;
            for (url, files) in &of {
                let repository = repositories::upsert_many(tx, &[(url.clone(), url.clone())], now)?[0];
                let new = NewRevisions::default();
                let revision = revisions::create_many(tx, id, &[repository], &new, now)?[0].0;
                let tree = tree(tx, revision, files, now)?;
                revisions::stored(tx, revision, None, tree, now)?;
            }
            let from = [SnapshotState::Indexing];
            snapshots::set_state(tx, id, &from, SnapshotState::Processing, now)?;
            assert!(snapshots::ready_if_done(tx, id, now)?);
            Ok((id, vec![Outgoing::new(&SnapshotReady { snapshot: id })]))
        });
        made.await.unwrap()
    }

    /// A snapshot that waits for a person, audited.
    pub(crate) async fn audited(&self, stock: StockId, of: &Repositories) -> SnapshotId {
        let id = self.snapshot(stock, of, false).await;
        self.run_to_the_end().await;
        id
    }

    /// A person asks for another audit; the error is told.
    pub(crate) async fn audit_again(&self, id: SnapshotId) -> Result<AuditId, String> {
        let now = Timestamp::now();
        let engine = self.engine(Faults::none());
        let planned = engine.submit("test", move |tx| {
            let planned = audits::plan(tx, id, now)?;
            Ok((planned.audit, planned.outgoing))
        });
        planned.await.map_err(|failure| failure.to_string())
    }

    /// A person asks for the commit.
    pub(crate) async fn ask_to_commit(&self, id: SnapshotId) {
        let engine = self.engine(Faults::none());
        let request = CommitRequested { snapshot: id, without_failed: false };
        engine.submit("test", move |_| Ok(((), vec![Outgoing::new(&request)]))).await.unwrap();
    }

    pub(crate) async fn commit(&self, id: SnapshotId) -> Snapshot {
        self.ask_to_commit(id).await;
        self.run_to_the_end().await;
        self.get(id).await
    }

    pub(crate) async fn get(&self, id: SnapshotId) -> Snapshot {
        self.read(move |tx| snapshots::get(tx, id)).await.unwrap()
    }

    pub(crate) async fn newest_audit(&self, id: SnapshotId) -> Audit {
        self.read(move |tx| audits::latest_of_snapshot(tx, id)).await.unwrap()
    }

    pub(crate) async fn history(&self, id: SnapshotId) -> Vec<Audit> {
        self.read(move |tx| audits::of_snapshot(tx, id, None, 1_000)).await
    }

    /// What the stock holds, as of a version or as of now.
    pub(crate) async fn held(&self, stock: StockId, version: Option<i64>) -> Repositories {
        self.read(move |tx| {
            let mut held = Repositories::new();
            for entry in stocks::entries_at(tx, stock, version, None, 1_000)? {
                let mut files = Files::new();
                for node in trees::nodes_page(tx, entry.tree, None, 10_000)? {
                    files.insert(node.path, (node.mode, node.oid.as_bytes()[0]));
                }
                held.insert(entry.url, files);
            }
            Ok(held)
        })
        .await
    }

    /// Every row of a comparison, by pages of an odd size.
    pub(crate) async fn changes(&self, source: Source) -> Vec<ChangeRow> {
        self.read(move |tx| {
            source.check(tx)?;
            let options = Options {
                kinds: Vec::new(),
                repository: None,
                facts: false,
                hint: analysis::hint,
                analyzers: analysis::fingerprint(),
            };
            let mut reader = Reader::open(source, options, None);
            let mut rows = Vec::new();
            loop {
                let page = reader.page(tx, 7)?;
                if page.is_empty() {
                    return Ok(rows);
                }
                rows.extend(page);
            }
        })
        .await
    }

    pub(crate) async fn notifications(&self) -> Vec<String> {
        let listed = self.read(|tx| store::notifications::list(tx, true, None, 1_000)).await;
        listed.into_iter().map(|notification| notification.text).collect()
    }
}

/// The tree of these files, made when there is none yet.
pub(crate) fn tree(
    tx: &mut Tx,
    revision: contracts::RevisionId,
    files: &Files,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    let mut bytes = [7; 20];
    bytes[..8].copy_from_slice(&hasher.finish().to_be_bytes());
    let id = Oid::from(bytes);
    if let Some(tree) = trees::find(tx, &id)? {
        return Ok(tree.id);
    }
    let nodes: Vec<Node> = files
        .iter()
        .map(|(path, (mode, number))| Node {
            path: path.clone(),
            mode: *mode,
            oid: oid(*number),
            size: u64::from(*number),
        })
        .collect();
    let draft = trees::begin(tx, &id, revision, now)?;
    trees::insert_nodes(tx, draft, &nodes)?;
    Ok(trees::complete(tx, draft, nodes.len() as u64, 0, 0)?.id)
}
