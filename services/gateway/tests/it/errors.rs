//! Whatever is wrong with a request is told as a problem document that says what and where.

use serde_json::json;
use testkit::{Stack, on_each_stack};

use crate::{client::send, world::World};

const NOWHERE: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        for path in ["sources", "snapshots", "stocks", "repositories", "tasks", "set-aside", "repairs"] {
            world.client.get(&format!("/{path}/{NOWHERE}")).await.problem(404, "not-found");
            let wrong = world.client.get(&format!("/{path}/7")).await.problem(400, "invalid-request");
            assert_eq!(wrong["at"], "path");
        }
        for path in [
            "snapshots/{}/repositories",
            "snapshots/{}/nodes",
            "snapshots/{}/nodes?format=ndjson",
            "stocks/{}/entries",
        ] {
            world.client.get(&format!("/{}", path.replace("{}", NOWHERE))).await.problem(404, "not-found");
        }
        for path in [
            "sources/{}/runs",
            "snapshots/{}/commit",
            "snapshots/{}/abort",
            "tasks/{}/cancel",
            "tasks/{}/rerun",
            "set-aside/{}/replay",
            "notifications/{}/read",
        ] {
            world
                .client
                .post(&format!("/{}", path.replace("{}", NOWHERE)), &json!({}))
                .await
                .problem(404, "not-found");
        }
        let state = json!({ "state": "paused" });
        world
            .client
            .body("PUT", &format!("/sources/{NOWHERE}/state"), &state)
            .await
            .problem(404, "not-found");
        world
            .client
            .body("DELETE", &format!("/set-aside/{NOWHERE}"), &json!({}))
            .await
            .problem(404, "not-found");
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_body_is_read_with_care() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        let good = json!({ "name": "a", "kind": "list", "params": { "urls": ["https://example.org/a"] } });
        let with = |field: &str, value| {
            let mut body = good.clone();
            body[field] = value;
            body
        };
        for (body, at, word) in [
            (json!({}), "body", "name"),
            (json!([]), "body", "no JSON object"),
            (with("name", json!(7)), "name", "expected a string"),
            (with("name", json!(" ")), "name", "1 to 200"),
            (with("name", json!("a\nb")), "name", "control"),
            (with("name", json!("x".repeat(201))), "name", "1 to 200"),
            (with("stock", json!("")), "stock", "1 to 200"),
            (with("nmae", json!("x")), "nmae", "unknown field"),
            (with("kind", json!("lsit")), "kind", "known: list, directory"),
            (with("every_seconds", json!(1)), "every_seconds", "from 60"),
            (with("priority", json!(101)), "priority", "from -100 to 100"),
            (with("visits", json!("never")), "visits", "planned"),
            (with("params", json!({ "urls": [] })), "params", "urls"),
            (with("params", json!({ "urls": ["x"], "depth": 1 })), "params", "depth"),
            (with("params", json!("x")), "params", "object"),
        ] {
            let problem = world.client.post("/sources", &body).await.problem(400, "invalid-request");
            assert_eq!(problem["at"], at, "{problem}");
            assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
        }
        let command = with("params", json!({ "urls": ["ext::sh -c id"] }));
        world.client.post("/sources", &command).await.problem(403, "forbidden");
        let repair = json!({ "action": "explode", "subject": "url:x" });
        let problem = world.client.post("/repairs", &repair).await.problem(400, "invalid-request");
        assert_eq!(problem["at"], "action");
        let repair = json!({ "action": "refetch", "subject": "x" });
        let problem = world.client.post("/repairs", &repair).await.problem(400, "invalid-request");
        assert_eq!(problem["at"], "subject");

        let post = |kind: &'static str, body: Vec<u8>| {
            send(world.client.request("POST", "/api/v1/sources").header("Content-Type", kind).body(body))
        };
        post("text/plain", good.to_string().into()).await.problem(415, "unsupported-media-type");
        post("application/json", b"{\"name\": \xff".to_vec()).await.problem(400, "invalid-request");
        post("application/json", format!("{good} x").into()).await.problem(400, "invalid-request");
        let deep = format!("{{\"params\": {}1{}}}", "[".repeat(500), "]".repeat(500));
        post("application/json", deep.into()).await.problem(400, "invalid-request");
        post("application/json; charset=utf-8", vec![b' '; 5_000]).await.problem(413, "too-large");
        post("application/json; charset=utf-8", good.to_string().into()).await.expect(201);
        assert_eq!(world.client.all("/sources", 10).await.len(), 1);
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn parameters_and_methods_are_known_or_refused() {
    let stack = Stack::embedded().await;
    let world = World::new(&stack).await;
    for (path, at) in [
        ("/sources?limt=3", "limt"),
        ("/sources?limit=0", "limit"),
        ("/sources?limit=1001", "limit"),
        ("/sources?limit=x", "query"),
        ("/sources?limit=1&limit=2", "query"),
        ("/snapshots?cursor=zz", "cursor"),
        ("/snapshots?state=sleeping", "state"),
        ("/snapshots?source=7", "query"),
        ("/tasks?state=done", "state"),
        ("/repairs?state=open", "state"),
        ("/notifications?unread=maybe", "query"),
        ("/events?kinds=snapshot.audited.v1,weather.v1", "kinds"),
        (&format!("/tasks/{NOWHERE}?verbose=1"), "verbose"),
    ] {
        let problem = world.client.get(path).await.problem(400, "invalid-request");
        assert_eq!(problem["at"], at, "{path}: {problem}");
    }
    let known = world.client.get("/tasks?state=done").await.problem(400, "invalid-request");
    assert!(known["detail"].as_str().unwrap().contains("error_runtime"), "{known}");
    for (method, path, allow) in [
        ("DELETE", "/sources".to_owned(), "GET, POST"),
        ("GET", format!("/tasks/{NOWHERE}/cancel"), "POST"),
        ("BREW", format!("/set-aside/{NOWHERE}"), "DELETE, GET"),
    ] {
        let answer = send(world.client.request(method, &format!("/api/v1{path}"))).await;
        assert_eq!(answer.headers["allow"], allow);
        answer.problem(405, "method-not-allowed");
    }
    for path in ["/api/v1/nothing", "/api/v2", "/nothing", "/api/v1/sources/x/y/z"] {
        send(world.client.request("GET", path)).await.problem(404, "not-found");
    }
    world.stop().await;
    stack.remove().await;
}

#[tokio::test]
async fn strangers_names_and_pages_are_kept_out() {
    let stack = Stack::embedded().await;
    let world = World::new(&stack).await;
    for host in
        ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example:1", ""]
    {
        let answer = send(world.client.request("GET", "/api/v1/sources").header("Host", host)).await;
        answer.problem(421, "misdirected-request");
        let answer = send(world.client.request("GET", "/").header("Host", host)).await;
        answer.problem(421, "misdirected-request");
    }
    for host in ["localhost", "LOCALHOST:9999", "127.0.0.1", "[::1]:8080"] {
        send(world.client.request("GET", "/api/v1/sources").header("Host", host)).await.expect(200);
    }
    let post = |origin: &'static str| {
        let request = world.client.request("POST", &format!("/api/v1/tasks/{NOWHERE}/cancel"));
        send(request.header("Host", "localhost:8080").header("Origin", origin))
    };
    for origin in ["https://evil.example", "null", "http://localhost:3000"] {
        post(origin).await.problem(403, "forbidden");
    }
    post("http://localhost:8080").await.problem(404, "not-found");
    world.stop().await;
    stack.remove().await;
}
