//! What the API shows of things, for whoever shows them without HTTP: the same names, the same meanings.

use contracts::{SnapshotId, SourceId};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use store::{
    StoreError, Tx, audits, changes, findings, histories, snapshots, sources, stocks, tasks,
    webhooks::{deliveries, destinations, subscriptions},
};

use crate::routes;

fn value(shape: &impl Serialize) -> Value {
    // Shapes are made of texts, numbers and lists: they always have a JSON form.
    serde_json::to_value(shape).unwrap_or_default()
}

/// As `GET /sources/{id}` shows it.
pub fn source(row: sources::Source) -> Value {
    value(&routes::Source::from(row))
}

/// As `GET /sources/{id}/standing` shows it; none when it is not there.
///
/// # Errors
/// When the database does not answer.
pub fn standing(tx: &mut Tx, id: SourceId, now: Timestamp) -> Result<Option<Value>, StoreError> {
    Ok(routes::standing(tx, id, now)?.as_ref().map(value))
}

/// As `GET /stocks/{id}` shows it.
pub fn stock(row: stocks::Stock) -> Value {
    value(&routes::Stock::from(row))
}

/// As `GET /stocks/{id}/entries` lists it.
pub fn entry(row: stocks::Entry) -> Value {
    value(&routes::StockEntry::from(row))
}

/// As `GET /stocks/{id}/versions` lists it.
pub fn version(row: stocks::StockVersion) -> Value {
    value(&routes::Version::from(row))
}

/// As `GET /snapshots` lists it.
pub fn snapshot(row: snapshots::Snapshot) -> Value {
    value(&routes::Snapshot::from(row))
}

/// As `GET /snapshots/{id}` shows it; none when it is not there.
///
/// # Errors
/// When the database does not answer.
pub fn snapshot_detail(tx: &mut Tx, id: SnapshotId) -> Result<Option<Value>, StoreError> {
    Ok(routes::snapshot_detail(tx, id)?.as_ref().map(value))
}

/// As `GET /audits/{id}` shows it.
pub fn audit(row: audits::Audit, task: Option<tasks::Task>) -> Value {
    value(&routes::Audit::from((row, task)))
}

/// As `GET /audits/{id}/findings` lists it.
pub fn finding(row: findings::Finding) -> Value {
    value(&routes::Finding::from(row))
}

/// As `GET /audits/{id}/changes` lists it.
pub fn change(row: changes::ChangeRow) -> Value {
    value(&routes::Change::from(row))
}

/// As `GET /repositories/{id}/history` shows it.
pub fn history(row: histories::History) -> Value {
    value(&routes::History::from(row))
}

/// As `GET /repositories/{id}/commits` lists it.
pub fn commit(row: histories::Commit) -> Value {
    value(&routes::Commit::from(row))
}

/// As `GET /webhooks/{id}` shows it.
pub fn webhook(row: subscriptions::Webhook) -> Value {
    value(&routes::Webhook::from(row))
}

/// As `GET /webhook-deliveries` lists it.
pub fn delivery(row: deliveries::Delivery) -> Value {
    value(&routes::Delivery::from(row))
}

/// As `GET /webhook-deliveries/{id}` shows it.
pub fn delivery_detail(row: deliveries::Delivery, attempts: Vec<deliveries::Attempt>) -> Value {
    value(&routes::DeliveryDetail::from((row, attempts)))
}

/// As `GET /webhook-destinations` lists it.
pub fn destination(row: destinations::Destination) -> Value {
    value(&routes::Destination::from(row))
}
