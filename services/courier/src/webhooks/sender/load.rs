//! What is due to a destination, and the keys that it is signed with.

use std::{collections::BTreeSet, sync::Arc};

use contracts::{DestinationId, Failure};
use egress::sign::Key;
use store::webhooks::{
    deliveries::{self, Delivery},
    subscriptions,
};
use worker::Engine;

use crate::webhooks::Keys;

/// A place in the order in which deliveries are due.
pub(super) type Position = (jiff::Timestamp, contracts::DeliveryId);

/// What was read.
pub(super) struct Found {
    pub(super) due: Vec<Delivery>,
    pub(super) keys: Arc<Keys>,
    /// Behind what it was read; everything when `None`.
    pub(super) after: Option<Position>,
}

/// Up to `limit` deliveries that are due behind `after`, and the keys of their webhooks. A webhook that is gone has no
/// key: what is still on its way to it goes unsigned and is worth nothing to a receiver that verifies.
pub(super) async fn due(
    engine: Engine,
    destination: DestinationId,
    after: Option<Position>,
    limit: usize,
) -> Result<Found, Failure> {
    let now = engine.clock.now();
    let (found, webhooks) = engine
        .store
        .read(move |tx| {
            let found = deliveries::due(tx, destination, now, after, limit)?;
            let ids: BTreeSet<_> = found.iter().map(|one| one.webhook).collect();
            let webhooks = subscriptions::by_ids(tx, &ids)?;
            Ok((found, webhooks))
        })
        .await?;
    let mut keys = Keys::new();
    for webhook in webhooks {
        let current = webhook.secrets.iter().filter(|secret| secret.until.is_none_or(|until| until > now));
        let read = current.map(|secret| Key::read(&secret.key)).collect::<Result<Vec<_>, _>>()?;
        keys.insert(webhook.id, read);
    }
    Ok(Found { due: found, keys: Arc::new(keys), after })
}
