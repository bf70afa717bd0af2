//! An indexer on a stack, and what its store knows.

use std::time::Duration;

use contracts::{Failure, Lane, RepositoryId, SourceId};
use runtime::{
    clock::Clock,
    config::{Config, Secrets, ServiceUrl},
    faults::Faults,
};
use serde_json::{Value, json};
use store::{
    Tx,
    forge_facts::{self as facts, Facts},
    outbox, repositories,
    sources::{self, NewSource, Settings, Status, Visits},
    stocks,
    visits::{self, Plan},
};
use testkit::Stack;
use tokio_util::sync::CancellationToken;
use worker::{Engine, Options, Recovery};

/// For how long a test waits before it gives up.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct World<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) config: Config,
    /// How much time has passed beyond the machine's.
    pub(crate) passed: Duration,
}

impl<'a> World<'a> {
    pub(crate) fn new(stack: &'a Stack) -> Self {
        runtime::tls::install();
        let mut config = Config::default();
        config.data.dir = stack.directory().join("data");
        config.depot.url = ServiceUrl::new(stack.depot_url.clone());
        config.fetch.allow_private_addresses = true;
        config.forges.reserved_calls = 0;
        Self { stack, config, passed: Duration::ZERO }
    }

    pub(crate) fn with_tokens(mut self, forge: &str, tokens: &str) -> Self {
        let host = forge.trim_start_matches("http://");
        self.config.forges.tokens = Secrets::new(&[(host, tokens)]);
        self
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine_with(Faults::none())
    }

    fn engine_with(&self, faults: Faults) -> Engine {
        Engine {
            store: self.stack.store.clone(),
            bus: self.stack.bus.clone(),
            clock: Clock::ahead(self.passed),
            faults,
            options: Options {
                owner: "a test".to_owned(),
                jobs: 2,
                handlers: 2,
                prefetch: 8,
                lease: Duration::from_secs(2),
                sweep_every: Duration::from_millis(100),
                recovery: if self.stack.is_shared() { Recovery::Shared } else { Recovery::Alone },
            },
        }
    }

    pub(crate) async fn source(&self, kind: &str, params: Value) -> SourceId {
        forges::check(kind, &params).unwrap();
        let (kind, now) = (kind.to_owned(), self.now());
        self.write(move |tx| {
            let stock = stocks::get_or_create(tx, "stock", now)?;
            let new = NewSource { kind, name: "a source".to_owned(), params, stock: stock.id };
            let source = sources::upsert_by_name(tx, &new, now)?;
            sources::configure(
                tx,
                source.id,
                &Settings { visits: Visits::Planned, ..Settings::default() },
                now,
            )?;
            Ok(source.id)
        })
        .await
    }

    pub(crate) async fn begin(&self, id: SourceId) {
        let now = self.now();
        self.write(move |tx| {
            let begun = sources::begin_run(tx, id, true, Lane::Normal, now)?;
            let envelope = contracts::Envelope::seal(&begun.wake, "stocktake/test", None);
            outbox::push(tx, &[envelope], None, now)?;
            Ok(())
        })
        .await;
    }

    /// Runs `indexers` of them side by side until the store is as wanted, or a fault stopped one. Returns whether
    /// it is as wanted.
    pub(crate) async fn run(
        &self,
        indexers: usize,
        faults: Faults,
        wanted: impl Fn(&mut Tx) -> Result<bool, store::StoreError> + Clone + Send + 'static,
    ) -> bool {
        let token = CancellationToken::new();
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..indexers {
            let engine = self.engine_with(faults.clone());
            let service = indexer::service(&engine, &self.config).unwrap();
            let token = token.clone();
            running.spawn(async move { engine.run(service, token).await });
        }
        let looking = async {
            loop {
                let wanted = wanted.clone();
                if self.stack.store.read(move |tx| wanted(tx)).await.unwrap() {
                    return true;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let done = tokio::select! {
            done = tokio::time::timeout(PATIENCE, looking) => done.expect("it should become as wanted"),
            () = faults.stopped() => false,
        };
        token.cancel();
        while let Some(ended) = running.join_next().await {
            let ended: Result<(), Failure> = ended.unwrap();
            assert!(ended.is_ok() || faults.has_stopped(), "{ended:?}");
        }
        done
    }

    /// A whole pass, from its beginning to its end.
    pub(crate) async fn pass(&self, id: SourceId) -> Status {
        let before = self.status(id).await.last;
        self.begin(id).await;
        self.run(1, Faults::none(), move |tx| {
            let status = sources::status(tx, id)?;
            Ok(status.pass.is_none() && status.last != before)
        })
        .await;
        self.status(id).await
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        Clock::ahead(self.passed).now()
    }

    pub(crate) async fn status(&self, id: SourceId) -> Status {
        self.stack.store.read(move |tx| sources::status(tx, id)).await.unwrap()
    }

    pub(crate) async fn facts(&self, url: &str) -> Facts {
        let id = self.repository(url).await.unwrap();
        self.stack.store.read(move |tx| facts::get(tx, id)).await.unwrap().unwrap()
    }

    pub(crate) async fn plan(&self, url: &str) -> Plan {
        let id = self.repository(url).await.unwrap();
        self.stack.store.read(move |tx| visits::of_repositories(tx, &[id])).await.unwrap().remove(0)
    }

    pub(crate) async fn repository(&self, url: &str) -> Option<RepositoryId> {
        let url = url.to_owned();
        let found = self.stack.store.read(move |tx| repositories::by_url(tx, &url)).await.unwrap();
        found.map(|one| one.id)
    }

    /// The URLs of every repository, in order.
    pub(crate) async fn urls(&self) -> Vec<String> {
        let all = self.stack.store.read(|tx| repositories::list(tx, None, 100_000)).await.unwrap();
        all.into_iter().map(|one| one.url).collect()
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx) -> Result<T, Failure> + Send + 'static,
    ) -> T {
        self.stack.store.write(work).await.unwrap()
    }
}

/// The parameters of a source of this forge.
pub(crate) fn of(forge: &super::forge::Forge) -> Value {
    json!({ "url": forge.url })
}
