//! One destination takes no more than its share.

use std::time::Duration;

use store::webhooks::{deliveries::DeliveryState, destinations, subscriptions};
use testkit::{Receiver, Reply, on_each_stack};

use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_destination_holds_nobody_else_up() {
    on_each_stack(async |stack| {
        let mut world = World::new(stack);
        world.config.webhooks.in_flight = 3;
        world.config.webhooks.timeout_seconds = 60;
        let slow = Receiver::new(|_, _| Reply::Held).await;
        let fast = Receiver::new(|_, _| Reply::Status(200)).await;
        let webhook = world.webhook(&slow.url("/"), &["*"], &[]).await;
        world.deliver(webhook, &(0..40).map(|n| slow.url(&format!("/{n}"))).collect::<Vec<_>>()).await;
        world.deliver(webhook, &(0..40).map(|n| fast.url(&format!("/{n}"))).collect::<Vec<_>>()).await;
        let running = world.start();
        let fast_url = fast.url("/");
        world
            .until(|all| {
                let told = all.iter().filter(|one| one.state == DeliveryState::Delivered);
                told.filter(|one| one.url.starts_with(&fast_url)).count() == 40
            })
            .await;
        assert!(slow.hits().len() <= 3);
        slow.let_go(40);
        world.until_ended().await;
        running.stop().await;
        assert_eq!((slow.most_at_once(), slow.hits().len()), (3, 40));
        assert!(fast.most_at_once() <= 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_destination_is_left_alone_and_in_the_end_switched_off() {
    on_each_stack(async |stack| {
        let mut world = World::new(stack);
        world.config.webhooks.switch_off_hours = 2;
        let receiver = Receiver::new(|_, _| Reply::Status(503)).await;
        let webhook = world.webhook(&receiver.url("/"), &["*"], &[]).await;
        world.deliver(webhook, &(0..100).map(|n| receiver.url(&format!("/{n}"))).collect::<Vec<_>>()).await;
        let running = world.start();
        // The circuit opens: most are not even tried.
        let origin = format!("http://{}", receiver.address);
        let open = origin.clone();
        let begun = std::time::Instant::now();
        loop {
            let open = open.clone();
            let health = world
                .read(move |tx| {
                    Ok(destinations::list(tx, true, None, 10)?.into_iter().find(|one| one.origin == open))
                })
                .await
                .map(|one| one.health);
            if health.is_some_and(|health| health.open_until.is_some()) {
                break;
            }
            assert!(begun.elapsed() < crate::support::PATIENCE);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let tried = receiver.hits().len();
        assert!(tried <= 5 + 8, "{tried} were tried");
        // Long failure, one try after the other whenever the circuit lets one through.
        let mut ended = false;
        for _ in 0..40 {
            world.clock.advance(Duration::from_secs(16 * 60));
            tokio::time::sleep(Duration::from_millis(700)).await;
            ended = world.deliveries().await.iter().all(|one| one.state == DeliveryState::Failed);
            if ended {
                break;
            }
        }
        assert!(ended, "it was never switched off");
        running.stop().await;
        let (state, notices) = world
            .read(move |tx| {
                let webhook = subscriptions::get(tx, webhook)?.unwrap();
                Ok((webhook.state, store::notifications::list(tx, true, None, 10)?))
            })
            .await;
        assert_eq!(state, subscriptions::WebhookState::SwitchedOff);
        assert!(notices.iter().any(|one| one.text.contains(&origin)), "{notices:?}");
    })
    .await;
}
