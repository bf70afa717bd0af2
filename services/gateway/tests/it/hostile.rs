//! Requests that mean no good: none is answered with more than a problem, and none costs the others anything.

use std::time::Duration;

use serde_json::json;
use testkit::Stack;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{client::send, world::World};

const PATIENCE: Duration = Duration::from_secs(60);

/// Sends bytes as they are, and hears everything that is answered until the connection ends.
async fn raw(world: &World, bytes: &[u8]) -> String {
    let address = world.client.root.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The other side may have closed before everything is sent.
    drop(stream.write_all(bytes).await);
    let mut answer = Vec::new();
    let hearing = stream.read_to_end(&mut answer);
    drop(tokio::time::timeout(PATIENCE, hearing).await.expect("the connection should end"));
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)).collect()
}

#[tokio::test]
async fn no_request_hides_in_another() {
    let stack = Stack::embedded().await;
    let world = World::new(&stack).await;
    let key = world.key(&[store::api_keys::Scope::Admin]).await;
    let hidden = "POST /api/v1/sources HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    let head = format!(
        "POST /api/v1/repositories HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n"
    );
    for lengths in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n".to_owned(),
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n".to_owned(),
        "Content-Length: 5\r\nContent-Length: 7\r\n".to_owned(),
        "Content-Length: +5\r\n".to_owned(),
        "Content-Length: -1\r\n".to_owned(),
        "Transfer-Encoding: xchunked\r\n".to_owned(),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
    ] {
        let answer = raw(&world, format!("{head}{lengths}\r\n0\r\n\r\n{hidden}").as_bytes()).await;
        let found = statuses(&answer);
        assert!(
            found.len() <= 1 && found.iter().all(|status| status.starts_with('4')),
            "{lengths}: {answer}"
        );
    }
    for request in [
        "GET /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nX: a\nY: b\r\n\r\n\0",
        "GET /api/v1/tasks HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "GET /api/v1/tasks\u{0} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "\r\n\r\n\r\nGET\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : localhost\r\nConnection: close\r\n\r\n",
    ] {
        let request = request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        let answer = raw(&world, request.as_bytes()).await;
        assert!(statuses(&answer).iter().all(|status| !status.starts_with('5')), "{request:?}: {answer}");
    }
    assert_eq!(world.client.get("/sources").await.expect(200)["items"], json!([]));
    world.stop().await;
    stack.remove().await;
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_what_is_no_text_too() {
    let stack = Stack::embedded().await;
    let world = World::new(&stack).await;
    let client = &world.client;
    client.get(&format!("/tasks?kind={}", "a".repeat(5_000))).await.problem(414, "uri-too-long");
    let large = client.request("GET", "/api/v1/tasks").header("X-Large", "a".repeat(20_000));
    send(large).await.problem(431, "headers-too-large");
    let endless = client.request("POST", "/api/v1/repositories").header("Content-Type", "application/json");
    send(endless.body(vec![b'['; 5_000])).await.problem(413, "too-large");
    for (kind, body) in [
        ("application/json", b"{\"url\": \"\xff\xfe\"}".to_vec()),
        ("application/json", format!("{}1{}", "[".repeat(2_000), "]".repeat(2_000)).into_bytes()),
        ("application/json", b"{\"url\": 1e999}".to_vec()),
        ("application/json", b"{\"url\": \"\\ud800\"}".to_vec()),
        ("application/json", b"\0".to_vec()),
    ] {
        let request = client.request("POST", "/api/v1/repositories").header("Content-Type", kind);
        send(request.body(body)).await.problem(400, "invalid-request");
    }
    for url in ["", " ", "a\u{0}b", "file:///etc/passwd\n", "ext::sh -c id"] {
        let refused = client.post("/repositories", &json!({ "url": url })).await;
        assert!(matches!(refused.status, 400 | 403), "{url}: {}", refused.text);
    }
    world.stop().await;
    stack.remove().await;
}

#[tokio::test]
async fn who_sends_slowly_is_cut_off_and_holds_up_nobody() {
    let stack = Stack::embedded().await;
    let world = World::new(&stack).await;
    let address = world.client.root.strip_prefix("http://").unwrap().to_owned();
    let key = world.key(&[store::api_keys::Scope::Submit]).await;
    let mut slow = Vec::new();
    for at in 0..40 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let head = if at % 2 == 0 {
            "GET /api/v1/tasks HTTP/1.1\r\nHost: local".to_owned()
        } else {
            format!(
                "POST /api/v1/repositories HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
                 Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
            )
        };
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    world.client.get("/tasks").await.expect(200);
    for mut stream in slow {
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        drop(ended.expect("a slow client should be cut off"));
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(statuses(&answer).iter().all(|status| *status == "408"), "{answer}");
    }
    world.stop().await;
    stack.remove().await;
}

#[tokio::test]
async fn the_same_request_is_done_once() {
    testkit::on_each_stack(async |stack| {
        let world = World::new(stack).await;
        let body = json!({ "name": "a", "kind": "list", "params": { "urls": ["https://example.org/a"] } });
        let make = |token: &'static str, body: serde_json::Value| {
            let request = world.client.request("POST", "/api/v1/sources").header("Idempotency-Key", token);
            send(request.header("Content-Type", "application/json").body(body.to_string()))
        };
        let first = make("one", body.clone()).await;
        assert!(!first.headers.contains_key("idempotency-replayed"));
        let made = first.expect(201);
        let again = make("one", body.clone()).await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert!(again.headers.contains_key("location"));
        assert_eq!(again.expect(201), made);
        // Without the header it would have been there before.
        assert_eq!(make("\"two\"", body.clone()).await.status, 200);
        let mut other = body.clone();
        other["name"] = json!("b");
        make("one", other).await.problem(422, "idempotency-key-reused");
        // What was refused is refused again.
        let wrong = make("wrong", json!({})).await.problem(400, "invalid-request");
        assert_eq!(make("wrong", json!({})).await.problem(400, "invalid-request"), wrong);
        let key = world.client.request("POST", "/api/v1/keys").header("Idempotency-Key", "k");
        let key =
            key.header("Content-Type", "application/json").body("{\"name\":\"x\",\"scopes\":[\"read\"]}");
        send(key).await.problem(400, "invalid-request");
        // Another's key is another's.
        let theirs = world.client.with(Some(&world.key(&[store::api_keys::Scope::Operate]).await));
        let request = theirs.request("POST", "/api/v1/sources").header("Idempotency-Key", "one");
        let theirs = send(request.header("Content-Type", "application/json").body(body.to_string())).await;
        assert_eq!((theirs.status, theirs.headers.contains_key("idempotency-replayed")), (200, false));

        let list = world.client.get("/sources").await;
        let tag = list.headers["etag"].to_str().unwrap().to_owned();
        let known = world.client.request("GET", "/api/v1/sources").header("If-None-Match", &tag);
        let known = send(known).await;
        assert_eq!((known.status, known.text.as_str()), (304, ""));
        make(
            "three",
            json!({ "name": "c", "kind": "list", "params": { "urls": ["https://example.org/c"] } }),
        )
        .await
        .expect(201);
        let changed = world.client.request("GET", "/api/v1/sources").header("If-None-Match", &tag);
        send(changed).await.expect(200);
        world.stop().await;
    })
    .await;
}
