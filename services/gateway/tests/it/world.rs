//! A gateway on a stack, and services beside it.

use std::time::Duration;

use contracts::Failure;
use runtime::{
    admin::Admin,
    clock::Clock,
    config::{Config, ServiceUrl},
    faults::Faults,
    health::Health,
};
use serde_json::{Value, json};
use store::api_keys::{self, NewKey, Scope};
use testkit::Stack;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use worker::{Engine, Options, Recovery, process::MakeService};

use crate::client::Client;

/// For how long a test waits before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const SERVICES: &[MakeService] =
    &[indexer::service, repo_processor::service, analyzer::service, auditor::service, courier::service];

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) client: Client,
    config: Config,
    shutdown: CancellationToken,
    running: JoinSet<Result<(), Failure>>,
}

impl World {
    /// A gateway, and nothing that works.
    pub(crate) async fn new(stack: &Stack) -> Self {
        Self::with(stack, |_| {}).await
    }

    /// A gateway with other settings, and nothing that works.
    pub(crate) async fn with(stack: &Stack, settings: impl FnOnce(&mut Config)) -> Self {
        runtime::tls::install();
        let mut config = Config::default();
        config.data.dir = stack.directory().join("data");
        config.depot.url = ServiceUrl::new(stack.depot_url.clone());
        config.fetch.allow_local = true;
        config.http.bind = "127.0.0.1:0".parse().unwrap();
        config.http.body_bytes = 4_096;
        let roots = stack.directory().join("assets");
        std::fs::create_dir_all(&roots).unwrap();
        config.assets.roots = vec![roots.to_str().unwrap().to_owned()];
        config.webhooks.allowed_addresses = vec!["127.0.0.0/8".to_owned()];
        config.assets.allowed_addresses = vec!["127.0.0.0/8".to_owned()];
        // A machine that is busy with tests asks a lot.
        config.limits.rate_per_minute = 0;
        config.limits.anonymous_per_minute = 0;
        settings(&mut config);
        let recovery = if stack.is_shared() { Recovery::Shared } else { Recovery::Alone };
        let engine = Engine {
            store: stack.store.clone(),
            bus: stack.bus.clone(),
            clock: Clock::system(),
            faults: Faults::none(),
            options: Options {
                owner: "a test".to_owned(),
                jobs: 2,
                handlers: 4,
                prefetch: 32,
                lease: Duration::from_secs(1),
                sweep_every: Duration::from_millis(200),
                recovery,
            },
        };
        let (shutdown, mut running) = (CancellationToken::new(), JoinSet::new());
        let admin = Admin { health: Health::new(), metrics: runtime::metrics::install().unwrap() };
        let key = make_key(&engine, &[Scope::Admin]).await;
        let listening = gateway::listen(engine.clone(), admin, &config, shutdown.clone()).unwrap();
        let client = Client::new(listening.address(), &key);
        running.spawn(listening.run());
        Self { engine, client, config, shutdown, running }
    }

    /// A key with these scopes.
    pub(crate) async fn key(&self, scopes: &[Scope]) -> String {
        make_key(&self.engine, scopes).await
    }

    /// A gateway and every service.
    pub(crate) async fn working(stack: &Stack) -> Self {
        let mut world = Self::new(stack).await;
        world.start(SERVICES);
        world
    }

    pub(crate) fn start(&mut self, services: &[MakeService]) {
        for make in services {
            let service = make(&self.engine, &self.config).unwrap();
            let (engine, token) = (self.engine.clone(), self.shutdown.clone());
            self.running.spawn(async move { engine.run(service, token).await });
        }
    }

    /// Stops everything, and sees that it stops well and in time.
    pub(crate) async fn stop(mut self) {
        self.shutdown.cancel();
        let all = async {
            while let Some(ended) = self.running.join_next().await {
                ended.unwrap().unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, all).await.expect("it should stop when it is told to");
    }

    /// A source of these URLs, by its id.
    pub(crate) async fn source(&self, name: &str, urls: &[String]) -> String {
        let source = json!({ "name": name, "kind": "list", "params": { "urls": urls }, "stock": name });
        let made = self.client.post("/sources", &source).await.expect(201);
        made["id"].as_str().unwrap().to_owned()
    }

    /// A run of this source: the snapshot's id.
    pub(crate) async fn run(&self, source: &str) -> String {
        let begun = self.client.post(&format!("/sources/{source}/runs"), &json!({})).await.expect(202);
        begun["id"].as_str().unwrap().to_owned()
    }

    /// Waits until what is at `path` is as wanted.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let looking = async {
            loop {
                last = self.client.get(path).await.expect(200);
                if wanted(&last) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, looking).await.is_ok();
        assert!(in_time, "{path} did not become what was wanted: {last:#}");
        last
    }

    pub(crate) async fn until_state(&self, path: &str, state: &str) -> Value {
        self.until(path, |value| value["state"] == state).await
    }

    /// From URLs to an audited snapshot: its path.
    pub(crate) async fn audited(&self, name: &str, urls: &[String]) -> String {
        let source = self.source(name, urls).await;
        let path = format!("/snapshots/{}", self.run(&source).await);
        self.until_state(&path, "audited").await;
        path
    }
}

async fn make_key(engine: &Engine, scopes: &[Scope]) -> String {
    let new = NewKey {
        name: "of a test".to_owned(),
        scopes: scopes.to_vec(),
        rate_per_minute: None,
        daily_quota: None,
        expires_at: None,
    };
    let now = engine.clock.now();
    let made = engine.store.write(move |tx| api_keys::create(tx, &new, now)).await;
    let made: Result<_, store::StoreError> = made;
    made.unwrap().1.expose().to_owned()
}
