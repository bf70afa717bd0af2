//! Finds destinations that something is due to, and has each of them sent to.

use std::time::Duration;

use async_trait::async_trait;
use contracts::Failure;
use jiff::Timestamp;
use store::{
    Store, schedules,
    webhooks::{
        deliveries,
        destinations::{self, Destination},
        subscriptions::{self, ASSET_HOOKS, Secret, Webhook, WebhookState},
    },
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use worker::{Background, Engine, Recovery};

use super::{Context, internal, sender};

/// How often it is looked for what is due when nobody rings.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How often what is old is forgotten, and how much of it at once.
const PURGE_EVERY: Duration = Duration::from_secs(600);
const PURGED: i64 = 10_000;

pub(crate) struct Dispatcher {
    pub(crate) context: Context,
}

#[async_trait]
impl Background for Dispatcher {
    async fn run(&self, engine: &Engine, shutdown: CancellationToken) -> Result<(), Failure> {
        let mut sending: JoinSet<Result<(), Failure>> = JoinSet::new();
        let mut prepared = false;
        while !shutdown.is_cancelled() {
            let found = match self.prepare(engine, &mut prepared).await {
                Ok(()) => self.claim(engine, sending.len()).await,
                Err(failure) => Err(failure),
            };
            let found = match found {
                Ok(found) => found,
                Err(failure) if engine.faults.has_stopped() => return Err(failure),
                Err(failure) => {
                    tracing::warn!(%failure, "webhooks wait for the store");
                    Vec::new()
                }
            };
            for destination in found {
                let (context, engine) = (self.context.clone(), engine.clone());
                sending.spawn(sender::run(context, engine, destination, shutdown.clone()));
            }
            crate::metrics::destinations(sending.len());
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.context.bell.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                Some(ended) = sending.join_next(), if !sending.is_empty() => ended.map_err(internal)??,
            }
        }
        // What is under way is finished and noted.
        while let Some(ended) = sending.join_next().await {
            ended.map_err(internal)??;
        }
        Ok(())
    }
}

impl Dispatcher {
    /// What has to be there before the first delivery, and what is to be forgotten now and then.
    async fn prepare(&self, engine: &Engine, prepared: &mut bool) -> Result<(), Failure> {
        let now = engine.clock.now();
        if !*prepared {
            let alone = engine.options.recovery == Recovery::Alone;
            make_asset_hooks(&engine.store, now).await?;
            if alone {
                // Whoever held a lease is gone.
                engine.store.write(|tx| destinations::release_all(tx).map_err(Failure::from)).await?;
            }
            *prepared = true;
        }
        Ok(())
    }

    async fn claim(&self, engine: &Engine, busy: usize) -> Result<Vec<Destination>, Failure> {
        let settings = &self.context.settings;
        let (now, room) = (engine.clock.now(), settings.destinations.saturating_sub(busy));
        let until = now + settings.lease;
        // Looking takes no lock; only when something is due is it claimed.
        let due = engine.store.read(move |tx| destinations::next_due(tx, now)).await?;
        if room == 0 || due.is_none_or(|due| due > now) {
            self.purge(engine, now).await?;
            return Ok(Vec::new());
        }
        let claimed = engine
            .store
            .write(move |tx| destinations::claim(tx, room, now, until).map_err(Failure::from))
            .await?;
        engine.pass("webhook.after_claim")?;
        Ok(claimed)
    }

    async fn purge(&self, engine: &Engine, now: Timestamp) -> Result<(), Failure> {
        let keep = jiff::SignedDuration::try_from(self.context.settings.keep).map_err(internal)?;
        let is_due =
            engine.store.read(move |tx| schedules::is_due(tx, "webhooks.purge", PURGE_EVERY, now)).await?;
        let Some(before) = now.checked_sub(keep).ok().filter(|_| is_due) else { return Ok(()) };
        engine
            .store
            .write(move |tx| {
                if schedules::take_due(tx, "webhooks.purge", PURGE_EVERY, now)? {
                    deliveries::purge(tx, before, PURGED)?;
                }
                Ok::<_, Failure>(())
            })
            .await
    }
}

/// The hooks of assets are signed like everything else: their key is made once, when it is first needed.
async fn make_asset_hooks(store: &Store, now: Timestamp) -> Result<(), Failure> {
    if store.read(|tx| subscriptions::get(tx, ASSET_HOOKS)).await?.is_some() {
        return Ok(());
    }
    let webhook = Webhook {
        id: ASSET_HOOKS,
        name: "hooks of assets".to_owned(),
        url: String::new(),
        state: WebhookState::Active,
        events: Vec::new(),
        filters: std::collections::BTreeMap::new(),
        secrets: vec![Secret { key: egress::sign::generate(egress::sign::Scheme::Shared)?, until: None }],
        reason: None,
        created_at: now,
        updated_at: now,
    };
    store.write(move |tx| subscriptions::insert(tx, &webhook).map(drop).map_err(Failure::from)).await
}
