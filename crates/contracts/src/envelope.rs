//! What surrounds a message on its way: the attributes of `CloudEvents` 1.0 and the lane.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Message, route};

/// Which queue of a service a message waits in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Ordinary work and back-fill.
    #[default]
    Normal,
    /// Work that a person or a repair waits for; it overtakes the rest.
    Urgent,
}

impl Lane {
    /// The stable name, as it stands in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Urgent => "urgent",
        }
    }
}

/// A message that is to be published, before it has been given its envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// The message's type, which is its route without the lane.
    pub kind: &'static str,
    /// The lane it travels in.
    pub lane: Lane,
    /// The message as JSON.
    pub body: serde_json::Value,
}

impl Outgoing {
    /// `message` in the ordinary lane.
    pub fn new<M: Message>(message: &M) -> Self {
        Self::in_lane(message, Lane::Normal)
    }

    /// `message` in `lane`.
    pub fn in_lane<M: Message>(message: &M, lane: Lane) -> Self {
        // Our own messages are plain structs of strings and numbers: they always have a JSON form.
        let body = serde_json::to_value(message).unwrap_or(serde_json::Value::Null);
        Self { kind: M::KIND, lane, body }
    }
}

/// A message on its way, with its `CloudEvents` attributes in binary mode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Unique for each message; the same when a message is delivered again. The inbox's key.
    pub id: String,
    /// Which service said it, for instance `stocktake/analyzer`.
    pub source: String,
    /// The message's type, for instance `batch.stored.v1`.
    pub kind: String,
    /// When it was said.
    pub time: Timestamp,
    /// The W3C trace context of who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The lane it travels in.
    #[serde(default)]
    pub lane: Lane,
    /// How often it has been tried before; 0 at first.
    #[serde(default)]
    pub attempt: u32,
    /// The message itself, JSON.
    #[serde(with = "body_text")]
    pub body: Vec<u8>,
}

impl Envelope {
    /// The envelope of a message that a service of ours says now.
    pub fn seal(outgoing: &Outgoing, source: &str, traceparent: Option<String>) -> Self {
        Self {
            id: Uuid::now_v7().to_string(),
            source: source.to_owned(),
            kind: outgoing.kind.to_owned(),
            time: Timestamp::now(),
            traceparent,
            lane: outgoing.lane,
            attempt: 0,
            body: outgoing.body.to_string().into_bytes(),
        }
    }

    /// The envelope of a bare JSON body that someone published with nothing but a routing key: the
    /// type and lane come from the key, the id from a digest of both, so that the same body published
    /// twice is one message.
    pub fn from_bare(routing_key: &str, body: Vec<u8>, time: Timestamp) -> Self {
        let (kind, lane) = route::parse_key(routing_key);
        let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(&body).finalize();
        let hex: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            id: format!("sha256-{hex}"),
            source: "external".to_owned(),
            kind: kind.to_owned(),
            time,
            traceparent: None,
            lane,
            attempt: 0,
            body,
        }
    }

    /// The routing key this message is published with.
    pub fn routing_key(&self) -> String {
        route::key(&self.kind, self.lane)
    }
}

/// Bodies are JSON and therefore text; stored as text they stay readable in the outbox. Bytes that
/// are no UTF-8 cannot come from a service of ours and are kept by the set-aside table, not by this.
mod body_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(body: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(body))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        String::deserialize(deserializer).map(String::into_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_body_is_the_same_message_each_time() {
        let now = Timestamp::now();
        let one = Envelope::from_bare("repository.discovered.v1", b"{}".to_vec(), now);
        let two = Envelope::from_bare("repository.discovered.v1.urgent", b"{}".to_vec(), now);
        assert_eq!(one.id, two.id);
        assert_eq!((one.kind.as_str(), one.lane), ("repository.discovered.v1", Lane::Normal));
        assert_eq!(two.lane, Lane::Urgent);
        assert_ne!(one.id, Envelope::from_bare("repository.discovered.v1", b"[]".to_vec(), now).id);
    }
}
