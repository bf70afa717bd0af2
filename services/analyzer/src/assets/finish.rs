//! The last step: each is complete or failed, and those who want to know are told.

use assets::hooks;
use contracts::{
    AssetId, Failure, Outgoing,
    messages::{AssetsEnded, WebhooksQueued},
};
use jiff::Timestamp;
use store::{
    Tx,
    assets::{self as rows, Asset, AssetEnd},
    webhooks::deliveries,
};

/// Writes how assets ended, with what tells of it. Those that had ended before stay as they are.
pub(crate) fn finish(
    tx: &mut Tx,
    ends: &[(Asset, AssetEnd)],
    now: Timestamp,
) -> Result<Vec<Outgoing>, Failure> {
    let by_id: Vec<(AssetId, AssetEnd)> = ends.iter().map(|(asset, end)| (asset.id, end.clone())).collect();
    let ended = rows::finish(tx, &by_id, now)?;
    let ends = ends.iter().filter(|(asset, _)| ended.contains(&asset.id));
    let told: Vec<_> =
        ends.clone().filter_map(|(asset, end)| hooks::delivery(asset, end.state(), &end.errors)).collect();
    let assets: Vec<AssetId> = ends.map(|(asset, _)| asset.id).collect();
    let destinations = deliveries::enqueue(tx, &told, now)?;
    let mut outgoing = Vec::new();
    if !assets.is_empty() {
        outgoing.push(Outgoing::new(&AssetsEnded { assets }));
    }
    if !destinations.is_empty() {
        outgoing.push(Outgoing::new(&WebhooksQueued { destinations }));
    }
    Ok(outgoing)
}
