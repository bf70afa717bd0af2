//! Lists are paged to their end without gap or repetition, and filters filter.

use serde_json::{Value, json};
use store::notifications::{self, NewNotification};
use testkit::on_each_stack;

use crate::world::World;

#[tokio::test]
async fn pages_follow_one_another() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        let mut names: Vec<String> = (0..7).map(|n| format!("source {n} ä")).collect();
        for name in &names {
            world.source(name, &["https://example.org/a".to_owned()]).await;
        }
        names.sort();
        for limit in [1, 3, 7, 8] {
            for path in ["/sources", "/stocks"] {
                let all = world.client.all(path, limit).await;
                let found: Vec<&str> = all.iter().map(|one| one["name"].as_str().unwrap()).collect();
                assert_eq!(found, names, "{path} {limit}");
            }
        }
        let sources = world.client.all("/sources", 100).await;
        let ids: Vec<&str> = sources.iter().map(|one| one["id"].as_str().unwrap()).collect();
        for id in &ids {
            world.run(id).await;
        }
        let snapshots = world.client.all("/snapshots", 2).await;
        let of: Vec<&str> = snapshots.iter().map(|one| one["source"].as_str().unwrap()).rev().collect();
        assert_eq!(of, ids);
        let counted = world.client.get("/snapshots?limit=2&count=true&state=indexing").await.expect(200);
        assert_eq!(counted["count"], json!({ "at_least": 7, "is_exact": true }));
        assert_eq!(counted["items"].as_array().unwrap().len(), 2);
        world.client.get("/snapshots?format=ndjson&count=true").await.expect(400);
        let lines = world.client.get("/snapshots?format=ndjson").await.text;
        assert_eq!(lines.lines().count(), 7);
        let second: Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
        let behind = format!("/snapshots?format=ndjson&cursor={}", second["cursor"].as_str().unwrap());
        assert_eq!(world.client.get(&behind).await.text.lines().count(), 5);
        let filtered = world.client.all(&format!("/snapshots?source={}&state=indexing", ids[3]), 10).await;
        assert_eq!(filtered, [snapshots[3].clone()]);
        assert_eq!(world.client.all("/snapshots?state=committed", 10).await, [Value::Null; 0]);
        let tasks = world.client.all("/tasks?kind=index&state=created", 3).await;
        assert_eq!(tasks.len(), 7);
        let subject = tasks[0]["subject"].as_str().unwrap();
        assert_eq!(world.client.all(&format!("/tasks?subject={subject}"), 3).await, [tasks[0].clone()]);
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn notifications_are_read_once() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        let now = world.engine.clock.now();
        let write = move |tx: &mut store::Tx, text: &str| {
            let new = NewNotification {
                kind: "test".into(),
                subject: None,
                text: text.into(),
                body: json!({ "a": 1 }),
            };
            notifications::create(tx, &new, now)
        };
        let both = move |tx: &mut store::Tx| {
            write(tx, "one")?;
            write(tx, "two")?;
            Ok::<_, store::StoreError>(())
        };
        world.engine.store.write(both).await.unwrap();
        let all = world.client.all("/notifications", 1).await;
        let texts: Vec<&Value> = all.iter().map(|one| &one["text"]).collect();
        assert_eq!(texts, ["two", "one"]);
        let path = format!("/notifications/{}/read", all[0]["id"].as_str().unwrap());
        let read = world.client.post(&path, &json!({})).await.expect(200);
        assert!(read["read_at"].is_string());
        assert_eq!(world.client.post(&path, &json!({})).await.expect(200), read);
        assert_eq!(world.client.all("/notifications?unread=true", 10).await, [all[1].clone()]);
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_source_is_made_changed_and_paused() {
    on_each_stack(async |stack| {
        let world = World::new(stack).await;
        let mut source =
            json!({ "name": "a", "kind": "list", "params": { "urls": ["https://example.org/a"] } });
        let made = world.client.post("/sources", &source).await;
        let location = made.headers["location"].to_str().unwrap().to_owned();
        let made = made.expect(201);
        let path = location.strip_prefix("/api/v1").unwrap();
        assert_eq!(world.client.get(path).await.expect(200), made);
        source["params"]["urls"] = json!(["https://example.org/b"]);
        let changed = world.client.post("/sources", &source).await.expect(200);
        assert_eq!((&changed["id"], &changed["params"]), (&made["id"], &source["params"]));

        let state = format!("{path}/state");
        let paused = world.client.body("PUT", &state, &json!({ "state": "paused" })).await.expect(200);
        assert_eq!(paused["state"], "paused");
        let refused = world.client.post(&format!("{path}/runs"), &json!({})).await.problem(409, "conflict");
        assert!(refused["detail"].as_str().unwrap().contains("paused"));
        world.client.body("PUT", &state, &json!({ "state": "active" })).await.expect(200);
        let run =
            world.client.post(&format!("{path}/runs"), &json!({ "auto_commit": true })).await.expect(202);
        assert_eq!(run["auto_commit"], true);
        let twice = world.client.post(&format!("{path}/runs"), &json!({})).await.problem(409, "conflict");
        assert!(twice["detail"].as_str().unwrap().contains(run["id"].as_str().unwrap()), "{twice}");
        world.stop().await;
    })
    .await;
}
