//! What of webhooks is printed: the JSON that the API has, wherever it came from.

use contracts::{Failure, events};
use serde_json::Value;

use crate::{
    commands::listing::{self, Column},
    output::{self, TableFormat},
};

/// How many are listed.
pub(super) const LISTED: u32 = 100;

const WEBHOOK: &[Column] = &[
    ("id", "/id"),
    ("name", "/name"),
    ("url", "/url"),
    ("state", "/state"),
    ("events", "/events"),
    ("because", "/reason"),
];
const DELIVERY: &[Column] = &[
    ("id", "/id"),
    ("event", "/event"),
    ("state", "/state"),
    ("tries", "/tries"),
    ("created", "/created_at"),
    ("reason", "/reason"),
];
const ATTEMPT: &[Column] = &[
    ("at", "/at"),
    ("status", "/status"),
    ("milliseconds", "/milliseconds"),
    ("no answer because", "/error"),
    ("answer", "/answer"),
];
const DESTINATION: &[Column] = &[
    ("origin", "/origin"),
    ("state", "/state"),
    ("failures", "/failures"),
    ("failing since", "/failing_since"),
    ("left alone until", "/open_until"),
];

pub(super) fn webhooks(rows: &[Value], format: TableFormat) -> Result<(), Failure> {
    listing::list(format, rows, WEBHOOK, "nobody is told of anything")
}

pub(super) fn deliveries(rows: &[Value], format: TableFormat) -> Result<(), Failure> {
    listing::list(format, rows, DELIVERY, "it was told nothing")
}

/// Each try of one delivery.
pub(super) fn tries(detail: &Value, format: TableFormat) -> Result<(), Failure> {
    match format {
        TableFormat::Json => output::line(format_args!("{detail:#}")),
        TableFormat::Table => {
            let attempts = detail["attempts"].as_array().map_or(&[][..], Vec::as_slice);
            listing::list(format, attempts, ATTEMPT, "it was not tried yet")
        }
    }
}

pub(super) fn destinations(rows: &[Value], format: TableFormat) -> Result<(), Failure> {
    listing::list(format, rows, DESTINATION, "there are none")
}

/// A webhook that was made, with what its receiver verifies by.
pub(super) fn made(made: &Value) -> Result<(), Failure> {
    let (id, key) = (text(&made["webhook"]["id"]), text(&made["secret"]));
    output::line(format_args!("{id} is told from now on; its receiver verifies with {key}"))
}

/// A webhook that has a new key.
pub(super) fn rotated(made: &Value) -> Result<(), Failure> {
    let (id, key) = (text(&made["webhook"]["id"]), text(&made["secret"]));
    output::line(format_args!("{id} has a new key; its receiver verifies with {key}"))
}

pub(super) fn events() -> Result<(), Failure> {
    let named = |(name, meaning): &(&str, &str)| serde_json::json!({ "name": name, "meaning": meaning });
    let rows: Vec<Value> = events::EVENTS.iter().map(named).collect();
    listing::list(TableFormat::Table, &rows, &[("event", "/name"), ("says", "/meaning")], "there are none")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
