//! Stacks: each is usable, apart from the others, and gone when it was removed.

use contracts::{Envelope, Lane, SnapshotId, messages::SnapshotReady, route};
use testkit::{on_each_stack, stacks};

#[tokio::test]
async fn a_stack_works() {
    on_each_stack(async |stack| {
        let database = stack.store.check().await.unwrap();
        let bus = stack.bus.check().await.unwrap();
        match stack.name {
            "embedded" => assert!(database.starts_with("SQLite") && bus == "in-process", "{database}, {bus}"),
            _ => {
                assert!(
                    database.starts_with("PostgreSQL") && bus.starts_with("RabbitMQ"),
                    "{database}, {bus}"
                );
            }
        }
        assert!(stack.depot.check().await.unwrap().contains(stack.directory().to_str().unwrap()));
        // Another process sees the same.
        assert_eq!(stack.open_store().check().await.unwrap(), database);
        let other = stack.open_bus().await;
        assert_eq!(other.check().await.unwrap(), bus);
        other.publish(&[message()]).await.unwrap();
        let auditor = route::queues_of("auditor").next().unwrap();
        let mut consumer = stack.bus.consume(auditor, 1).await.unwrap();
        let delivery = consumer.next().await.unwrap();
        assert_eq!(delivery.content.unwrap().kind, route::SNAPSHOT_READY);
        consumer.ack(&[delivery.tag]).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn stacks_are_separate_and_leave_nothing() {
    for (one, two) in stacks().await.into_iter().zip(stacks().await) {
        assert_eq!(one.name, two.name);
        one.bus.publish(&[message()]).await.unwrap();
        let waiting = two.bus.depths().await.unwrap().into_iter().map(|depth| depth.ready).sum::<u64>();
        assert_eq!(waiting, 0, "{}", one.name);
        let (directory, store) = (one.directory().to_owned(), one.open_store());
        let name = one.name;
        one.remove().await;
        assert!(!directory.exists());
        assert!(store.check().await.is_err(), "the database of {name} should be gone");
        two.store.check().await.unwrap();
        two.remove().await;
    }
}

#[tokio::test]
async fn a_failing_test_fails_after_its_stack_is_removed() {
    let directory = std::sync::Mutex::new(None);
    let run = on_each_stack(async |stack| {
        *directory.lock().unwrap() = Some(stack.directory().to_owned());
        panic!("as tests do");
    });
    let outcome = futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(run)).await;
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"as tests do"));
    assert!(!directory.lock().unwrap().take().unwrap().exists());
}

fn message() -> Envelope {
    let ready = SnapshotReady { snapshot: SnapshotId::new() };
    Envelope::seal(&contracts::Outgoing::in_lane(&ready, Lane::Normal), "stocktake/test", None)
}
