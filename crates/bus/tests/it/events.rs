//! Events reach everybody who listens, and nobody needs to.

use contracts::{Lane, route};

use crate::kit::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_listener_gets_every_event() {
    on_each(Settings::default(), async |kit| {
        let mut one = kit.bus.events(route::EVENTS).await.unwrap();
        let mut two = kit.bus.events(&[route::PROGRESS_REPORTED, route::TASK_ENDED]).await.unwrap();
        let progress = envelope(route::PROGRESS_REPORTED, 1);
        let mut ended = envelope(route::TASK_ENDED, 2);
        ended.lane = Lane::Urgent;
        let ready = envelope(route::SNAPSHOT_READY, 3);
        kit.bus.announce(&progress).await.unwrap();
        kit.bus.publish(&[ended.clone(), ready.clone()]).await.unwrap();
        kit.bus.announce(&progress).await.unwrap();

        // Announced and published messages take different ways and may overtake each other.
        let mut expected = sent_ids(&[progress.clone(), progress.clone(), ended.clone(), ready.clone()]);
        assert_eq!(ids(&take(&mut one, 4).await), expected);
        expected.retain(|id| *id != ready.id);
        assert_eq!(ids(&take_and_ack(&mut two, 3).await), expected);

        // The service whose queue takes the kind gets it just the same.
        let mut auditor = kit.bus.consume(queue("auditor"), 10).await.unwrap();
        assert_eq!(ids(&take(&mut auditor, 2).await), sent_ids(&[ended, ready]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_need_no_acknowledgement() {
    on_each(Settings::default(), async |kit| {
        let mut listener = kit.bus.events(&[route::PROGRESS_REPORTED]).await.unwrap();
        let sent: Vec<_> = (0..1_000).map(|number| envelope(route::PROGRESS_REPORTED, number)).collect();
        for envelope in &sent {
            kit.bus.announce(envelope).await.unwrap();
        }
        assert_eq!(ids(&take(&mut listener, sent.len()).await), sent_ids(&sent));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_nobody_hears_are_no_failure() {
    on_each(Settings::default(), async |kit| {
        let progress = envelope(route::PROGRESS_REPORTED, 1);
        kit.bus.announce(&progress).await.unwrap();
        kit.bus.publish(std::slice::from_ref(&progress)).await.unwrap();
        // Who listens later hears what is said later.
        let mut listener = kit.bus.events(&[route::PROGRESS_REPORTED]).await.unwrap();
        let later = envelope(route::PROGRESS_REPORTED, 2);
        kit.bus.announce(&later).await.unwrap();
        assert_eq!(id(&next(&mut listener).await), later.id);
    })
    .await;
}

#[tokio::test]
async fn a_listener_that_does_not_keep_up_loses_the_oldest_in_memory() {
    let bus = bus::memory(bus::MemoryOptions::default());
    let mut listener = bus.events(&[route::PROGRESS_REPORTED]).await.unwrap();
    let sent: Vec<_> = (0..10_100).map(|number| envelope(route::PROGRESS_REPORTED, number)).collect();
    for envelope in &sent {
        bus.announce(envelope).await.unwrap();
    }
    assert_eq!(id(&next(&mut listener).await), sent[100].id);
}
