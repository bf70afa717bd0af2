//! What only a broker can do to us: other properties, missing queues, refusals.

use std::collections::BTreeSet;

use bus::{AmqpOptions, BusError};
use contracts::ErrorKind;
use lapin::{Connection, ConnectionProperties, options::QueueDeleteOptions, types::FieldTable, uri::AMQPUri};

use crate::kit::*;

async fn administrator(options: &AmqpOptions) -> (Connection, lapin::Channel) {
    let connection = Connection::connect(&options.url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_with_other_properties_is_named() {
    on_amqp(Settings::default(), async |kit| {
        let mut options = kit.amqp.clone().unwrap();
        options.max_length += 1;
        let error = bus::amqp(options.clone()).await.err().unwrap();
        assert!(matches!(error, BusError::Refused(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("{}indexer", options.prefix)), "{text}");
        assert!(text.contains("x-max-length") && text.contains("rabbitmqctl delete_queue"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_say_what_to_check_and_no_password() {
    on_amqp(Settings::default(), async |kit| {
        let options = kit.amqp.clone().unwrap();
        let mut uri: AMQPUri = options.url.parse().unwrap();
        "not-the-password".clone_into(&mut uri.authority.userinfo.password);
        let wrong = AmqpOptions { url: uri.to_string(), ..options.clone() };
        let error = bus::amqp(wrong).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
        assert!(error.to_string().contains("password"), "{error}");
        assert!(!error.to_string().contains("not-the-password"), "{error}");

        let mut uri: AMQPUri = options.url.parse().unwrap();
        "no-such-place".clone_into(&mut uri.vhost);
        let error = bus::amqp(AmqpOptions { url: uri.to_string(), ..options }).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
        assert!(error.to_string().contains("virtual host"), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_queue_is_made_again() {
    on_amqp(Settings::default(), async |kit| {
        let options = kit.amqp.clone().unwrap();
        let name = format!("{}analyzer", options.prefix);
        let mut consumer = kit.bus.consume(queue("analyzer"), 10).await.unwrap();
        take_after(kit, &mut consumer, 1).await;
        let (_connection, channel) = administrator(&options).await;
        channel.queue_delete(name.into(), QueueDeleteOptions::default()).await.unwrap();
        // The publisher finds out because the message comes back; the consumer because it is told.
        take_after(kit, &mut consumer, 5).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_comes_back_is_not_taken_for_delivered() {
    on_amqp(Settings::default(), async |kit| {
        let options = kit.amqp.clone().unwrap();
        let (_connection, channel) = administrator(&options).await;
        let (name, exchange) =
            (format!("{}analyzer", options.prefix), format!("{}stocktake", options.prefix));
        let unbound = channel.queue_unbind(
            name.into(),
            exchange.into(),
            contracts::route::BATCH_STORED.into(),
            FieldTable::default(),
        );
        unbound.await.unwrap();
        // Others published at the same time must not be blamed, and none may be lost.
        let sent = batches(50);
        let publishing: Vec<_> = sent
            .iter()
            .map(|one| {
                let (bus, one) = (kit.bus.clone(), one.clone());
                tokio::spawn(async move { bus.publish(&[one]).await })
            })
            .collect();
        for publishing in publishing {
            publishing.await.unwrap().unwrap();
        }
        let mut consumer = kit.bus.consume(queue("analyzer"), 100).await.unwrap();
        let mut received = BTreeSet::new();
        while received.len() < sent.len() {
            received.extend(ids(&take_and_ack(&mut consumer, 1).await));
        }
        assert_eq!(received.into_iter().collect::<Vec<_>>(), sent_ids(&sent));
    })
    .await;
}

async fn take_after(kit: &Kit, consumer: &mut Box<dyn bus::Consumer>, count: usize) {
    let sent = batches(count);
    kit.bus.publish(&sent).await.unwrap();
    assert_eq!(ids(&take_and_ack(consumer, count).await), sent_ids(&sent));
}

#[tokio::test]
async fn only_a_prefix_can_be_removed() {
    let error = bus::remove_topology(&AmqpOptions::new("amqp://127.0.0.1:1/%2f")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
}
