//! Envelopes as AMQP messages and back: the `CloudEvents` AMQP binding in binary mode.
//!
//! Ours carry every attribute. From others a bare JSON body with a routing key is enough; what they do
//! say is believed, as long as it makes sense.

use contracts::{Envelope, route};
use jiff::Timestamp;
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use serde_json::{Map, Value, json};

use crate::{Foreign, reading};

/// What the binding puts before an attribute's name. The second form is for clients that cannot have a
/// colon in a header's name.
const PREFIXES: [&str; 2] = ["cloudEvents:", "cloudEvents_"];
const TRACEPARENT: &str = "traceparent";
const CONTENT_TYPE: &str = "application/json";
const STRUCTURED: &str = "application/cloudevents";
const LONGEST: usize = 256;

/// The properties that `envelope` is published with.
pub(super) fn properties(envelope: &Envelope, persistent: bool) -> BasicProperties {
    let mut headers = FieldTable::default();
    let mut set = |name: &str, value: AMQPValue| {
        headers.insert(format!("{}{name}", PREFIXES[0]).into(), value);
    };
    set("specversion", text("1.0"));
    set("id", text(&envelope.id));
    set("source", text(&envelope.source));
    set("type", text(&envelope.kind));
    set("time", text(&envelope.time.to_string()));
    set("attempt", AMQPValue::LongUInt(envelope.attempt));
    if let Some(traceparent) = &envelope.traceparent {
        headers.insert(TRACEPARENT.into(), text(traceparent));
    }
    BasicProperties::default()
        .with_content_type(CONTENT_TYPE.into())
        .with_delivery_mode(if persistent { 2 } else { 1 })
        .with_headers(headers)
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

/// The message's id in these properties, if there is one.
pub(super) fn id(properties: &BasicProperties) -> Option<String> {
    Attributes(properties).text("id").ok().flatten()
}

/// Reads a message from a queue that takes `kinds` (none: every kind).
pub(super) fn read(
    routing_key: &str,
    properties: &BasicProperties,
    body: Vec<u8>,
    kinds: &[String],
) -> Result<Envelope, Foreign> {
    let foreign = |body, reason| Foreign {
        routing_key: routing_key.to_owned(),
        headers: described(properties),
        body,
        reason,
    };
    // The attributes first, with an empty body: bytes that turn out to be foreign are then still ours.
    let envelope = match attributes(routing_key, properties, &body) {
        Ok(envelope) => envelope,
        Err(reason) => return Err(foreign(body, reason)),
    };
    let envelope = Envelope { body, ..envelope };
    match reading::objection(&envelope, kinds) {
        None => Ok(envelope),
        Some(reason) => Err(foreign(envelope.body, reason)),
    }
}

/// The envelope that the attributes describe, its body left empty.
fn attributes(routing_key: &str, properties: &BasicProperties, body: &[u8]) -> Result<Envelope, String> {
    let said = Attributes(properties);
    if properties.content_type().as_ref().is_some_and(|kind| kind.as_str().starts_with(STRUCTURED)) {
        return Err("structured CloudEvents are not read; publish the data alone as the body, with the \
                    attributes as headers (cloudEvents:id, cloudEvents:type, …) or with a routing key only"
            .to_owned());
    }
    if let Some(version) = said.text("specversion")?.filter(|version| !version.starts_with("1.")) {
        return Err(format!("CloudEvents version {version:?} is not known; accepted: 1.0"));
    }
    let id = match said.text("id")? {
        Some(id) => Some(id),
        None => properties.message_id().as_ref().map(|id| checked("message_id", id.as_str())).transpose()?,
    };
    let time = match said.text("time")? {
        None => Timestamp::now(),
        Some(time) => time.parse().map_err(|error| {
            format!("cloudEvents:time {time:?} is no time such as 2030-01-31T12:00:00Z: {error}")
        })?,
    };
    let (key_kind, lane) = route::parse_key(routing_key);
    let kind = said.text("type")?.unwrap_or_else(|| key_kind.to_owned());
    let id = match id {
        Some(id) => id,
        // The digest is taken over the routing key's kind, as for every bare body.
        None => Envelope::from_bare(&kind, body.to_vec(), time).id,
    };
    Ok(Envelope {
        id,
        source: said.text("source")?.unwrap_or_else(|| "external".to_owned()),
        kind,
        time,
        traceparent: said.traceparent(),
        lane,
        attempt: said.number("attempt")?.unwrap_or(0),
        body: Vec::new(),
    })
}

/// The headers, read as attributes.
struct Attributes<'a>(&'a BasicProperties);

impl Attributes<'_> {
    fn get(&self, name: &str) -> Option<&AMQPValue> {
        let headers = self.0.headers().as_ref()?.inner();
        PREFIXES.iter().find_map(|prefix| headers.get(format!("{prefix}{name}").as_str()))
    }

    fn text(&self, name: &str) -> Result<Option<String>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let name = format!("cloudEvents:{name}");
        match as_text(value) {
            Some(text) => checked(&name, &text).map(Some),
            None => Err(format!("{name} is no string")),
        }
    }

    fn number(&self, name: &str) -> Result<Option<u32>, String> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = match to_json(value) {
            Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        number.map(Some).ok_or_else(|| format!("cloudEvents:{name} is no whole number of 0 or more"))
    }

    /// A wrong trace context is dropped, never a reason to refuse the message.
    fn traceparent(&self) -> Option<String> {
        let headers = self.0.headers().as_ref()?.inner();
        let value = headers.get(TRACEPARENT).or_else(|| self.get(TRACEPARENT))?;
        let plausible = |text: &String| {
            text.len() == 55 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        };
        as_text(value).filter(plausible)
    }
}

/// Refuses what could not be stored or shown: nothing, control characters, or a whole book.
fn checked(name: &str, value: &str) -> Result<String, String> {
    if value.is_empty() || value.len() > LONGEST || value.chars().any(char::is_control) {
        return Err(format!(
            "{name} must have 1 to {LONGEST} bytes and no control characters, it has {} bytes",
            value.len()
        ));
    }
    Ok(value.to_owned())
}

fn as_text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => std::str::from_utf8(text.as_bytes()).ok().map(str::to_owned),
        AMQPValue::ShortString(text) => Some(text.as_str().to_owned()),
        // Some clients have a time type of their own and send that for `time`.
        AMQPValue::Timestamp(seconds) => {
            let seconds = i64::try_from(*seconds).ok()?;
            Timestamp::from_second(seconds).ok().map(|time| time.to_string())
        }
        _ => None,
    }
}

/// Everything around a body that could help somebody find out who sent it.
fn described(properties: &BasicProperties) -> Value {
    let mut all = properties.headers().as_ref().map(table).unwrap_or_default();
    let named = [
        ("content-type", properties.content_type()),
        ("content-encoding", properties.content_encoding()),
        ("message-id", properties.message_id()),
        ("correlation-id", properties.correlation_id()),
        ("type", properties.kind()),
        ("user-id", properties.user_id()),
        ("app-id", properties.app_id()),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            all.insert(format!("property:{name}"), json!(value.as_str()));
        }
    }
    Value::Object(all)
}

fn table(headers: &FieldTable) -> Map<String, Value> {
    headers.inner().iter().map(|(name, value)| (name.as_str().to_owned(), to_json(value))).collect()
}

fn to_json(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(value) => json!(value),
        AMQPValue::ShortShortInt(value) => json!(value),
        AMQPValue::ShortShortUInt(value) => json!(value),
        AMQPValue::ShortInt(value) => json!(value),
        AMQPValue::ShortUInt(value) => json!(value),
        AMQPValue::LongInt(value) => json!(value),
        AMQPValue::LongUInt(value) => json!(value),
        AMQPValue::LongLongInt(value) => json!(value),
        AMQPValue::Float(value) => json!(value),
        AMQPValue::Double(value) => json!(value),
        AMQPValue::DecimalValue(value) => json!({ "scale": value.scale, "value": value.value }),
        AMQPValue::ShortString(value) => json!(value.as_str()),
        AMQPValue::LongString(value) => json!(String::from_utf8_lossy(value.as_bytes())),
        AMQPValue::FieldArray(values) => values.as_slice().iter().map(to_json).collect(),
        AMQPValue::Timestamp(value) => json!(value),
        AMQPValue::FieldTable(value) => Value::Object(table(value)),
        AMQPValue::ByteArray(value) => json!(value.as_slice()),
        AMQPValue::Void => Value::Null,
    }
}

#[cfg(test)]
#[path = "attributes/tests.rs"]
mod tests;
