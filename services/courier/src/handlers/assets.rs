//! Takes `assets.ended.v1`.
//! Reads the assets, and the webhooks that want to know.
//! Writes deliveries to them. The hooks that an asset itself names were written with its state.
//! Emits `webhooks.queued.v1`.

use async_trait::async_trait;
use contracts::{Failure, Outgoing, messages::AssetsEnded};
use jiff::Timestamp;
use serde_json::json;
use store::{
    Tx,
    assets::{self, AssetState},
    webhooks::subscriptions,
};
use worker::{Commit, Handler, Meta};

use crate::webhooks::fan_out::{self, Told};

pub(crate) struct Ended;

#[async_trait]
impl Handler for Ended {
    type Message = AssetsEnded;

    async fn handle(&self, message: AssetsEnded, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| save(tx, &message, now)))
    }
}

fn save(tx: &mut Tx, message: &AssetsEnded, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let webhooks = subscriptions::active(tx)?;
    if webhooks.is_empty() {
        return Ok(Vec::new());
    }
    let mut told = Vec::new();
    for asset in assets::by_ids(tx, &message.assets)? {
        let event = match asset.state {
            AssetState::Complete => "asset.complete",
            AssetState::Failed => "asset.failed",
            AssetState::Queued | AssetState::InProgress => continue,
        };
        let data = json!({
            "id": asset.id, "kind": asset.kind, "state": asset.state, "path": asset.path,
            "submission": asset.submission, "errors": asset.errors, "warnings": asset.warnings,
        });
        told.push(Told { event, subject: Some(asset.id.0), data });
    }
    fan_out::write(tx, &webhooks, &told, now)
}
