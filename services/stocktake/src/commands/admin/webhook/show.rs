//! What of webhooks is printed.

use comfy_table::{Table, presets};
use contracts::{DeliveryId, Failure, WebhookId, events};
use jiff::Timestamp;
use serde_json::json;
use store::{
    Store,
    webhooks::{
        deliveries::{self, DeliveryFilter, DeliveryState},
        destinations,
        subscriptions::{self, Webhook},
    },
};

use super::unknown;
use crate::output;

/// How many are listed.
const LISTED: u32 = 100;

fn table(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(heads);
    table
}

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

pub(super) async fn list(store: &Store, format: output::TableFormat) -> Result<(), Failure> {
    let rows = store.read(|tx| subscriptions::list(tx, None, LISTED)).await?;
    match format {
        output::TableFormat::Json => {
            let shown = |row: &Webhook| {
                json!({
                    "id": row.id, "name": row.name, "url": row.url, "state": row.state, "events": row.events,
                    "filters": row.filters, "keys": row.secrets.len(), "reason": row.reason,
                })
            };
            output::line(format_args!("{:#}", json!(rows.iter().map(shown).collect::<Vec<_>>())))
        }
        output::TableFormat::Table if rows.is_empty() => output::line("nobody is told of anything"),
        output::TableFormat::Table => {
            let mut table = table(&["id", "name", "url", "state", "events", "because"]);
            for row in &rows {
                table.add_row([
                    &row.id.to_string(),
                    &row.name,
                    &row.url,
                    row.state.as_str(),
                    &row.events.join(" "),
                    row.reason.as_deref().unwrap_or_default(),
                ]);
            }
            output::line(table.trim_fmt())
        }
    }
}

pub(super) async fn deliveries_of(
    store: &Store,
    id: WebhookId,
    state: Option<DeliveryState>,
    format: output::TableFormat,
) -> Result<(), Failure> {
    let filter = DeliveryFilter { webhook: Some(id), state, ..DeliveryFilter::default() };
    let rows = store.read(move |tx| deliveries::list(tx, &filter, None, LISTED)).await?;
    match format {
        output::TableFormat::Json => {
            let shown = |row: &deliveries::Delivery| {
                json!({
                    "id": row.id, "event": row.event, "url": row.url, "state": row.state, "tries": row.tries,
                    "reason": row.reason, "created_at": row.created_at.to_string(), "due_at": row.due_at.to_string(),
                })
            };
            output::line(format_args!("{:#}", json!(rows.iter().map(shown).collect::<Vec<_>>())))
        }
        output::TableFormat::Table if rows.is_empty() => output::line("it was told nothing"),
        output::TableFormat::Table => {
            let mut table = table(&["id", "event", "state", "tries", "created", "reason"]);
            for row in &rows {
                let created = time(row.created_at);
                let (tries, reason) = (row.tries.to_string(), row.reason.as_deref().unwrap_or_default());
                table.add_row([
                    &row.id.to_string(),
                    &row.event,
                    row.state.as_str(),
                    &tries,
                    &created,
                    reason,
                ]);
            }
            output::line(table.trim_fmt())
        }
    }
}

/// Each try of one delivery.
pub(super) async fn tries(store: &Store, id: DeliveryId, format: output::TableFormat) -> Result<(), Failure> {
    let read = move |tx: &mut store::Tx| {
        let Some(found) = deliveries::get(tx, id)? else { return Ok(None) };
        Ok(Some((found, deliveries::attempts_of(tx, id)?)))
    };
    let (delivery, attempts) = store.read(read).await?.ok_or_else(|| unknown("delivery", id))?;
    match format {
        output::TableFormat::Json => {
            let shown = |one: &deliveries::Attempt| {
                json!({
                    "at": one.at.to_string(), "milliseconds": one.micros as f64 / 1_000.0, "status": one.status,
                    "error": one.error, "answer": one.answer,
                })
            };
            output::line(format_args!(
                "{:#}",
                json!({
                    "id": delivery.id, "webhook_id": format!("msg_{}", delivery.id.0.simple()),
                    "event": delivery.event, "url": delivery.url, "state": delivery.state,
                    "body": delivery.body, "tries": attempts.iter().map(shown).collect::<Vec<_>>(),
                })
            ))
        }
        output::TableFormat::Table if attempts.is_empty() => output::line("it was not tried yet"),
        output::TableFormat::Table => {
            let mut table = table(&["at", "status", "took", "no answer because", "answer"]);
            for one in &attempts {
                table.add_row([
                    time(one.at),
                    one.status.map(|status| status.to_string()).unwrap_or_default(),
                    format!("{:.1} ms", one.micros as f64 / 1_000.0),
                    one.error.clone().unwrap_or_default(),
                    output::visible(&one.answer).into_owned(),
                ]);
            }
            output::line(table.trim_fmt())
        }
    }
}

pub(super) fn all_events() -> Result<(), Failure> {
    let mut table = table(&["event", "says"]);
    for (name, meaning) in events::EVENTS {
        table.add_row([name, meaning]);
    }
    output::line(table.trim_fmt())
}

pub(super) async fn destinations_of(
    store: &Store,
    failing: bool,
    format: output::TableFormat,
) -> Result<(), Failure> {
    let rows = store.read(move |tx| destinations::list(tx, failing, None, LISTED)).await?;
    let instant = |at: Option<Timestamp>| at.map(time).unwrap_or_default();
    match format {
        output::TableFormat::Json => {
            let shown = |row: &destinations::Destination| {
                let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
                json!({
                    "id": row.id, "origin": row.origin, "state": row.state(), "failures": row.health.failures,
                    "failing_since": text(row.health.failing_since), "open_until": text(row.health.open_until),
                    "switched_off_at": text(row.switched_off_at),
                })
            };
            output::line(format_args!("{:#}", json!(rows.iter().map(shown).collect::<Vec<_>>())))
        }
        output::TableFormat::Table if rows.is_empty() => output::line("there are none"),
        output::TableFormat::Table => {
            let mut table = table(&["origin", "state", "failures", "failing since", "left alone until"]);
            for row in &rows {
                table.add_row([
                    row.origin.clone(),
                    row.state().to_owned(),
                    row.health.failures.to_string(),
                    instant(row.health.failing_since),
                    instant(row.health.open_until),
                ]);
            }
            output::line(table.trim_fmt())
        }
    }
}
