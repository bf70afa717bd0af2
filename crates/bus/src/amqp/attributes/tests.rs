//! What is written is read again, and what makes no sense is told apart from what does.

use contracts::Lane;
use proptest::prelude::*;

use super::*;

const KEY: &str = "repository.discovered.v1";

fn headers(pairs: &[(&str, AMQPValue)]) -> BasicProperties {
    let mut table = FieldTable::default();
    for (name, value) in pairs {
        table.insert((*name).into(), value.clone());
    }
    BasicProperties::default().with_headers(table)
}

fn envelope() -> Envelope {
    Envelope {
        id: "7".to_owned(),
        source: "stocktake/test".to_owned(),
        kind: KEY.to_owned(),
        time: "2030-01-31T12:00:00.123456789Z".parse().unwrap(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        lane: Lane::Urgent,
        attempt: 4_000_000_000,
        body: b"{\"url\":\"https://example.org/a\"}".to_vec(),
    }
}

#[test]
fn what_is_written_is_read_again() {
    let sent = envelope();
    let read = read(&sent.routing_key(), &properties(&sent, true), sent.body.clone(), &[]).unwrap();
    assert_eq!(read, sent);
}

#[test]
fn a_bare_body_takes_everything_from_its_routing_key() {
    let body = b"{\"url\":\"https://example.org/a\"}".to_vec();
    let said = read(KEY, &BasicProperties::default(), body.clone(), &[]).unwrap();
    assert_eq!(said, Envelope::from_bare(KEY, body.clone(), said.time));
    let urgent = read("repository.discovered.v1.urgent", &BasicProperties::default(), body, &[]).unwrap();
    assert_eq!((urgent.id, urgent.lane), (said.id, Lane::Urgent));
}

#[test]
fn single_attributes_of_others_are_believed() {
    let said = headers(&[("cloudEvents_id", AMQPValue::ShortString("mine".into()))]);
    assert_eq!(read(KEY, &said, b"{}".to_vec(), &[]).unwrap().id, "mine");
    let said = BasicProperties::default().with_message_id("theirs".into());
    assert_eq!(read(KEY, &said, b"{}".to_vec(), &[]).unwrap().id, "theirs");
    let said = headers(&[("cloudEvents:time", AMQPValue::Timestamp(1_900_000_000))]);
    assert_eq!(read(KEY, &said, b"{}".to_vec(), &[]).unwrap().time.as_second(), 1_900_000_000);
    let said = headers(&[("cloudEvents:attempt", AMQPValue::LongString("3".into()))]);
    assert_eq!(read(KEY, &said, b"{}".to_vec(), &[]).unwrap().attempt, 3);
    let said = headers(&[("traceparent", AMQPValue::LongString("nonsense".into()))]);
    assert_eq!(read(KEY, &said, b"{}".to_vec(), &[]).unwrap().traceparent, None);
}

#[test]
fn nonsense_is_foreign_with_its_bytes_and_a_reason() {
    let cases: [(BasicProperties, &[u8], &str); 9] = [
        (BasicProperties::default(), b"\xff\xfe", "body is not JSON"),
        (BasicProperties::default(), b"", "body is not JSON"),
        (headers(&[("cloudEvents:id", AMQPValue::Boolean(true))]), b"{}", "cloudEvents:id is no string"),
        (headers(&[("cloudEvents:id", AMQPValue::LongString("a\0b".into()))]), b"{}", "control"),
        (headers(&[("cloudEvents:id", AMQPValue::LongString("".into()))]), b"{}", "1 to 256 bytes"),
        (headers(&[("cloudEvents:time", AMQPValue::LongString("noon".into()))]), b"{}", "noon"),
        (headers(&[("cloudEvents:attempt", AMQPValue::LongInt(-1))]), b"{}", "whole number"),
        (headers(&[("cloudEvents:specversion", AMQPValue::LongString("2.0".into()))]), b"{}", "2.0"),
        (
            BasicProperties::default().with_content_type("application/cloudevents+json".into()),
            b"{}",
            "structured",
        ),
    ];
    for (properties, body, expected) in cases {
        let foreign = read(KEY, &properties, body.to_vec(), &[]).unwrap_err();
        assert!(foreign.reason.contains(expected), "{expected:?} in {:?}", foreign.reason);
        assert_eq!((foreign.routing_key.as_str(), foreign.body.as_slice()), (KEY, body));
    }
}

#[test]
fn a_type_that_the_queue_does_not_take_is_foreign() {
    let said = read("indexer", &BasicProperties::default(), b"{}".to_vec(), &[KEY.to_owned()]).unwrap_err();
    assert!(said.reason.contains("\"indexer\"") && said.reason.contains(KEY), "{}", said.reason);
}

proptest! {
    #[test]
    fn any_attributes_are_read_or_refused_and_the_body_survives(
        names in proptest::collection::vec("(cloudEvents[:_])?(id|time|type|source|attempt|specversion|x)", 0..6),
        values in proptest::collection::vec(".{0,300}", 6),
        body in proptest::collection::vec(any::<u8>(), 0..64),
        key in "[a-z.0-9]{0,40}",
    ) {
        let pairs: Vec<_> =
            names.iter().zip(&values).map(|(name, value)| (name.as_str(), text(value))).collect();
        match read(&key, &headers(&pairs), body.clone(), &[]) {
            Ok(envelope) => prop_assert_eq!(envelope.body, body),
            Err(foreign) => prop_assert_eq!(foreign.body, body),
        }
    }
}
