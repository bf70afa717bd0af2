//! Cancelling, running again, aborting; messages that are set aside.

use contracts::{Envelope, ErrorKind, Failure, Outgoing, messages::RepositoryDiscovered};
use serde_json::json;
use store::set_aside::{self, NewSetAside};
use testkit::{GitFixture, on_each_stack};

use crate::{
    client::send,
    world::{SERVICES, World},
};

fn repository() -> GitFixture {
    let repository = GitFixture::new();
    repository.write("a.rs", "fn a() {}\n").commit("first");
    repository
}

/// The path of the only task of this kind.
async fn task_of(world: &World, kind: &str) -> String {
    let page = world.until(&format!("/tasks?kind={kind}"), |page| page["items"][0]["id"].is_string()).await;
    format!("/tasks/{}", page["items"][0]["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_run_that_nobody_has_begun_is_cancelled_and_run_again() {
    on_each_stack(async |stack| {
        let repository = repository();
        let mut world = World::new(stack).await;
        let source = world.source("ours", &[repository.url()]).await;
        let snapshot = format!("/snapshots/{}", world.run(&source).await);
        let task = task_of(&world, "index").await;
        world.client.post(&format!("{task}/rerun"), &json!({})).await.problem(409, "conflict");
        for _ in 0..2 {
            let cancelled = world.client.post(&format!("{task}/cancel"), &json!({})).await.expect(202);
            assert_eq!(cancelled["state"], "cancelled");
        }
        assert_eq!(world.client.get(&snapshot).await.expect(200)["state"], "aborted");
        let again = world.client.post(&format!("{task}/rerun"), &json!({})).await.expect(202);
        assert_eq!((&again["state"], &again["attempt"]), (&json!("created"), &json!(0)));
        let open = world.client.get(&snapshot).await.expect(200);
        assert!(open["state"] == "indexing" && open["ended_at"].is_null(), "{open}");
        world.start(SERVICES);
        world.until_state(&snapshot, "audited").await;
        world.client.post(&format!("{task}/cancel"), &json!({})).await.problem(409, "conflict");
        world.client.post(&format!("{task}/rerun"), &json!({})).await.problem(409, "conflict");
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_visit_that_is_cancelled_does_not_hold_up_its_snapshot_and_can_be_run_again() {
    on_each_stack(async |stack| {
        let repository = repository();
        let mut world = World::new(stack).await;
        world.start(&[indexer::service, auditor::service]);
        let source = world.source("ours", &[repository.url()]).await;
        let snapshot = format!("/snapshots/{}", world.run(&source).await);
        world.until_state(&snapshot, "processing").await;
        let refused =
            world.client.post(&format!("{snapshot}/commit"), &json!({})).await.problem(409, "conflict");
        assert!(refused["detail"].as_str().unwrap().contains("1 of its repositories"), "{refused}");
        let task = task_of(&world, "process").await;
        world.client.post(&format!("{task}/cancel"), &json!({})).await.expect(202);
        let audited = world.until_state(&snapshot, "audited").await;
        assert_eq!((&audited["progress"]["failed"], &audited["audit"]["new"]), (&json!(1), &json!(0)));
        let parts = world.client.get(&format!("{snapshot}/repositories")).await.expect(200);
        assert_eq!(parts["items"][0]["error"]["kind"], "cancelled");

        world.client.post(&format!("{task}/rerun"), &json!({})).await.expect(202);
        world.start(&[repo_processor::service, analyzer::service]);
        let audited =
            world.until(&snapshot, |value| value["state"] == "audited" && value["audit"]["new"] == 1).await;
        assert_eq!(audited["progress"]["analyzed"], 1);
        world.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_aborted_snapshot_takes_its_tasks_with_it() {
    on_each_stack(async |stack| {
        let repository = repository();
        let mut world = World::new(stack).await;
        world.start(&[indexer::service]);
        let source = world.source("ours", &[repository.url()]).await;
        let snapshot = format!("/snapshots/{}", world.run(&source).await);
        world.until_state(&snapshot, "processing").await;
        for _ in 0..2 {
            let aborted = world.client.post(&format!("{snapshot}/abort"), &json!({})).await.expect(200);
            assert_eq!(aborted["state"], "aborted");
        }
        let task = task_of(&world, "process").await;
        assert_eq!(world.client.get(&task).await.expect(200)["state"], "cancelled");
        let refused = world.client.post(&format!("{task}/rerun"), &json!({})).await.problem(409, "conflict");
        assert!(refused["detail"].as_str().unwrap().contains("aborted"), "{refused}");
        // What was refused has not happened.
        assert_eq!(world.client.get(&task).await.expect(200)["state"], "cancelled");
        world.run(&source).await;
        world.stop().await;
    })
    .await;
}

fn kept(url: &str) -> (NewSetAside, String) {
    let message = RepositoryDiscovered { url: url.to_owned(), name: None, stock: None };
    let envelope = Envelope::seal(&Outgoing::new(&message), "test", None);
    let id = envelope.id.clone();
    let new = NewSetAside {
        service: "indexer".to_owned(),
        queue: "indexer".to_owned(),
        message_id: id.clone(),
        routing_key: envelope.routing_key(),
        body: envelope.body.clone(),
        headers: serde_json::to_value(&envelope).unwrap(),
        failure: Failure::new(ErrorKind::Unavailable, "it was not its day"),
        tries: 5,
        first_at: envelope.time,
        last_at: envelope.time,
    };
    (new, id)
}

#[tokio::test]
async fn what_is_set_aside_is_replayed_or_dropped() {
    on_each_stack(async |stack| {
        let repository = repository();
        let mut world = World::new(stack).await;
        let (first, _) = kept("https://example.org/nowhere");
        let (second, message) = kept(&repository.url());
        let put = move |tx: &mut store::Tx| {
            set_aside::put(tx, &first)?;
            set_aside::put(tx, &second)
        };
        world.engine.store.write(put).await.unwrap();
        let list =
            world.client.all("/set-aside?service=indexer&routing_key=repository.discovered.v1", 1).await;
        assert_eq!(list.len(), 2);
        assert_eq!(list[0]["error"], json!({ "kind": "unavailable", "reason": "it was not its day" }));
        let path = |at: usize| format!("/set-aside/{}", list[at]["id"].as_str().unwrap());
        assert_eq!(world.client.get(&path(0)).await.expect(200), list[0]);

        let replayed = world.client.post(&format!("{}/replay", path(0)), &json!({})).await.expect(202);
        assert_eq!(replayed["message_id"], message);
        world.client.post(&format!("{}/replay", path(0)), &json!({})).await.problem(404, "not-found");
        let dropped = send(world.client.request("DELETE", &format!("/api/v1{}", path(1)))).await;
        assert_eq!((dropped.status, dropped.text.as_str()), (204, ""));
        world.client.get(&path(1)).await.problem(404, "not-found");
        assert_eq!(world.client.get("/set-aside").await.expect(200)["items"], json!([]));

        world.start(SERVICES);
        let found = world.until("/repositories", |page| page["items"][0]["url"].is_string()).await;
        assert_eq!(found["items"][0]["url"], repository.url());
        world.stop().await;
    })
    .await;
}
