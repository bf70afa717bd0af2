//! Lost connections to RabbitMQ, cut between us and the broker.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bus::Bus;
use contracts::{ErrorKind, route};

use crate::{kit::*, proxy::Proxy};

/// A second bus on the same queues, behind a proxy.
async fn behind_proxy(kit: &Kit) -> (Proxy, Arc<dyn Bus>) {
    let mut options = kit.amqp.clone().unwrap();
    let proxy = Proxy::to(&options.url).await;
    options.url.clone_from(&proxy.url);
    (proxy, bus::amqp(options).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_held_comes_again_and_old_tags_are_void() {
    on_amqp(Settings::default(), async |kit| {
        let (proxy, bus) = behind_proxy(kit).await;
        let sent = batches(3);
        bus.publish(&sent).await.unwrap();
        let mut consumer = bus.consume(queue("analyzer"), 10).await.unwrap();
        let before = take(&mut consumer, 3).await;
        proxy.cut();
        // The same consumer goes on by itself.
        let after = take(&mut consumer, 3).await;
        assert_eq!(ids(&after), sent_ids(&sent));
        assert!(after.iter().all(|delivery| delivery.redelivered));
        assert!(tags(&after).iter().all(|tag| !tags(&before).contains(tag)));
        // To the broker these would be the numbers of the new deliveries.
        consumer.ack(&tags(&before)).await.unwrap();
        proxy.cut();
        let third = take_and_ack(&mut consumer, 3).await;
        assert_eq!(ids(&third), sent_ids(&sent));
        bus.close().await;
        kit.wait_for_depth("analyzer", 0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_accepted_is_lost_while_connections_break() {
    on_amqp(Settings::default(), async |kit| {
        let (proxy, bus) = behind_proxy(kit).await;
        let sent = batches(2_000);
        let publishing = {
            let (bus, sent) = (bus.clone(), sent.clone());
            tokio::spawn(async move {
                for some in sent.chunks(10) {
                    bus.publish(some).await.unwrap();
                }
            })
        };
        let expected: BTreeSet<_> = sent_ids(&sent).into_iter().collect();
        let mut consumer = bus.consume(queue("analyzer"), 50).await.unwrap();
        let (mut done, mut deliveries) = (BTreeSet::new(), 0);
        while done.len() < expected.len() {
            let delivery = next(&mut consumer).await;
            done.insert(id(&delivery).to_owned());
            consumer.ack(&[delivery.tag]).await.unwrap();
            deliveries += 1;
            if deliveries % 500 == 0 {
                proxy.cut();
            }
        }
        publishing.await.unwrap();
        assert_eq!(done, expected);
        bus.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_waits_for_the_connection_to_come_back() {
    on_amqp(Settings::default(), async |kit| {
        let (proxy, bus) = behind_proxy(kit).await;
        proxy.refuse(true);
        proxy.cut();
        // Until the bus has noticed, which its announcements tell.
        let progress = envelope(route::PROGRESS_REPORTED, 1);
        while bus.announce(&progress).await.is_ok() {
            tokio::task::yield_now().await;
        }
        let sent = batches(10);
        let publishing = {
            let (bus, sent) = (bus.clone(), sent.clone());
            tokio::spawn(async move { bus.publish(&sent).await })
        };
        // A consumer can be made meanwhile, and begins when it can.
        let mut consumer = bus.consume(queue("analyzer"), 10).await.unwrap();
        assert!(!publishing.is_finished());
        proxy.refuse(false);
        publishing.await.unwrap().unwrap();
        assert_eq!(ids(&take_and_ack(&mut consumer, 10).await), sent_ids(&sent));
        bus.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn patience_has_an_end() {
    let settings = Settings { patience: Duration::from_secs(2), ..Settings::default() };
    on_amqp(settings, async |kit| {
        let (proxy, bus) = behind_proxy(kit).await;
        proxy.refuse(true);
        proxy.cut();
        let error = bus.publish(&batches(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.to_string().contains("127.0.0.1"), "{error}");
        assert!(bus.check().await.is_err());
        let mut options = kit.amqp.clone().unwrap();
        options.url.clone_from(&proxy.url);
        let error = bus::amqp(options).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        // Closing does not wait for a broker that is not there.
        tokio::time::timeout(SOON, bus.close()).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_hear_again_after_a_break() {
    on_amqp(Settings::default(), async |kit| {
        let (proxy, bus) = behind_proxy(kit).await;
        let mut listener = bus.events(&[route::PROGRESS_REPORTED]).await.unwrap();
        proxy.cut();
        let heard = tokio::spawn(async move { next(&mut listener).await });
        // What is said in between is missed; it is said until it is heard.
        while !heard.is_finished() {
            kit.bus.announce(&envelope(route::PROGRESS_REPORTED, 1)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(heard.await.unwrap().content.is_ok());
        bus.close().await;
    })
    .await;
}
