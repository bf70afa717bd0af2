//! From the outbox to the bus: at once after a commit, and by relay for what was left or is due later.

use std::time::Duration;

use contracts::{Envelope, Failure};
use store::outbox::{self, OutboxId};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::Engine;

/// How often the relay looks for rows that are due.
const RELAY_EVERY: Duration = Duration::from_millis(250);
/// How long messages rest that the bus did not take.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// Rows that are published with one round of confirms.
const MOST: usize = 1_000;

/// An outbox row that is committed and not yet published.
pub(crate) type Row = (OutboxId, Envelope);

/// Hands committed outbox rows to the task that publishes them.
#[derive(Clone)]
pub(crate) struct Publisher {
    rows: mpsc::Sender<Vec<Row>>,
}

impl Publisher {
    pub(crate) fn start(engine: Engine, stop: CancellationToken) -> (Self, JoinHandle<Result<(), Failure>>) {
        // Bounded: when the broker does not take any more, committing waits too.
        let (sender, receiver) = mpsc::channel(64);
        let task = tokio::spawn(run(engine, receiver, stop));
        (Self { rows: sender }, task)
    }

    /// Publishes `rows` soon. When the task is gone, a relay finds them in the outbox.
    pub(crate) async fn publish(&self, rows: Vec<Row>) {
        if !rows.is_empty() && self.rows.send(rows).await.is_err() {
            tracing::debug!("publisher has stopped; the outbox keeps the rows");
        }
    }
}

async fn run(
    engine: Engine,
    mut receiver: mpsc::Receiver<Vec<Row>>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let mut relay = tokio::time::interval(RELAY_EVERY);
    relay.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            rows = receiver.recv() => match rows {
                Some(mut rows) => {
                    while rows.len() < MOST {
                        let Ok(more) = receiver.try_recv() else { break };
                        rows.extend(more);
                    }
                    publish(&engine, rows).await?;
                }
                None => return Ok(()),
            },
            () = stop.cancelled() => {
                receiver.close();
                while let Some(rows) = receiver.recv().await {
                    publish(&engine, rows).await?;
                }
                return Ok(());
            }
            _ = relay.tick() => relay_due(&engine).await?,
        }
    }
}

/// Publishes what has been in the outbox for longer than its claim, or has become due.
async fn relay_due(engine: &Engine) -> Result<(), Failure> {
    let now = engine.clock.now();
    // Looking takes no lock; only when something is due is it claimed.
    match engine.store.read(outbox::next_due).await {
        Ok(Some(due)) if due <= now => {}
        Ok(_) => return Ok(()),
        Err(error) => {
            tracing::warn!(%error, "outbox cannot be read");
            return Ok(());
        }
    }
    let until = now + engine.options.claim();
    let claimed = engine.store.write(move |tx| outbox::claim_due(tx, MOST, now, until)).await;
    match claimed {
        Ok(rows) if rows.is_empty() => Ok(()),
        Ok(rows) => {
            engine.pass("outbox.after_claim")?;
            publish(engine, rows).await
        }
        Err(error) => {
            let error: store::StoreError = error;
            tracing::warn!(%error, "outbox cannot be claimed");
            Ok(())
        }
    }
}

/// Only a fault point ends the publisher: a bus or store that fails leaves the rows to the relay.
async fn publish(engine: &Engine, rows: Vec<Row>) -> Result<(), Failure> {
    let (ids, envelopes): (Vec<OutboxId>, Vec<Envelope>) = rows.into_iter().unzip();
    if let Err(error) = engine.bus.publish(&envelopes).await {
        tracing::warn!(%error, messages = envelopes.len(), "not published; the outbox keeps them");
        let due = engine.clock.now() + AFTER_FAILURE;
        let released = engine.store.write(move |tx| outbox::release(tx, &ids, due)).await;
        if let Err(error) = released {
            let error: store::StoreError = error;
            tracing::warn!(%error, "messages wait in the outbox until their claim runs out");
        }
        return Ok(());
    }
    engine.pass("outbox.after_publish")?;
    let removed = engine.store.write(move |tx| outbox::published(tx, &ids)).await;
    if let Err(error) = removed {
        let error: store::StoreError = error;
        tracing::warn!(%error, "published messages stay in the outbox and will be published again");
    }
    engine.pass("outbox.after_delete")?;
    Ok(())
}
