//! What a gateway does while something it depends on is away.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use bus::{Bus, BusError, Consumer, MemoryOptions, QueueDepth};
use contracts::{Envelope, route};
use serde_json::json;
use store::{Store, StoreOptions, api_keys::Scope, inbox, outbox};
use testkit::Stack;

use crate::{
    client::send,
    private::{Postgres, Redis},
    world::World,
};

/// A bus that can be away.
struct Breakable {
    inner: Arc<dyn Bus>,
    away: std::sync::atomic::AtomicBool,
}

impl Breakable {
    fn new() -> Arc<Self> {
        Arc::new(Self { inner: bus::memory(MemoryOptions::default()), away: false.into() })
    }

    fn set_away(&self, away: bool) {
        self.away.store(away, std::sync::atomic::Ordering::SeqCst);
    }
}

#[async_trait]
impl Bus for Breakable {
    async fn publish(&self, envelopes: &[Envelope]) -> Result<(), BusError> {
        if self.away.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(BusError::Unavailable("pulled out".to_owned()));
        }
        self.inner.publish(envelopes).await
    }

    async fn announce(&self, envelope: &Envelope) -> Result<(), BusError> {
        self.inner.announce(envelope).await
    }

    async fn consume(
        &self,
        queue: &'static route::Queue,
        prefetch: u16,
    ) -> Result<Box<dyn Consumer>, BusError> {
        self.inner.consume(queue, prefetch).await
    }

    async fn events(&self, kinds: &[&str]) -> Result<Box<dyn Consumer>, BusError> {
        self.inner.events(kinds).await
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        self.inner.depths().await
    }

    async fn check(&self) -> Result<String, BusError> {
        self.inner.check().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

fn submission(at: usize) -> serde_json::Value {
    json!({ "url": format!("https://example.org/{at}") })
}

/// Waits until reads are answered like this.
async fn until_reads(world: &World, status: u16) {
    let looking = async {
        while world.client.get("/tasks").await.status != status {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looking).await.expect("reads should change");
}

#[tokio::test]
async fn submissions_are_taken_whatever_is_down_and_nothing_is_lost_or_done_twice() {
    let Some(postgres) = Postgres::start().await else { return };
    let mut stack = Stack::embedded().await;
    let options = StoreOptions { postgres_connections: 4, ..StoreOptions::default() };
    let embedded = std::mem::replace(&mut stack.store, Store::open(&postgres.url(), options).unwrap());
    stack.store.migrate().await.unwrap();
    let broken = Breakable::new();
    stack.bus = broken.clone();
    let mut world = World::with(&stack, |config| {
        config.http.anonymous = runtime::config::Anonymous::Off;
    })
    .await;
    let submitter = world.client.with(Some(&world.key(&[Scope::Submit]).await));
    // Known while the database answers.
    world.client.get("/tasks").await.expect(200);
    submitter.post("/repositories", &submission(0)).await.expect(202);

    // The broker is away: reads go on, submissions go to the outbox.
    broken.set_away(true);
    let taken = submitter.post("/repositories", &submission(1)).await.expect(202);
    assert_eq!(taken["taken"], "stored");
    world.client.get("/tasks").await.expect(200);

    // Both are away: reads are refused at once, submissions go to the disk.
    postgres.down();
    until_reads(&world, 503).await;
    let begun = tokio::time::Instant::now();
    let many = (0..50).map(|_| world.client.get("/tasks"));
    for answer in futures_util::future::join_all(many).await {
        assert!(answer.headers.contains_key("retry-after"));
        answer.problem(503, "unavailable");
    }
    // Fifty that had piled up in front of a database would each have waited for a connection.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    let spooled = submitter.post("/repositories", &submission(2)).await.expect(202);
    assert_eq!(spooled["taken"], "spooled");
    // Who was never seen cannot be told from who may.
    let stranger = "stk_aaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert!(matches!(world.client.with(Some(stranger)).get("/tasks").await.status, 401 | 503));
    assert_eq!(send(world.client.request("GET", "/__lbheartbeat__")).await.status, 200);
    assert_eq!(send(world.client.request("GET", "/__version__")).await.status, 200);

    // The broker is back: submissions go there. The same one twice is the same message.
    broken.set_away(false);
    for _ in 0..2 {
        let request = submitter.request("POST", "/api/v1/repositories").header("Idempotency-Key", "three");
        let request = request.header("Content-Type", "application/json").body(submission(3).to_string());
        assert_eq!(send(request).await.expect(202)["taken"], "published");
    }
    postgres.up().await;
    until_reads(&world, 200).await;
    submitter.post("/repositories", &submission(4)).await.expect(202);

    world.start(&[indexer::service]);
    let expected: BTreeSet<String> =
        (0..5).map(|at| submission(at)["url"].as_str().unwrap().to_owned()).collect();
    let found = world
        .until("/repositories?limit=10", |page| page["items"].as_array().unwrap().len() >= expected.len())
        .await;
    let urls: BTreeSet<String> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["url"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(urls, expected);
    // Each was handled once: one row in the inbox for each message.
    let left = world.engine.store.read(|tx| Ok((inbox::len(tx)?, outbox::len(tx)?))).await.unwrap();
    assert_eq!(left.0, 5, "{left:?}");
    world.stop().await;
    drop(std::mem::replace(&mut stack.store, embedded));
    drop(postgres);
    stack.remove().await;
}

#[tokio::test]
async fn limits_are_shared_over_redis_and_go_on_without_it() {
    let Some(redis) = Redis::start().await else { return };
    let (url, port) = (redis.url(), redis.port());
    let stack = Stack::embedded().await;
    let configure = |config: &mut runtime::config::Config| {
        config.limits.redis = runtime::config::ServiceUrl::new(url.clone());
    };
    let (one, other) = (World::with(&stack, configure).await, World::with(&stack, configure).await);
    let few = json!({ "name": "few", "scopes": ["read"], "daily_quota": 6 });
    let made = one.client.post("/keys", &few).await.expect(201);
    let key = made["secret"].as_str();
    let (here, there) = (one.client.with(key), other.client.with(key));
    for _ in 0..3 {
        here.get("/tasks").await.expect(200);
        there.get("/tasks").await.expect(200);
    }
    // Two gateways, one count.
    here.get("/tasks").await.problem(429, "rate-limited");
    there.get("/tasks").await.problem(429, "rate-limited");
    let usage = other.client.get("/usage").await.expect(200);
    let ours = usage["keys"].as_array().unwrap().iter().find(|one| one["key"] == made["id"]).unwrap();
    assert_eq!((&ours["requests"], &ours["refused"]), (&json!(6), &json!(2)));

    drop(redis);
    // Each process counts by itself now, and says so.
    here.get("/tasks").await.expect(200);
    there.get("/tasks").await.expect(200);
    let told = send(one.client.request("GET", "/metrics")).await.text;
    assert!(told.contains("stocktake_limits_shared 0"), "{told}");

    let redis = Redis::start_at(port).await.unwrap();
    let back = async {
        while !send(one.client.request("GET", "/metrics")).await.text.contains("stocktake_limits_shared 1") {
            here.get("/caller").await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), back).await.expect("it should be asked again");
    drop(redis);
    one.stop().await;
    other.stop().await;
    stack.remove().await;
}
