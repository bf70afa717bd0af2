//! Receivers that do not do well, and addresses that are none.

use std::time::Duration;

use store::webhooks::deliveries::DeliveryState;
use testkit::{Receiver, Reply, on_each_stack};

use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_answers_500_is_told_again_with_the_same_id() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let receiver = Receiver::new(|index, _| Reply::Status(if index == 0 { 500 } else { 200 })).await;
        let webhook = world.webhook(&receiver.url("/"), &["*"], &[]).await;
        world.deliver(webhook, &[receiver.url("/in")]).await;
        let running = world.start();
        world.until(|all| all.iter().all(|one| one.tries == 1)).await;
        // The first pause is about five seconds; not a moment earlier is it told again.
        world.clock.advance(Duration::from_secs(3));
        assert_eq!(receiver.hits().len(), 1);
        world.clock.advance(Duration::from_secs(4));
        let all = world.until_ended().await;
        running.stop().await;
        assert_eq!((all[0].state, all[0].tries), (DeliveryState::Delivered, 2));
        let hits = receiver.hits();
        assert_eq!(hits.len(), 2);
        assert_eq!(hits[0].id(), hits[1].id());
        assert_eq!(hits[0].body, hits[1].body);
        assert_ne!(hits[0].header("webhook-timestamp"), hits[1].header("webhook-timestamp"));
        let attempts = world.attempts(all[0].id).await;
        assert_eq!(attempts.iter().map(|one| one.status).collect::<Vec<_>>(), [Some(500), Some(200)]);
        assert!(attempts.iter().all(|one| one.answer == "well" && one.error.is_none()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_receiver_takes_more_than_its_time_and_no_answer_more_than_its_room() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        // What comes of each: whether it counts as told, and what is kept of it.
        let cases = [
            (Reply::Hang, None, "no answer within"),
            (Reply::Drip, None, "no answer within"),
            (Reply::Close, None, ""),
            (Reply::With(302, "location", "http://127.0.0.1:1/".to_owned()), Some(302), ""),
            (Reply::With(307, "location", "http://169.254.169.254/".to_owned()), Some(307), ""),
            (Reply::DripBody, Some(200), ""),
            (Reply::Endless, Some(200), ""),
        ];
        let webhook = world.webhook("http://127.0.0.1:1/", &["*"], &[]).await;
        let mut receivers = Vec::new();
        for (reply, ..) in &cases {
            let reply = reply.clone();
            receivers.push(Receiver::new(move |_, _| reply.clone()).await);
        }
        let urls: Vec<String> = receivers.iter().map(|receiver| receiver.url("/")).collect();
        world.deliver(webhook, &urls).await;
        let running = world.start();
        let all = world.until(|all| all.iter().all(|one| one.tries == 1)).await;
        running.stop().await;
        for ((reply, status, error), url) in cases.iter().zip(&urls) {
            let delivery = all.iter().find(|one| one.url == *url).unwrap();
            let attempts = world.attempts(delivery.id).await;
            assert_eq!(attempts[0].status, *status, "{reply:?}: {attempts:?}");
            assert!(attempts[0].error.as_deref().unwrap_or_default().contains(error), "{attempts:?}");
            assert!(attempts[0].answer.len() <= 1_024);
            let told = *status == Some(200);
            assert_eq!(delivery.state == DeliveryState::Delivered, told, "{reply:?}");
        }
        for receiver in &receivers {
            assert_eq!(receiver.hits().len(), 1, "no redirect is followed and nothing is repeated at once");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_that_are_not_allowed_are_refused_for_good() {
    on_each_stack(async |stack| {
        let mut world = World::new(stack);
        world.config.webhooks.allowed_addresses = Vec::new();
        let receiver = Receiver::new(|_, _| Reply::Status(200)).await;
        let port = receiver.address.port();
        let hosts = [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0177.0.0.1",
            "0x7f.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "localhost",
            "[::ffff:7f00:1]",
            "0",
        ];
        let urls: Vec<String> = hosts.iter().map(|host| format!("http://{host}:{port}/")).collect();
        let webhook = world.webhook(&urls[0], &["*"], &[]).await;
        world.deliver(webhook, &urls).await;
        let running = world.start();
        let all = world.until_ended().await;
        running.stop().await;
        for one in &all {
            assert_eq!((one.state, one.tries), (DeliveryState::Failed, 1), "{one:?}");
            assert!(one.reason.as_deref().unwrap_or_default().contains("no public address"), "{one:?}");
        }
        assert!(receiver.hits().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_gone_is_not_told_any_more() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let receiver = Receiver::new(|_, _| Reply::Status(410)).await;
        let webhook = world.webhook(&receiver.url("/"), &["*"], &[]).await;
        world.deliver(webhook, &[receiver.url("/")]).await;
        let running = world.start();
        let all = world.until_ended().await;
        running.stop().await;
        assert_eq!(all[0].state, DeliveryState::Failed);
        let (state, notices) = world
            .read(move |tx| {
                let webhook = store::webhooks::subscriptions::get(tx, webhook)?.unwrap();
                Ok((webhook.state, store::notifications::list(tx, true, None, 10)?))
            })
            .await;
        assert_eq!(state, store::webhooks::subscriptions::WebhookState::SwitchedOff);
        assert!(notices[0].text.contains("410"), "{notices:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retry_after_is_honoured() {
    on_each_stack(async |stack| {
        let world = World::new(stack);
        let receiver = Receiver::new(|index, _| match index {
            0 => Reply::With(429, "retry-after", "3600".to_owned()),
            _ => Reply::Status(200),
        })
        .await;
        let webhook = world.webhook(&receiver.url("/"), &["*"], &[]).await;
        world.deliver(webhook, &[receiver.url("/")]).await;
        let running = world.start();
        let all = world.until(|all| all.iter().all(|one| one.tries == 1)).await;
        assert_eq!(all[0].due_at.duration_since(world.clock.now()).as_secs(), 3600);
        world.clock.advance(Duration::from_secs(3_700));
        world.until_ended().await;
        running.stop().await;
    })
    .await;
}
