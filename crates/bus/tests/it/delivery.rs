//! What is published arrives, in the right queue, until it is acknowledged.

use contracts::{Lane, route};
use futures_util::FutureExt;

use crate::kit::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_arrives_with_every_attribute() {
    on_each(Settings::default(), async |kit| {
        let mut sent = envelope(route::REPOSITORY_DISCOVERED, 1);
        sent.time = "2030-01-31T12:00:00.123456Z".parse().unwrap();
        sent.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        sent.lane = Lane::Urgent;
        sent.attempt = 3;
        sent.body = "{\"url\":\"https://example.org/ä.git\"}".into();
        kit.bus.publish(std::slice::from_ref(&sent)).await.unwrap();

        let mut consumer = kit.bus.consume(queue("indexer"), 10).await.unwrap();
        let delivery = next(&mut consumer).await;
        assert!(!delivery.redelivered);
        assert_eq!(delivery.content.unwrap(), sent);
        consumer.ack(&[delivery.tag]).await.unwrap();
        nothing_before(kit, &mut consumer, envelope(route::RUN_REQUESTED, 2)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_messages_arrive_once_each() {
    on_each(Settings::default(), async |kit| {
        let sent = batches(3_000);
        kit.bus.publish(&sent).await.unwrap();
        let mut consumer = kit.bus.consume(queue("analyzer"), 100).await.unwrap();
        let mut received = Vec::new();
        while received.len() < sent.len() {
            received.extend(take_and_ack(&mut consumer, 50).await);
        }
        assert_eq!(ids(&received), sent_ids(&sent));
        kit.wait_for_depth("analyzer", 0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishers_side_by_side_lose_nothing() {
    on_each(Settings::default(), async |kit| {
        let sent = batches(400);
        let publishing: Vec<_> = sent
            .chunks(7)
            .map(|some| {
                let (bus, some) = (kit.bus.clone(), some.to_vec());
                tokio::spawn(async move { bus.publish(&some).await })
            })
            .collect();
        for publishing in publishing {
            publishing.await.unwrap().unwrap();
        }
        let mut consumer = kit.bus.consume(queue("analyzer"), 500).await.unwrap();
        assert_eq!(ids(&take_and_ack(&mut consumer, sent.len()).await), sent_ids(&sent));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn urgent_work_has_its_own_queue() {
    on_each(Settings::default(), async |kit| {
        let normal = envelope(route::BATCH_STORED, 1);
        let mut urgent = envelope(route::BATCH_STORED, 2);
        urgent.lane = Lane::Urgent;
        kit.bus.publish(&[normal.clone(), urgent.clone()]).await.unwrap();
        let mut slow = kit.bus.consume(queue("analyzer"), 10).await.unwrap();
        let mut fast = kit.bus.consume(queue("analyzer.urgent"), 10).await.unwrap();
        let delivery = next(&mut fast).await;
        assert_eq!(delivery.content.as_ref().unwrap(), &urgent);
        assert_eq!(id(&next(&mut slow).await), normal.id);

        // A service with one queue takes both lanes from it.
        let mut urgent = envelope(route::RUN_REQUESTED, 3);
        urgent.lane = Lane::Urgent;
        kit.bus.publish(std::slice::from_ref(&urgent)).await.unwrap();
        let mut only = kit.bus.consume(queue("indexer"), 10).await.unwrap();
        assert_eq!(next(&mut only).await.content.unwrap(), urgent);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_consumers_share_a_queue() {
    on_each(Settings::default(), async |kit| {
        let mut one = kit.bus.consume(queue("analyzer"), 10).await.unwrap();
        let mut two = kit.bus.consume(queue("analyzer"), 10).await.unwrap();
        let sent = batches(20);
        kit.bus.publish(&sent).await.unwrap();
        // Neither may hold more than its prefetch, so each must get its half.
        let mut received = take(&mut one, 10).await;
        received.extend(take(&mut two, 10).await);
        assert_eq!(ids(&received), sent_ids(&sent));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dropped_consumer_held_comes_again_in_order() {
    on_each(Settings::default(), async |kit| {
        let sent = batches(5);
        kit.bus.publish(&sent).await.unwrap();
        let mut first = kit.bus.consume(queue("analyzer"), 3).await.unwrap();
        let held = take(&mut first, 3).await;
        first.ack(&[held[0].tag]).await.unwrap();
        drop(first);

        let mut second = kit.bus.consume(queue("analyzer"), 10).await.unwrap();
        let again = take(&mut second, 4).await;
        assert_eq!(ids(&again), sent_ids(&sent[1..]));
        for delivery in &again {
            let was_held = held.iter().any(|before| id(before) == id(delivery));
            assert!(delivery.redelivered || !was_held, "{}: {delivery:?}", kit.name);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_may_be_given_up_at_any_time() {
    on_each(Settings::default(), async |kit| {
        let mut consumer = kit.bus.consume(queue("analyzer"), 10).await.unwrap();
        let sent = batches(200);
        let publishing = tokio::spawn({
            let (bus, sent) = (kit.bus.clone(), sent.clone());
            async move {
                for envelope in &sent {
                    bus.publish(std::slice::from_ref(envelope)).await.unwrap();
                }
            }
        });
        let mut received = Vec::new();
        while received.len() < sent.len() {
            match consumer.next().now_or_never() {
                Some(delivery) => {
                    let delivery = delivery.unwrap();
                    consumer.ack(&[delivery.tag]).await.unwrap();
                    received.push(delivery);
                }
                None => tokio::task::yield_now().await,
            }
        }
        publishing.await.unwrap();
        assert_eq!(ids(&received), sent_ids(&sent));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_loses_nothing() {
    on_each(Settings::default(), async |kit| {
        let sent = batches(12);
        kit.bus.publish(&sent).await.unwrap();
        let mut consumer = kit.bus.consume(queue("analyzer"), 10).await.unwrap();
        let held = take(&mut consumer, 10).await;
        consumer.ack(&tags(&held[..3])).await.unwrap();
        drop(consumer);
        kit.reopen().await;

        let done: Vec<_> = held[..3].iter().map(|delivery| id(delivery).to_owned()).collect();
        let mut consumer = kit.bus.consume(queue("analyzer"), 100).await.unwrap();
        let again = take_and_ack(&mut consumer, 9).await;
        let expected: Vec<_> = sent_ids(&sent).into_iter().filter(|id| !done.contains(id)).collect();
        assert_eq!(ids(&again), expected);
        nothing_before(kit, &mut consumer, envelope(route::BATCH_STORED, 99)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_bus_says_so() {
    on_each(Settings::default(), async |kit| {
        kit.bus.publish(&batches(1)).await.unwrap();
        let mut consumer = kit.bus.consume(queue("analyzer"), 10).await.unwrap();
        let mut waiting = kit.bus.consume(queue("indexer"), 10).await.unwrap();
        let mut listener = kit.bus.events(route::EVENTS).await.unwrap();
        let delivery = next(&mut consumer).await;
        let waiting = tokio::spawn(async move { waiting.next().await.is_none() });
        kit.bus.close().await;
        assert!(waiting.await.unwrap());
        assert!(consumer.next().await.is_none());
        assert!(listener.next().await.is_none());
        assert!(is_closed(&consumer.ack(&[delivery.tag]).await));
        assert!(is_closed(&consumer.nack(&[delivery.tag]).await));
        assert!(is_closed(&kit.bus.publish(&batches(1)).await));
        assert!(kit.bus.consume(queue("analyzer"), 1).await.is_err());
        assert!(kit.bus.check().await.is_err());
    })
    .await;
}
