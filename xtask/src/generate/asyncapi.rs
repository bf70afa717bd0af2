//! The AsyncAPI 3.0 document: who takes what from which queue, and what anyone may say or listen to.

use anyhow::{Context, Result};
use contracts::{
    Lane,
    route::{self, EVENTS, EXCHANGE, QUEUES},
    samples::{Entry, MESSAGES},
};
use serde_json::{Map, Value, json};

use super::pretty;
use crate::workspace::{File, Root};

const SAMPLES: &str = "crates/contracts/samples/";

pub(super) fn file(root: &Root) -> Result<File> {
    let samples: Vec<File> =
        root.files()?.into_iter().filter(|file| file.path.starts_with(SAMPLES)).collect();
    let mut channels = Map::new();
    let mut messages = Map::new();
    for message in MESSAGES {
        for lane in lanes(message.kind) {
            channels.insert(channel_name(message.kind, lane), channel(message.kind, lane));
        }
        messages.insert(message.kind.to_owned(), describe(message, &samples)?);
    }
    let document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stocktake's messages",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "localhost:5672",
                "protocol": "amqp",
                "description": "Any RabbitMQ; `bus.url` names it.",
            },
        },
        "channels": channels,
        "operations": operations(),
        "components": { "messages": messages, "messageTraits": { "cloudevent": attributes() } },
    });
    Ok(File { path: "proto/asyncapi.json".to_owned(), text: pretty(&document) })
}

/// The lanes that a kind travels in: the urgent one where a queue takes it.
fn lanes(kind: &str) -> Vec<Lane> {
    let is_bound = |lane| QUEUES.iter().any(|queue| queue.routing_keys().contains(&route::key(kind, lane)));
    [Lane::Normal, Lane::Urgent].into_iter().filter(|lane| *lane == Lane::Normal || is_bound(*lane)).collect()
}

/// A channel is one routing key. Its name has no dots, which tools take for paths.
fn channel_name(kind: &str, lane: Lane) -> String {
    route::key(kind, lane).replace('.', "_")
}

fn channel(kind: &str, lane: Lane) -> Value {
    json!({
        "address": route::key(kind, lane),
        "messages": { kind: { "$ref": format!("#/components/messages/{kind}") } },
        "bindings": { "amqp": {
            "is": "routingKey",
            "exchange": { "name": EXCHANGE, "type": "topic", "durable": true, "autoDelete": false, "vhost": "/" },
            "bindingVersion": "0.3.0",
        } },
    })
}

fn describe(message: &Entry, samples: &[File]) -> Result<Value> {
    let schema = (message.schema)().to_value();
    let mut examples = Vec::new();
    for file in samples.iter().filter(|file| is_of(file, message.kind)) {
        let payload: Value = serde_json::from_str(&file.text).with_context(|| file.path.clone())?;
        examples.push(json!({ "payload": payload }));
    }
    Ok(json!({
        "name": message.kind,
        "title": schema["title"],
        "summary": schema["description"].as_str().unwrap_or_default().replace('\n', " "),
        "traits": [{ "$ref": "#/components/messageTraits/cloudevent" }],
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": { "$ref": format!("./schemas/{}.json", message.kind) },
        },
        "examples": examples,
    }))
}

/// Whether a stored sample is one of this kind: `kind.json`, or `kind.what-is-special.json`.
fn is_of(file: &File, kind: &str) -> bool {
    let name = file.path.strip_prefix(SAMPLES).unwrap_or_default();
    name.strip_prefix(kind).is_some_and(|rest| rest.starts_with('.') && rest.ends_with("json"))
}

fn operations() -> Value {
    let mut operations = Map::new();
    for queue in QUEUES {
        for kind in queue.kinds {
            let lanes = queue
                .routing_keys()
                .into_iter()
                .map(|key| (route::parse_key(&key).0.to_owned(), route::parse_key(&key).1));
            for (_, lane) in lanes.filter(|(bound, _)| bound == kind) {
                let name =
                    format!("{}_takes_{}", queue.name, channel_name(kind, lane)).replace(['.', '-'], "_");
                let summary = format!("{} takes it from the queue {}.", queue.service, queue.name);
                operations.insert(name, operation("receive", kind, lane, &summary));
            }
        }
    }
    for kind in EVENTS {
        let name = format!("tells_{}", channel_name(kind, Lane::Normal));
        let summary = "Said to whoever listens: bind a queue of your own to its routing key.";
        operations.insert(name, operation("send", kind, Lane::Normal, summary));
    }
    Value::Object(operations)
}

fn operation(action: &str, kind: &str, lane: Lane, summary: &str) -> Value {
    let channel = format!("#/channels/{}", channel_name(kind, lane));
    json!({
        "action": action,
        "summary": summary,
        "channel": { "$ref": channel },
        "messages": [{ "$ref": format!("{channel}/messages/{kind}") }],
    })
}

/// The attributes of `CloudEvents` as AMQP headers.
fn attributes() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "headers": {
            "type": "object",
            "properties": {
                "cloudEvents:specversion": { "type": "string", "const": "1.0" },
                "cloudEvents:id": text("Unique for each message; taken from a digest of the body when absent."),
                "cloudEvents:source": text("Which program said it."),
                "cloudEvents:type": text("The kind; taken from the routing key when absent."),
                "cloudEvents:time": text("When it was said, as in RFC 3339."),
                "cloudEvents:attempt": { "type": "integer", "minimum": 0, "description": "How often it was tried before." },
                "traceparent": text("The trace that it belongs to, as in W3C Trace Context."),
            },
        },
    })
}

const INTRODUCTION: &str = "\
What Stocktake's services say to each other, and what anyone may say to them. Every message is published to the topic \
exchange `stocktake` with its kind as routing key, followed by `.urgent` where a person waits for it. The body is JSON; \
the attributes of CloudEvents 1.0 travel as headers (binary mode). A script may publish a bare JSON body with nothing \
but a routing key, for instance `repository.discovered.v1` or `repair.requested.v1`. Delivery is at least once: the \
same id is the same message. Fields are added to a message and never changed; a new meaning is a new kind.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_every_message_has_an_example() {
        let root = Root::find().unwrap();
        let document: Value = serde_json::from_str(&file(&root).unwrap().text).unwrap();
        let mut references = Vec::new();
        collect(&document, &mut references);
        assert!(references.len() > 50);
        for reference in references {
            match reference.strip_prefix('#') {
                Some(pointer) => assert!(document.pointer(pointer).is_some(), "{reference}"),
                None => assert!(
                    reference.starts_with("./schemas/") && reference.ends_with(".json"),
                    "{reference}"
                ),
            }
        }
        for (kind, message) in document["components"]["messages"].as_object().unwrap() {
            assert!(!message["examples"].as_array().unwrap().is_empty(), "{kind}");
            assert!(!message["summary"].as_str().unwrap().is_empty(), "{kind}");
        }
    }

    fn collect(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                references.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| collect(value, references));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
            _ => {}
        }
    }
}
