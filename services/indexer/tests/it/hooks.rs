//! Events that forges push to the gateway, and the visits that come of them.

use std::{net::SocketAddr, time::Duration};

use forges::hooks::sign;
use runtime::{admin::Admin, config::Secrets, health::Health};
use serde_json::{Value, json};
use store::{
    forge_facts::FactState,
    visits::{Plan, PlanLane, PlanState},
};
use testkit::on_each_stack;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use crate::world::World;

const SECRET: &str = "a-secret";

/// A gateway beside the world's store, and how it is stopped.
async fn gateway(world: &World<'_>) -> (SocketAddr, CancellationToken) {
    let mut config = world.config.clone();
    config.http.bind = "127.0.0.1:0".parse().unwrap();
    config.forges.hook_secrets = Secrets::new(&[("github", SECRET)]);
    let token = CancellationToken::new();
    let admin = Admin { health: Health::new(), metrics: runtime::metrics::install().unwrap() };
    let listening = gateway::listen(world.engine(), admin, &config, token.clone()).unwrap();
    let address = listening.address();
    tokio::spawn(listening.run());
    (address, token)
}

/// Sends an event, and returns the status and the answer.
async fn send(to: SocketAddr, event: &str, body: &Value, signature: Option<String>) -> (u16, Value) {
    let body = body.to_string();
    let code = signature.unwrap_or_else(|| sign(SECRET, body.as_bytes()));
    let request = format!(
        "POST /api/v1/hooks/github HTTP/1.1\r\nHost: {to}\r\nX-GitHub-Event: {event}\r\n\
         X-Hub-Signature-256: sha256={code}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_pushes_becomes_one_visit_and_what_is_not_signed_none() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let path = stack.directory().join("list");
        let url = "https://github.com/a/b.git";
        std::fs::write(&path, format!("{{\"url\": \"{url}\", \"forge\": \"github.com\", \"id\": 7}}\n"))
            .unwrap();
        let id = world.source("generic", json!({ "path": path })).await;
        world.pass(id).await;
        // As if it had been visited just now.
        let plan = world.plan(url).await;
        let far = world.now() + Duration::from_secs(30 * 24 * 3_600);
        let visited = Plan {
            state: PlanState::Waiting,
            lane: PlanLane::Due,
            next_at: far,
            revision: None,
            queued_at: None,
            visits: 1,
            ..plan
        };
        world.write(move |tx| Ok(store::visits::settle(tx, &visited)?)).await;

        let (address, token) = gateway(&world).await;
        let push = json!({ "repository": { "id": 7, "clone_url": url } });
        let (status, _) = send(address, "push", &push, Some("0".repeat(64))).await;
        assert_eq!(status, 403);
        assert_eq!(world.plan(url).await.lane, PlanLane::Due);

        let (status, answer) = send(address, "push", &push, None).await;
        assert_eq!((status, &answer["outcome"]), (202, &json!("planned")), "{answer}");
        let planned = world.plan(url).await;
        assert_eq!((planned.state, planned.lane), (PlanState::Waiting, PlanLane::Asked));
        assert!(planned.next_at < far);
        for _ in 0..20 {
            assert_eq!(send(address, "push", &push, None).await.0, 202);
        }
        assert_eq!(world.plan(url).await.next_at, planned.next_at, "a burst is one visit");

        let other = json!({ "repository": { "id": 8, "clone_url": "https://github.com/a/other.git" } });
        assert_eq!(send(address, "push", &other, None).await.1["outcome"], "unknown");
        assert_eq!(send(address, "ping", &json!({ "zen": "?" }), None).await.1["outcome"], "ignored");
        // It was renamed, and is known by its id.
        let renamed = json!({ "repository": { "id": 7, "clone_url": "https://github.com/a/new.git" } });
        assert_eq!(send(address, "push", &renamed, None).await.1["outcome"], "planned");
        let deleted = json!({ "action": "deleted", "repository": { "id": 7, "clone_url": url } });
        assert_eq!(send(address, "repository", &deleted, None).await.1["outcome"], "gone");
        assert_eq!(world.plan(url).await.state, PlanState::Off);
        assert_eq!(world.facts(url).await.state, FactState::Gone);
        token.cancel();
    })
    .await;
}
