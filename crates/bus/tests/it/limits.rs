//! Nothing is unbounded: prefetch, length of queues, patience.

use std::time::Duration;

use bus::BusError;
use contracts::{ErrorKind, route};
use futures_util::FutureExt;

use crate::kit::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_taken_than_the_prefetch() {
    on_each(Settings::default(), async |kit| {
        kit.bus.publish(&batches(30)).await.unwrap();
        let mut consumer = kit.bus.consume(queue("analyzer"), 10).await.unwrap();
        let held = take(&mut consumer, 10).await;
        kit.wait_for_depth("analyzer", 20).await;
        assert!(consumer.next().now_or_never().is_none(), "{}", kit.name);
        consumer.ack(&tags(&held[..4])).await.unwrap();
        assert_eq!(take(&mut consumer, 4).await.len(), 4);
        kit.wait_for_depth("analyzer", 16).await;
    })
    .await;
}

#[tokio::test]
async fn publishing_waits_for_room_in_memory() {
    let settings = Settings { capacity: 5, ..Settings::default() };
    let options = bus::MemoryOptions { capacity: 5, patience: settings.patience, ..Default::default() };
    let bus = bus::memory(options);
    bus.publish(&batches(5)).await.unwrap();
    let more = batches(3);
    let mut publishing = Box::pin(bus.publish(&more));
    assert!((&mut publishing).now_or_never().is_none(), "the queue is full");
    let mut consumer = bus.consume(queue("analyzer"), 2).await.unwrap();
    take(&mut consumer, 2).await;
    assert!((&mut publishing).now_or_never().is_none(), "there is room for two, not for three");
    let tag = next_after_ack(&mut consumer).await;
    publishing.await.unwrap();
    consumer.ack(&[tag]).await.unwrap();
    let depth = bus.depths().await.unwrap().into_iter().find(|depth| depth.name == "analyzer").unwrap();
    assert_eq!((depth.ready, depth.unacked, depth.consumers), (5, Some(1), 1));
}

/// Acknowledges the first tag of a consumer and takes one more.
async fn next_after_ack(consumer: &mut Box<dyn bus::Consumer>) -> u64 {
    consumer.ack(&[1]).await.unwrap();
    next(consumer).await.tag
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_stays_full_is_a_transient_failure() {
    let settings = Settings { capacity: 10, patience: Duration::from_millis(500), ..Settings::default() };
    on_each(settings, async |kit| {
        // The broker notices the length a little late; it must refuse before long.
        let mut refused = None;
        for _ in 0..50 {
            if let Err(error) = kit.bus.publish(&batches(20)).await {
                refused = Some(error);
                break;
            }
        }
        let error = refused.unwrap_or_else(|| panic!("{}: a full queue takes everything", kit.name));
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.to_string().contains("does not keep up"), "{error}");
        // Other queues are not concerned.
        kit.bus.publish(&[envelope(route::RUN_REQUESTED, 1)]).await.unwrap();
        // With room again there is no trouble any more.
        let mut consumer = kit.bus.consume(queue("analyzer"), 100).await.unwrap();
        let ready = |depths: Vec<bus::QueueDepth>| {
            depths.iter().find(|depth| depth.name == "analyzer").map_or(0, |depth| depth.ready)
        };
        while ready(kit.bus.depths().await.unwrap()) > 0 {
            take_and_ack(&mut consumer, 1).await;
        }
        kit.bus.publish(&batches(1)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_for_nobody_is_an_error_that_names_its_route() {
    on_each(Settings::default(), async |kit| {
        let error = kit.bus.publish(&[envelope("coffee.requested.v1", 1)]).await.unwrap_err();
        assert!(matches!(&error, BusError::Unroutable { key } if key == "coffee.requested.v1"), "{error}");
        assert_eq!(error.kind(), ErrorKind::Internal);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn depths_and_check_tell_what_there_is() {
    on_each(Settings::default(), async |kit| {
        let version = kit.bus.check().await.unwrap();
        let expected = match &kit.amqp {
            None => "in-process",
            // The version is only said in the clear.
            Some(options) if options.url.starts_with("amqps:") => "AMQP 0-9-1 broker",
            Some(_) => "RabbitMQ ",
        };
        assert!(version.starts_with(expected), "{version}");
        let names: Vec<_> = kit.bus.depths().await.unwrap().into_iter().map(|depth| depth.name).collect();
        let all = route::QUEUES.iter().map(|queue| queue.name).chain([route::DEAD]);
        assert_eq!(names, all.collect::<Vec<_>>());
        kit.bus.publish(&batches(3)).await.unwrap();
        kit.wait_for_depth("analyzer", 3).await;
        let _consumer = kit.bus.consume(queue("indexer"), 1).await.unwrap();
        let depths = kit.bus.depths().await.unwrap();
        assert_eq!(depths.iter().find(|depth| depth.name == "indexer").unwrap().consumers, 1);
    })
    .await;
}

#[tokio::test]
async fn the_url_decides_which_bus_it_is() {
    let bus = bus::open("memory:", bus::OpenOptions::default()).await.unwrap();
    assert_eq!(bus.check().await.unwrap(), "in-process");
    for url in ["", "redis://127.0.0.1", "stocktake", "amqp//127.0.0.1", "amqp://127.0.0.1:notaport"] {
        let error = bus::open(url, bus::OpenOptions::default()).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{url}: {error}");
        assert!(error.to_string().contains("amqp://USER:PASSWORD@HOST:PORT/VHOST"), "{url}: {error}");
    }
}
