//! What others publish: bare bodies are welcome, garbage is kept apart.

use contracts::{Envelope, Lane, route};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::BasicPublishOptions,
    types::{AMQPValue, FieldTable},
};

use crate::kit::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_no_json_is_foreign() {
    on_each(Settings::default(), async |kit| {
        let mut sent = envelope(route::BATCH_STORED, 1);
        sent.body = b"\x89PNG\r\n".to_vec();
        kit.bus.publish(&[sent.clone(), envelope(route::BATCH_STORED, 2)]).await.unwrap();
        let mut consumer = kit.bus.consume(queue("analyzer"), 10).await.unwrap();
        let delivery = next(&mut consumer).await;
        let foreign = delivery.content.unwrap_err();
        assert_eq!((foreign.routing_key.as_str(), foreign.body), (route::BATCH_STORED, sent.body));
        assert_eq!(foreign.headers["cloudEvents:id"], sent.id.as_str());
        assert!(foreign.reason.contains("not JSON"), "{}", foreign.reason);
        // It is acknowledged like any other, and the next one is not concerned.
        consumer.ack(&[delivery.tag]).await.unwrap();
        assert!(next(&mut consumer).await.content.is_ok());
    })
    .await;
}

/// A script that knows nothing but the exchange and AMQP.
struct Script {
    channel: Channel,
    _connection: Connection,
    prefix: String,
}

impl Script {
    async fn new(kit: &Kit) -> Self {
        let options = kit.amqp.as_ref().unwrap();
        let connection = Connection::connect(&options.url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        Self { channel, _connection: connection, prefix: options.prefix.clone() }
    }

    async fn publish(&self, exchange: &str, key: &str, properties: BasicProperties, body: &[u8]) {
        let exchange = if exchange.is_empty() { String::new() } else { format!("{}{exchange}", self.prefix) };
        let options = BasicPublishOptions::default();
        let sending = self.channel.basic_publish(exchange.into(), key.into(), options, body, properties);
        sending.await.unwrap().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bare_body_with_a_routing_key_is_a_message() {
    on_amqp(Settings::default(), async |kit| {
        let script = Script::new(kit).await;
        let body = b"{\"url\": \"https://example.org/a.git\"}";
        let key = route::REPOSITORY_DISCOVERED;
        script.publish(route::EXCHANGE, key, BasicProperties::default(), body).await;
        let urgent = format!("{key}.urgent");
        script.publish(route::EXCHANGE, &urgent, BasicProperties::default(), body).await;
        let mut consumer = kit.bus.consume(queue("indexer"), 10).await.unwrap();
        let first = next(&mut consumer).await.content.unwrap();
        assert_eq!(first, Envelope::from_bare(key, body.to_vec(), first.time));
        let second = next(&mut consumer).await.content.unwrap();
        assert_eq!((second.id, second.lane), (first.id, Lane::Urgent));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_is_delivered_as_foreign_with_everything_around_it() {
    on_amqp(Settings::default(), async |kit| {
        let script = Script::new(kit).await;
        let mut headers = FieldTable::default();
        headers.insert("cloudEvents:time".into(), AMQPValue::LongString("yesterday".into()));
        headers.insert("depth".into(), AMQPValue::LongInt(7));
        headers.insert("nested".into(), AMQPValue::FieldTable(headers.clone()));
        let properties = BasicProperties::default().with_headers(headers).with_app_id("cron".into());
        script.publish(route::EXCHANGE, route::REPOSITORY_DISCOVERED, properties, b"{}").await;
        // Straight into the queue, past every route.
        let name = format!("{}indexer", kit.amqp.as_ref().unwrap().prefix);
        script.publish("", &name, BasicProperties::default(), b"{}").await;
        script.publish(route::EXCHANGE, route::RUN_REQUESTED, BasicProperties::default(), b"").await;

        let mut consumer = kit.bus.consume(queue("indexer"), 10).await.unwrap();
        let foreign: Vec<_> =
            take_and_ack(&mut consumer, 3).await.into_iter().map(|one| one.content.unwrap_err()).collect();
        assert!(foreign[0].reason.contains("yesterday"), "{}", foreign[0].reason);
        assert_eq!(foreign[0].headers["depth"], 7);
        assert_eq!(foreign[0].headers["nested"]["depth"], 7);
        assert_eq!(foreign[0].headers["property:app-id"], "cron");
        assert!(foreign[1].reason.contains(route::REPOSITORY_DISCOVERED), "{}", foreign[1].reason);
        assert_eq!(foreign[1].routing_key, name);
        assert!(foreign[2].reason.contains("not JSON"), "{}", foreign[2].reason);
        nothing_before(kit, &mut consumer, envelope(route::RUN_REQUESTED, 1)).await;
    })
    .await;
}
