//! Takes `snapshot.audited.v1`, `snapshot.committed.v1`, `commit.refused.v1`, `repair.done.v1`, and `task.ended.v1` of
//! audits that came to nothing.
//! Reads the names of what they are about.
//! Writes a notification that stays until it is read, and deliveries to the webhooks that want to know.
//! Emits `webhooks.queued.v1` for those; gateways hear the same messages themselves.

use async_trait::async_trait;
use contracts::{
    Failure, SnapshotId,
    events::event_of,
    messages::{CommitRefused, RepairDone, SnapshotAudited, SnapshotCommitted, TaskEnded},
    route,
};
use serde_json::json;
use store::{
    audits,
    notifications::{self, NewNotification},
    repairs, snapshots, stocks, tasks,
};
use worker::{Commit, Handler, Meta};

use crate::webhooks::fan_out::fan_out;

pub(crate) struct Audited;

#[async_trait]
impl Handler for Audited {
    type Message = SnapshotAudited;

    async fn handle(&self, message: SnapshotAudited, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            let Some(snapshot) = snapshots::get(tx, message.snapshot)? else { return Ok(Vec::new()) };
            let stock = stocks::get(tx, snapshot.stock)?.map_or_else(String::new, |stock| stock.name);
            let SnapshotAudited { new, modified, removed, moved, attributes, unchanged, blocking, .. } =
                message;
            let mut text = format!(
                "audit finished for stock {stock}: {new} new, {modified} modified, {removed} removed, {unchanged} unchanged"
            );
            for (count, what) in [
                (moved, "moved"),
                (attributes, "with other attributes"),
                (blocking, "findings that forbid the commit"),
            ] {
                if count > 0 {
                    text.push_str(&format!(", {count} {what}"));
                }
            }
            let body = json!({
                "snapshot": message.snapshot, "audit": message.audit, "stock": snapshot.stock, "stock_name": stock,
                "new": new, "modified": modified, "removed": removed, "moved": moved, "attributes": attributes,
                "unchanged": unchanged, "blocking": blocking,
            });
            notify(tx, route::SNAPSHOT_AUDITED, message.snapshot.0, text, body, now)
        }))
    }
}

pub(crate) struct Committed;

#[async_trait]
impl Handler for Committed {
    type Message = SnapshotCommitted;

    async fn handle(&self, message: SnapshotCommitted, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            let stock = stocks::get(tx, message.stock)?.map_or_else(String::new, |stock| stock.name);
            let text = format!("stock {stock} is now at version {}", message.version);
            let body = json!({
                "snapshot": message.snapshot, "stock": message.stock, "stock_name": stock, "version": message.version,
            });
            notify(tx, route::SNAPSHOT_COMMITTED, message.snapshot.0, text, body, now)
        }))
    }
}

pub(crate) struct Refused;

#[async_trait]
impl Handler for Refused {
    type Message = CommitRefused;

    async fn handle(&self, message: CommitRefused, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            let stock = stocks::get(tx, message.stock)?.map_or_else(String::new, |stock| stock.name);
            let text = format!("the commit to stock {stock} was refused: {}", message.missing.join("; "));
            let body =
                json!({ "snapshot": message.snapshot, "stock": message.stock, "missing": message.missing });
            notify(tx, route::COMMIT_REFUSED, message.snapshot.0, text, body, now)
        }))
    }
}

/// A task that is over. Webhooks are told of each; people of an audit that came to nothing, since one that
/// is finished says so itself.
pub(crate) struct TaskIsOver;

#[async_trait]
impl Handler for TaskIsOver {
    type Message = TaskEnded;

    async fn handle(&self, message: TaskEnded, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            let event = if message.error.is_some() { "task.failed" } else { "task.ended" };
            let outgoing = fan_out(tx, event, Some(message.task.0), &json!(message), now)?;
            if message.kind != audits::AUDIT || message.state == "finished" {
                return Ok(outgoing);
            }
            let Some(task) = tasks::get(tx, message.task)? else { return Ok(outgoing) };
            let Some(snapshot) = snapshots::get(tx, SnapshotId(task.subject))? else { return Ok(outgoing) };
            let audit = audits::by_task(tx, message.task)?.map(|audit| audit.id);
            let why = message.reason.as_deref().map_or_else(String::new, |reason| format!(": {reason}"));
            let text = format!("audit for stock {} ended as {}{why}", task.label, message.state);
            let body = json!({ "snapshot": snapshot.id, "audit": audit, "stock": snapshot.stock,
                "state": message.state, "reason": message.reason });
            let kind = route::TASK_ENDED.to_owned();
            notifications::create(
                tx,
                &NewNotification { kind, subject: Some(snapshot.id.0), text, body },
                now,
            )?;
            Ok(outgoing)
        }))
    }
}

pub(crate) struct Repaired;

#[async_trait]
impl Handler for Repaired {
    type Message = RepairDone;

    async fn handle(&self, message: RepairDone, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            let Some(repair) = repairs::get(tx, message.repair)? else { return Ok(Vec::new()) };
            let outcome = match &message.reason {
                None => "done".to_owned(),
                Some(reason) => format!("failed: {reason}"),
            };
            let text = format!("repair ({} of {}) {outcome}", repair.action.as_str(), repair.subject);
            let body = json!({
                "repair": message.repair, "repaired": message.repaired, "reason": message.reason,
            });
            notify(tx, route::REPAIR_DONE, message.repair.0, text, body, now)
        }))
    }
}

fn notify(
    tx: &mut store::Tx,
    kind: &'static str,
    subject: uuid::Uuid,
    text: String,
    body: serde_json::Value,
    now: jiff::Timestamp,
) -> Result<Vec<contracts::Outgoing>, Failure> {
    let outgoing = fan_out(tx, event_of(kind), Some(subject), &body, now)?;
    let new = NewNotification { kind: kind.to_owned(), subject: Some(subject), text, body };
    notifications::create(tx, &new, now)?;
    Ok(outgoing)
}
