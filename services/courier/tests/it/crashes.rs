//! The courier dies at each of its points, and another goes on.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use runtime::faults::{Faults, POINTS};
use store::webhooks::deliveries::DeliveryState;
use testkit::{Receiver, Reply, on_each_stack};

use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_killed_where_each_is_told_at_least_once_with_one_id() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        let webhook = world.webhook(&receiver.url("/"), &["*"], &[]).await;
        let points = POINTS.iter().filter(|point| point.starts_with("webhook."));
        let mut told = 0;
        for point in points {
            for passing in [1, 3] {
                let urls: Vec<String> =
                    (0..5).map(|number| receiver.url(&format!("/{point}/{passing}/{number}"))).collect();
                let faults = Faults::stop_at(point, passing).unwrap();
                // What is noted in one transaction may never come to a third passing.
                let may_go_on = passing > 1 && !point.ends_with("_send");
                let running = world.start_with(faults);
                world.deliver(webhook, &urls).await;
                if may_go_on {
                    running.stop_or_die().await;
                } else {
                    running.died().await;
                }
                // Its lease has run out by now, and what a relay owes is due.
                world.clock.advance(Duration::from_secs(120));
                let running = world.start();
                world.until_ended().await;
                running.stop().await;
                told += urls.len();
            }
        }
        let all = world.deliveries().await;
        assert_eq!(all.len(), told);
        assert!(all.iter().all(|one| one.state == DeliveryState::Delivered));
        let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for hit in receiver.hits() {
            ids.entry(hit.path.clone()).or_default().insert(hit.id());
        }
        assert_eq!(ids.len(), told, "each is told at least once");
        assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_was_told_of_is_found() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        let webhook = world.webhook(&receiver.url("/"), &["*"], &[]).await;
        let url = receiver.url("/");
        // The row is there, and the message that should have told of it is not.
        world
            .write(move |tx, now| {
                let parsed = addresses::web_address(&url, &addresses::Allowed::everything()).unwrap();
                let new = store::webhooks::deliveries::NewDelivery {
                    webhook,
                    subject: None,
                    event: "test".to_owned(),
                    url: url.clone(),
                    origin: addresses::origin_of(&parsed),
                    body: "{}".to_owned(),
                };
                store::webhooks::deliveries::enqueue(tx, &[new], now)?;
                Ok(((), Vec::new()))
            })
            .await;
        world.clock.advance(Duration::from_secs(300));
        let running = world.start();
        world.until_ended().await;
        running.stop().await;
    })
    .await;
}
