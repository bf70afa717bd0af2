//! Events reach those who want to know, signed, and can be told again.

use std::time::Duration;

use contracts::{
    ErrorKind, Outgoing, TaskId,
    messages::{TaskEnded, WebhooksQueued},
};
use egress::sign::{self, Scheme};
use serde_json::Value;
use store::webhooks::{
    deliveries::{self, DeliveryState},
    subscriptions::{self, Secret},
};
use testkit::{Hit, Receiver, Reply, on_each_stack};

use crate::support::{SECRET, World};

fn ended(error: Option<ErrorKind>, kind: &str) -> TaskEnded {
    let state = if error.is_some() { "error_runtime" } else { "finished" };
    TaskEnded { task: TaskId::new(), kind: kind.to_owned(), state: state.to_owned(), error, reason: None }
}

/// What the header of a hit should be under this key.
fn signed(hit: &Hit, key: &str) -> String {
    let key = sign::Key::read(key).unwrap();
    key.sign(&hit.id(), hit.header("webhook-timestamp").parse().unwrap(), &hit.body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_want_to_know_are_told_once_and_signed() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let receiver = Receiver::new(|_, _| Reply::Status(204)).await;
        world.webhook(&receiver.url("/failed"), &["task.failed"], &[]).await;
        world.webhook(&receiver.url("/audits"), &["task.*"], &[("kind", &["audit"])]).await;
        world.webhook(&receiver.url("/snapshots"), &["snapshot.*"], &[]).await;
        let running = world.start();
        world
            .write(|_, _| {
                let messages =
                    [ended(Some(ErrorKind::TimedOut), "process"), ended(None, "audit"), ended(None, "index")];
                Ok(((), messages.iter().map(Outgoing::new).collect()))
            })
            .await;
        world
            .until(|all| all.len() == 2 && all.iter().all(|one| one.state == DeliveryState::Delivered))
            .await;
        running.stop().await;
        let mut hits = receiver.hits();
        hits.sort_by(|one, next| one.path.cmp(&next.path));
        assert_eq!(hits.iter().map(|hit| hit.path.as_str()).collect::<Vec<_>>(), ["/audits", "/failed"]);
        let body: Value = serde_json::from_str(&hits[1].body).unwrap();
        assert_eq!((&body["type"], &body["data"]["error"]), (&"task.failed".into(), &"timed_out".into()));
        assert!(body["timestamp"].is_string());
        for hit in &hits {
            assert_eq!(hit.header("webhook-signature"), signed(hit, SECRET));
            assert!(hit.id().starts_with("msg_"));
            assert_eq!(hit.header("content-type"), "application/json");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_keys_are_valid_while_one_takes_the_place_of_the_other() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        let webhook = world.webhook(&receiver.url("/"), &["*"], &[]).await;
        let new = sign::generate(Scheme::Asymmetric).unwrap();
        let (key, until) = (new.clone(), world.clock.now() + Duration::from_secs(3600));
        world
            .write(move |tx, now| {
                let mut row = subscriptions::get(tx, webhook)?.unwrap();
                row.secrets[0].until = Some(until);
                row.secrets.insert(0, Secret { key: key.clone(), until: None });
                Ok((subscriptions::update(tx, &row, now)?, Vec::new()))
            })
            .await;
        world.deliver(webhook, &[receiver.url("/")]).await;
        let running = world.start();
        world.until_ended().await;
        world.clock.advance(Duration::from_secs(3601));
        world.deliver(webhook, &[receiver.url("/")]).await;
        world.until_ended().await;
        running.stop().await;
        let hits = receiver.hits();
        let both = format!("{} {}", signed(&hits[0], &new), signed(&hits[0], SECRET));
        assert_eq!(hits[0].header("webhook-signature"), both);
        assert_eq!(hits[1].header("webhook-signature"), signed(&hits[1], &new));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_told_can_be_told_again_with_its_id() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        let webhook = world.webhook(&receiver.url("/"), &["*"], &[]).await;
        world.deliver(webhook, &[receiver.url("/a"), receiver.url("/b")]).await;
        let running = world.start();
        let all = world.until_ended().await;
        let (one, since) = (all[0].id, all[0].created_at);
        world
            .write(move |tx, now| {
                let destinations = deliveries::replay(tx, one, now)?.into_iter().collect();
                Ok(((), vec![Outgoing::new(&WebhooksQueued { destinations })]))
            })
            .await;
        world.until(|_| receiver.hits().len() == 3).await;
        world.until_ended().await;
        let replayed = world
            .write(move |tx, now| {
                let (count, destinations) = deliveries::replay_since(tx, webhook, since, false, 100, now)?;
                Ok((count, vec![Outgoing::new(&WebhooksQueued { destinations })]))
            })
            .await;
        assert_eq!(replayed, 2);
        world.until(|_| receiver.hits().len() == 5).await;
        world.until_ended().await;
        running.stop().await;
        let ids: std::collections::BTreeSet<String> = receiver.hits().iter().map(Hit::id).collect();
        assert_eq!(ids.len(), 2);
        assert_eq!(world.attempts(one).await.len(), 3);
    })
    .await;
}
