//! Sources of a gateway elsewhere.

use std::collections::HashMap;

use contracts::Failure;
use serde_json::{Value, json};
use store::sources::{SourceState, Wanted};

use super::{add, missing, whole};
use crate::{
    output,
    remote::{Remote, text},
};

/// Sources that are looked through.
const MOST: usize = 100_000;

pub(super) async fn all(remote: &Remote) -> Result<Vec<Value>, Failure> {
    let stocks: HashMap<String, String> = remote
        .items("/stocks", MOST)
        .await?
        .iter()
        .map(|stock| (text(stock, "id").to_owned(), text(stock, "name").to_owned()))
        .collect();
    let mut rows = Vec::new();
    for source in remote.items("/sources", MOST).await? {
        let standing = remote.get(&format!("/sources/{}/standing", text(&source, "id"))).await?;
        let stock = stocks.get(text(&source, "stock")).cloned().unwrap_or_default();
        rows.push(whole(source, standing, &stock));
    }
    Ok(rows)
}

/// The source of this name, or with this id.
async fn find(remote: &Remote, named: &str) -> Result<Value, Failure> {
    let sources = remote.items("/sources", MOST).await?;
    let by = |field: &str| sources.iter().find(|source| text(source, field) == named);
    by("name").or_else(|| by("id")).cloned().ok_or_else(|| missing(named))
}

pub(super) async fn one(remote: &Remote, named: &str) -> Result<Value, Failure> {
    let source = find(remote, named).await?;
    let standing = remote.get(&format!("/sources/{}/standing", text(&source, "id"))).await?;
    let stock = remote.get(&format!("/stocks/{}", text(&source, "stock"))).await?;
    Ok(whole(source, standing, text(&stock, "name")))
}

pub(super) async fn add(remote: &Remote, arguments: &add::Arguments) -> Result<(), Failure> {
    let Wanted { name, kind, stock, params, settings } = arguments.wanted()?;
    let is_new = find(remote, &name).await.is_err();
    let seconds = |span: Option<std::time::Duration>| span.map(|span| span.as_secs());
    let body = json!({
        "name": name,
        "kind": kind,
        "params": params,
        "stock": stock,
        "visits": settings.visits.to_string(),
        "every_seconds": seconds(settings.every),
        "freshness_seconds": seconds(settings.freshness),
        "priority": settings.priority,
        "history": settings.history,
    });
    let source = remote.post("/sources", &body).await?;
    add::tell(text(&source, "name"), is_new, text(&source, "id"))
}

pub(super) async fn set_state(remote: &Remote, named: &str, state: SourceState) -> Result<(), Failure> {
    let source = find(remote, named).await?;
    let path = format!("/sources/{}/state", text(&source, "id"));
    let source = remote.put(&path, &json!({ "state": state.to_string() })).await?;
    output::line(format_args!("{} is {}", text(&source, "name"), text(&source, "state")))
}

pub(super) async fn begin(remote: &Remote, named: &str) -> Result<(), Failure> {
    let source = find(remote, named).await?;
    let path = format!("/sources/{}/runs", text(&source, "id"));
    let run = remote.post(&path, &json!({ "auto_commit": true })).await?;
    // A task has a kind, a snapshot has none.
    let what = if run["kind"].is_string() { "task" } else { "snapshot" };
    output::line(format_args!("a run of {} has begun: {what} {}", text(&source, "name"), text(&run, "id")))
}

pub(super) async fn remove(remote: &Remote, named: &str) -> Result<(), Failure> {
    let source = find(remote, named).await?;
    remote.delete(&format!("/sources/{}", text(&source, "id"))).await?;
    output::line(format_args!("{} is removed; what it found stays", text(&source, "name")))
}
