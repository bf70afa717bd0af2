//! The first step: what is queued is being checked from now on, and those who want to know are told.

use assets::hooks;
use contracts::{AssetId, Failure, Outgoing, messages::WebhooksQueued};
use jiff::Timestamp;
use store::{
    assets::{self as rows, Asset, AssetState, Findings},
    webhooks::deliveries,
};
use worker::Engine;

/// Marks those of these assets that are queued, and returns all that have not ended. The state is written
/// with what tells of it, before anything else is done; a second time finds it written.
pub(crate) async fn begin(engine: &Engine, ids: Vec<AssetId>, now: Timestamp) -> Result<Vec<Asset>, Failure> {
    engine
        .submit("analyzer", move |tx| {
            let started = rows::start(tx, &ids, now)?;
            let open: Vec<Asset> =
                rows::by_ids(tx, &ids)?.into_iter().filter(|asset| asset.ended_at.is_none()).collect();
            let told = open
                .iter()
                .filter(|asset| started.contains(&asset.id))
                .filter_map(|asset| hooks::delivery(asset, AssetState::InProgress, &Findings::new()))
                .collect::<Vec<_>>();
            let destinations = deliveries::enqueue(tx, &told, now)?;
            let outgoing = if destinations.is_empty() {
                Vec::new()
            } else {
                vec![Outgoing::new(&WebhooksQueued { destinations })]
            };
            Ok((open, outgoing))
        })
        .await
}
