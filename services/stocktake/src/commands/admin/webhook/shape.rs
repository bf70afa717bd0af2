//! Webhooks as the API shows them.

use serde_json::{Value, json};
use store::webhooks::{deliveries, destinations, subscriptions};

pub(super) fn webhook(row: &subscriptions::Webhook) -> Value {
    json!({
        "id": row.id, "name": row.name, "url": row.url, "state": row.state, "events": row.events,
        "filters": row.filters, "keys": row.secrets.len(), "reason": row.reason,
        "created_at": row.created_at, "updated_at": row.updated_at,
    })
}

pub(super) fn delivery(row: &deliveries::Delivery) -> Value {
    json!({
        "id": row.id, "webhook_id": format!("msg_{}", row.id.0.simple()), "webhook": row.webhook,
        "subject": row.subject, "event": row.event, "url": row.url, "state": row.state, "tries": row.tries,
        "reason": row.reason, "due_at": row.due_at, "created_at": row.created_at, "ended_at": row.ended_at,
    })
}

pub(super) fn detail(row: &deliveries::Delivery, attempts: &[deliveries::Attempt]) -> Value {
    let shown = |one: &deliveries::Attempt| {
        json!({
            "at": one.at, "milliseconds": one.micros as f64 / 1_000.0, "status": one.status,
            "error": one.error, "answer": one.answer,
        })
    };
    let attempts: Vec<Value> = attempts.iter().map(shown).collect();
    json!({ "delivery": delivery(row), "body": row.body, "attempts": attempts })
}

pub(super) fn destination(row: &destinations::Destination) -> Value {
    json!({
        "id": row.id, "origin": row.origin, "state": row.state(), "failures": row.health.failures,
        "failing_since": row.health.failing_since, "open_until": row.health.open_until,
        "switched_off_at": row.switched_off_at,
    })
}
