//! Acknowledging and handing back: one by one, many at once, out of order, twice, and too often.

use bus::DEAD;
use contracts::route;

use crate::kit::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_of_acknowledgements_will_do() {
    on_each(Settings::default(), async |kit| {
        kit.bus.publish(&batches(100)).await.unwrap();
        let mut consumer = kit.bus.consume(queue("analyzer"), 100).await.unwrap();
        let tags = tags(&take(&mut consumer, 100).await);
        consumer.ack(&[tags[10]]).await.unwrap();
        // Every third, backwards and each twice.
        let thirds: Vec<_> = tags.iter().rev().step_by(3).flat_map(|tag| [*tag, *tag]).collect();
        consumer.ack(&thirds).await.unwrap();
        consumer.ack(&[]).await.unwrap();
        consumer.ack(&[u64::MAX, 0]).await.unwrap();
        // The rest, together with those that are done already.
        consumer.ack(&tags).await.unwrap();
        nothing_before(kit, &mut consumer, envelope(route::BATCH_STORED, 100)).await;
        drop(consumer);
        let mut other = kit.bus.consume(queue("analyzer"), 10).await.unwrap();
        nothing_before(kit, &mut other, envelope(route::BATCH_STORED, 101)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_handed_back_comes_again() {
    on_each(Settings::default(), async |kit| {
        let sent = batches(6);
        kit.bus.publish(&sent).await.unwrap();
        let mut consumer = kit.bus.consume(queue("analyzer"), 6).await.unwrap();
        let first = take(&mut consumer, 6).await;
        let tags = tags(&first);
        consumer.nack(&[tags[1], tags[4], tags[1]]).await.unwrap();
        let again = take(&mut consumer, 2).await;
        assert!(again.iter().all(|delivery| delivery.redelivered));
        let mut expected = vec![id(&first[1]), id(&first[4])];
        expected.sort_unstable();
        assert_eq!(ids(&again), expected);
        assert!(again.iter().all(|delivery| !tags.contains(&delivery.tag)), "tags are never used twice");
        consumer.nack(&tags).await.unwrap();
        assert_eq!(take(&mut consumer, 4).await.len(), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn poison_ends_in_the_dead_letter_queue() {
    on_each(Settings { delivery_limit: 3, ..Settings::default() }, async |kit| {
        let (poison, healthy) = (envelope(route::BATCH_STORED, 1), envelope(route::BATCH_STORED, 2));
        kit.bus.publish(&[poison.clone(), healthy.clone()]).await.unwrap();
        let mut consumer = kit.bus.consume(queue("analyzer"), 1).await.unwrap();
        let mut deliveries = 0;
        loop {
            let delivery = next(&mut consumer).await;
            if id(&delivery) == healthy.id {
                consumer.ack(&[delivery.tag]).await.unwrap();
                break;
            }
            deliveries += 1;
            assert_eq!(delivery.redelivered, deliveries > 1);
            consumer.nack(&[delivery.tag]).await.unwrap();
        }
        // The first delivery and as many more as the limit says.
        assert_eq!(deliveries, 4, "{}", kit.name);
        kit.wait_for_depth(DEAD.name, 1).await;
        let mut dead = kit.bus.consume(&DEAD, 10).await.unwrap();
        let delivery = next(&mut dead).await;
        assert_eq!(delivery.content.unwrap(), poison);
        dead.ack(&[delivery.tag]).await.unwrap();
        kit.wait_for_depth(DEAD.name, 0).await;
        kit.wait_for_depth("analyzer", 0).await;
    })
    .await;
}
