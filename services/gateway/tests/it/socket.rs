//! The WebSocket: subscriptions, the same numbers as the stream, and what is refused.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use testkit::{GitFixture, on_each_stack};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::world::World;

const PATIENCE: Duration = Duration::from_secs(60);

/// A client of RFC 6455, as far as the tests need one.
struct Socket(TcpStream);

impl Socket {
    async fn open(world: &World, query: &str, headers: &str) -> Result<Self, String> {
        let address = world.client.root.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let key = STANDARD.encode([7; 16]);
        let head = format!(
            "GET /api/v1/events/socket{query} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => answer.push(byte),
                Err(_) => break,
            }
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        if answer.starts_with("HTTP/1.1 101") { Ok(Self(stream)) } else { Err(answer) }
    }

    async fn say(&mut self, text: &str) {
        let mut frame = vec![0x81];
        match text.len() {
            short @ 0..126 => frame.push(0x80 | short as u8),
            long => {
                frame.push(0x80 | 126);
                frame.extend(u16::try_from(long).unwrap().to_be_bytes());
            }
        }
        // The mask of zeroes leaves the text as it is.
        frame.extend([0; 4]);
        frame.extend(text.as_bytes());
        self.0.write_all(&frame).await.unwrap();
    }

    /// The next text; none when the connection is closed.
    async fn hear(&mut self) -> Option<Value> {
        let hearing = async {
            loop {
                let code = self.0.read_u8().await.ok()? & 0x0f;
                let length = match self.0.read_u8().await.ok()? {
                    126 => usize::from(self.0.read_u16().await.ok()?),
                    127 => self.0.read_u64().await.ok()? as usize,
                    short => usize::from(short),
                };
                let mut text = vec![0; length];
                self.0.read_exact(&mut text).await.ok()?;
                match code {
                    1 => return Some(serde_json::from_slice(&text).unwrap()),
                    8 => return None,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, hearing).await.expect("something should be said")
    }
}

#[tokio::test]
async fn subscriptions_come_and_go() {
    on_each_stack(async |stack| {
        let repository = GitFixture::new();
        repository.write("a.rs", "fn a() {}\n").commit("first");
        let world = World::working(stack).await;
        let mut socket = Socket::open(&world, "", "").await.unwrap();
        for (said, answer) in [
            ("{", "problem"),
            ("{\"subscribe\": {\"id\": \"\"}}", "problem"),
            ("{\"subscribe\": {\"id\": \"a\", \"kinds\": [\"weather.v1\"]}}", "problem"),
            ("{\"dance\": 1}", "problem"),
        ] {
            socket.say(said).await;
            let heard = socket.hear().await.unwrap();
            assert!(heard[answer].is_string(), "{said}: {heard}");
        }
        let path = world.audited("ours", &[repository.url()]).await;
        let snapshot = path.strip_prefix("/snapshots/").unwrap();
        // What was before the first subscription waits for nobody; it is there for who asks.
        let mut socket = Socket::open(&world, "?last_event_id=0", "").await.unwrap();
        let all =
            json!({ "subscribe": { "id": "audits", "kinds": ["snapshot.audited.v1", "snapshot.ready.v1"] } });
        let ours =
            json!({ "subscribe": { "id": "ours", "subject": snapshot, "kinds": ["snapshot.audited.v1"] } });
        for (said, id) in [(all, "audits"), (ours, "ours")] {
            socket.say(&said.to_string()).await;
            let mut heard = socket.hear().await.unwrap();
            while heard["event"].is_object() {
                heard = socket.hear().await.unwrap();
            }
            assert_eq!(heard, json!({ "subscribed": id }));
        }
        // Both begin anew with the second; what the first was told before it is not told again.
        let mut again = Socket::open(&world, "?last_event_id=0", "").await.unwrap();
        let only =
            json!({ "subscribe": { "id": "ours", "subject": snapshot, "kinds": ["snapshot.audited.v1"] } });
        again.say(&only.to_string()).await;
        assert_eq!(again.hear().await.unwrap(), json!({ "subscribed": "ours" }));
        let heard = again.hear().await.unwrap();
        assert_eq!(
            (&heard["event"]["kind"], &heard["subscriptions"]),
            (&json!("snapshot.audited.v1"), &json!(["ours"]))
        );
        assert_eq!(heard["event"]["data"]["snapshot"], snapshot);
        // The stream tells it under the same number.
        let seq = heard["event"]["seq"].as_u64().unwrap();
        let request = world.client.request("GET", &format!("/api/v1/events?last_event_id={}", seq - 1));
        let mut stream = request.send().await.unwrap();
        let mut text = String::new();
        while !text.contains("data: ") {
            text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
        }
        assert!(text.contains(&format!("id: {seq}\nevent: snapshot.audited.v1")), "{text}");
        again.say("{\"unsubscribe\": \"ours\"}").await;
        assert_eq!(again.hear().await.unwrap(), json!({ "unsubscribed": "ours" }));
        // An open socket does not keep the gateway from stopping.
        drop(stream);
        world.stop().await;
        assert!(again.hear().await.is_none());
    })
    .await;
}

#[tokio::test]
async fn strangers_and_other_sites_pages_are_refused() {
    let stack = testkit::Stack::embedded().await;
    let world = World::with(&stack, |config| config.http.anonymous = runtime::config::Anonymous::Off).await;
    let refused = Socket::open(&world, "", "").await.err().unwrap();
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    let key = world.key(&[store::api_keys::Scope::Read]).await;
    let bearer = format!("Authorization: Bearer {key}\r\n");
    let site = format!("{bearer}Origin: https://evil.example\r\n");
    let refused = Socket::open(&world, "", &site).await.err().unwrap();
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
    let mut socket = Socket::open(&world, "", &bearer).await.unwrap();
    socket.say(&"x".repeat(20_000)).await;
    assert!(socket.hear().await.is_none(), "a text without end is not listened to");
    world.stop().await;
    stack.remove().await;
}
