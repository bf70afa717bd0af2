//! Whether the database is there: known before anybody asks it, so that requests which need it are answered
//! at once while it is not, and do not pile up in front of it.

use std::time::Duration;

use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often it is asked.
const EVERY: Duration = Duration::from_millis(250);
/// How long an answer may take. One that refuses connections is known to be down at once; this is for one
/// that says nothing at all.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the database is there.
pub(crate) struct Gate(watch::Sender<bool>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(true))
    }

    /// Whether it was there when it was last asked.
    pub(crate) fn is_up(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns as soon as it is not there.
    pub(crate) async fn went_down(&self) {
        let mut watching = self.0.subscribe();
        // The sender is ours and lives as long as we do.
        drop(watching.wait_for(|up| !up).await);
    }

    /// Asks until `shutdown`.
    pub(crate) async fn watch(&self, store: &Store, shutdown: &CancellationToken) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = shutdown.cancelled() => return,
            }
            let wrong = match tokio::time::timeout(PATIENCE, store.ping()).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(elapsed) => Some(elapsed.to_string()),
            };
            let was_up = self.0.send_replace(wrong.is_none());
            match wrong {
                Some(error) if was_up => tracing::warn!(error, "database is away"),
                None if !was_up => tracing::info!("database is back"),
                _ => {}
            }
        }
    }
}
