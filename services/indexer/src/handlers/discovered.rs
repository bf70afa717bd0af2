//! Takes `repository.discovered.v1` from anyone.
//! Reads the stock and the open snapshot of its upstream source.
//! Writes the repository, its revision in that snapshot, and its visit task.
//! Emits `visit.requested.v1`.

use async_trait::async_trait;
use contracts::{Failure, Lane, messages::RepositoryDiscovered};
use serde_json::json;
use store::{
    Tx,
    snapshots::{self, NewSnapshot, Snapshot, SnapshotState},
    sources::{self, NewSource},
    stocks,
};
use worker::{Commit, Handler, Meta};

use crate::{enrol::enrol, keep::found_at};

/// The kind of the source that stands for everybody who publishes discoveries for a stock.
pub(crate) const UPSTREAM: &str = "upstream";
/// The stock of a discovery that names none.
const DEFAULT_STOCK: &str = "default";

pub(crate) struct Discovered;

#[async_trait]
impl Handler for Discovered {
    type Message = RepositoryDiscovered;

    async fn handle(&self, message: RepositoryDiscovered, meta: &Meta) -> Result<Commit, Failure> {
        let mut found = found_at(&message.url)?;
        if let Some(name) = message.name {
            found.name = name;
        }
        let stock = message.stock.unwrap_or_else(|| DEFAULT_STOCK.to_owned());
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            let snapshot = collecting(tx, &stock, now)?;
            Ok(enrol(tx, snapshot.id, std::slice::from_ref(&found), Lane::Normal, now)?.outgoing)
        }))
    }
}

/// The snapshot that gathers discoveries for this stock. One snapshot for each would make each wait for
/// the audit of every other, since a stock takes one commit at a time; so those that come within a few
/// seconds share one, which the `collected` sweep then closes.
fn collecting(tx: &mut Tx, stock: &str, now: jiff::Timestamp) -> Result<Snapshot, Failure> {
    let stock = stocks::get_or_create(tx, stock, now)?;
    let source = sources::upsert_by_name(
        tx,
        &NewSource {
            name: format!("{UPSTREAM} of {}", stock.name),
            kind: UPSTREAM.to_owned(),
            params: json!({}),
            stock: stock.id,
        },
        now,
    )?;
    let open = snapshots::open_of_source(tx, source.id)?;
    if let Some(open) = open.filter(|open| open.state == SnapshotState::Indexing) {
        return Ok(open);
    }
    let new = NewSnapshot { stock: stock.id, source: Some(source.id), auto_commit: true, repair: None };
    Ok(snapshots::create(tx, &new, now)?)
}
