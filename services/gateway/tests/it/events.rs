//! The event stream: live, gone on with, and ended with the gateway.

use std::time::Duration;

use serde_json::{Value, json};
use store::{
    StoreError,
    events::{self, NewEvent},
};
use testkit::{GitFixture, on_each_stack};

use crate::world::World;

/// For how long a test waits for an event.
const PATIENCE: Duration = Duration::from_secs(60);

/// An open stream.
struct Stream {
    response: reqwest::Response,
    held: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Frame {
    id: String,
    event: String,
    data: Value,
}

impl Stream {
    async fn open(world: &World, query: &str, last: Option<&str>) -> Self {
        let mut request = world.client.request("GET", &format!("/api/v1/events{query}"));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self { response, held: String::new() };
        assert_eq!(stream.block().await.unwrap(), "retry: 2000");
        stream
    }

    /// The next block of lines; none when the stream has ended.
    async fn block(&mut self) -> Option<String> {
        let reading = async {
            loop {
                if let Some((block, rest)) = self.held.split_once("\n\n") {
                    let (block, rest) = (block.to_owned(), rest.to_owned());
                    self.held = rest;
                    return Some(block);
                }
                let chunk = self.response.chunk().await.unwrap()?;
                self.held.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("an event should come")
    }

    async fn next(&mut self) -> Option<Frame> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                line.unwrap_or_default().to_owned()
            };
            if block.starts_with(':') {
                continue;
            }
            let data = serde_json::from_str(&field("data")).unwrap();
            return Some(Frame { id: field("id"), event: field("event"), data });
        }
    }

    async fn until(&mut self, event: &str) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await.expect("the stream should go on");
            let found = frame.event == event;
            frames.push(frame);
            if found {
                return frames;
            }
        }
    }
}

#[tokio::test]
async fn what_happens_is_told_and_told_again_to_who_was_away() {
    on_each_stack(async |stack| {
        let repository = GitFixture::new();
        repository.write("a.rs", "fn a() {}\n").commit("first");
        let world = World::working(stack).await;
        let mut all = Stream::open(&world, "", None).await;
        let mut some = Stream::open(&world, "?kinds=snapshot.ready.v1,snapshot.audited.v1", None).await;
        let source = world.source("ours", &[repository.url()]).await;
        let snapshot = world.run(&source).await;

        let heard = all.until("snapshot.audited.v1").await;
        let audited = heard.last().unwrap();
        assert_eq!(audited.data["kind"], "snapshot.audited.v1");
        assert_eq!(audited.data["data"]["snapshot"], snapshot.as_str());
        assert_eq!(audited.data["data"]["new"], 1);
        assert!(heard.iter().any(|frame| frame.event == "task.ended.v1"));
        let heard_some = some.until("snapshot.audited.v1").await;
        let ids: Vec<&str> = heard_some.iter().map(|frame| frame.event.as_str()).collect();
        assert_eq!(ids, ["snapshot.ready.v1", "snapshot.audited.v1"]);
        assert_eq!(heard_some.last(), Some(audited));

        // Gone for a while: the stream goes on behind the last event, the same and in the same order.
        // Progress has no number and is not told again.
        let numbered = |frames: Vec<Frame>| -> Vec<Frame> {
            frames.into_iter().filter(|frame| !frame.id.is_empty()).collect()
        };
        let heard = numbered(heard);
        let mut back = Stream::open(&world, "", Some(&heard[0].id)).await;
        assert_eq!(numbered(back.until("snapshot.audited.v1").await), heard[1..]);
        let mut by_query = Stream::open(&world, &format!("?last_event_id={}", heard[0].id), None).await;
        assert_eq!(by_query.next().await.as_ref(), heard.get(1));
        let mut about = Stream::open(&world, &format!("?last_event_id=0&subject={snapshot}"), None).await;
        let frames = about.until("snapshot.audited.v1").await;
        assert!(frames.iter().all(|frame| frame.data["data"]["snapshot"] == snapshot.as_str()));
        // Another gateway on the same database tells the same under the same numbers.
        let other = World::new(stack).await;
        let mut elsewhere = Stream::open(&other, "", Some(&heard[0].id)).await;
        assert_eq!(numbered(elsewhere.until("snapshot.audited.v1").await), heard[1..]);
        drop(elsewhere);
        other.stop().await;
        for stranger in ["0123-4", "999999999"] {
            let mut stranger = Stream::open(&world, "", Some(stranger)).await;
            let missed = stranger.next().await.unwrap();
            assert_eq!(missed.event.as_str(), "missed");
            assert_eq!(missed.data, json!({ "missed": null, "resume_after": 0 }));
            assert_eq!(stranger.next().await.unwrap().id, "1");
        }

        // An open stream does not keep the gateway from stopping.
        world.stop().await;
        while all.next().await.is_some() {}
    })
    .await;
}

/// Events: more than a gateway keeps for one client, and more bytes than lie in sockets.
const MANY: u64 = 3_000;

#[tokio::test]
async fn who_reads_slowly_misses_nothing_and_holds_up_nobody() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        let mut slow = Stream::open(&world, "", Some("0")).await;
        let mut quick = Stream::open(&world, "", Some("0")).await;
        let filler = "x".repeat(4_000);
        let write = async |numbers: std::ops::RangeInclusive<u64>| {
            let new = |number| NewEvent {
                message_id: format!("slow-{number}"),
                kind: "task.ended.v1".to_owned(),
                time: world.engine.clock.now(),
                body: json!({ "number": number, "filler": filler }).to_string(),
            };
            let all: Vec<NewEvent> = numbers.map(new).collect();
            let write = move |tx: &mut store::Tx| events::append(tx, &all);
            world.engine.store.write::<_, StoreError, _>(write).await.unwrap();
        };
        // As another gateway would have written them: this one finds them when it looks. What was there when it
        // looked first is told with the next one.
        let mut written = 0;
        let first = loop {
            written += 1;
            write(written..=written).await;
            if let Ok(first) = tokio::time::timeout(Duration::from_secs(3), quick.next()).await {
                break first.unwrap();
            }
        };
        assert_eq!(first.id, "1");
        write(written + 1..=MANY).await;
        for (stream, mut last) in [(&mut quick, 1), (&mut slow, 0)] {
            while last < MANY {
                let frame = stream.next().await.unwrap();
                if frame.event == "missed" {
                    // Told live no more, and from here on out of the database.
                    assert_eq!(frame.data["resume_after"], last);
                    continue;
                }
                last += 1;
                assert_eq!(frame.id, last.to_string());
            }
        }
        world.stop().await;
    })
    .await;
}
