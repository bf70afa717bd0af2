//! Runs services in one process until nothing is left to do, or until a named fault point.
//!
//! For tests: a run that was stopped at any point, and then gone on with by a new [`Harness`] on the
//! same store, must end in the state of a run that was never stopped.

use std::{sync::Arc, time::Duration};

use contracts::{ErrorKind, Failure};
use store::{StoreError, Tx, outbox, tasks};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Engine, Service};

/// Makes a service anew, for each run.
pub type MakeService = Arc<dyn Fn() -> Service + Send + Sync>;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left to do.
    Idle,
    /// The engine's fault point was reached.
    Stopped,
}

/// Says what is unfinished in the store beside tasks and messages; empty when nothing is.
pub type Unfinished = fn(&mut Tx) -> Result<String, StoreError>;

/// Services on one engine.
pub struct Harness {
    engine: Engine,
    services: Vec<MakeService>,
    unfinished: Unfinished,
}

impl Harness {
    /// A harness for these services.
    pub fn new(engine: Engine, services: Vec<MakeService>) -> Self {
        Self { engine, services, unfinished: |_| Ok(String::new()) }
    }

    /// Does not call a run idle while `unfinished` names something: a message that is lost leaves no other
    /// trace, and only a sweep brings it back.
    #[must_use]
    pub fn until_finished(mut self, unfinished: Unfinished) -> Self {
        self.unfinished = unfinished;
        self
    }

    /// Runs every service until nothing is left to do or the fault point is reached.
    ///
    /// # Errors
    /// When a service ended by itself for another reason, or nothing came to an end within `patience`:
    /// then the failure says what was still there.
    pub async fn run_pending(&self, patience: Duration) -> Result<Ended, Failure> {
        let shutdown = CancellationToken::new();
        let mut running = JoinSet::new();
        for make in &self.services {
            let (engine, service, shutdown) = (self.engine.clone(), make(), shutdown.clone());
            running.spawn(async move { engine.run(service, shutdown).await });
        }
        let ended = tokio::select! {
            waited = tokio::time::timeout(patience, self.until_idle()) => match waited {
                Ok(idle) => idle.map(|()| Ended::Idle).map_err(Failure::from),
                Err(_) => Err(Failure::new(ErrorKind::TimedOut, format!("not idle after {patience:?}: {}", self.left().await))),
            },
            () = self.engine.faults.stopped() => Ok(Ended::Stopped),
        };
        shutdown.cancel();
        while let Some(service) = running.join_next().await {
            match service {
                Ok(Err(failure)) if !self.engine.faults.has_stopped() => return Err(failure),
                Ok(_) => {}
                Err(panic) => return Err(Failure::new(ErrorKind::Internal, panic)),
            }
        }
        if self.engine.faults.has_stopped() { Ok(Ended::Stopped) } else { ended }
    }

    /// Nothing in the outbox, nothing in a queue, nothing unacknowledged, no task open: seen several times
    /// in a row, since a message can be between two of these places at one look, and not every broker tells
    /// what it has handed over.
    async fn until_idle(&self) -> Result<(), StoreError> {
        let told = |depth: &bus::QueueDepth| depth.unacked.is_some();
        let tells_all = self.engine.bus.depths().await.is_ok_and(|depths| depths.iter().all(told));
        let enough = if tells_all { 2 } else { 20 };
        let mut quiet = 0;
        while quiet < enough {
            quiet = if self.left().await.is_empty() { quiet + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// What is left to do, for people; empty when nothing is.
    async fn left(&self) -> String {
        let mut left = Vec::new();
        let unfinished = self.unfinished;
        let read = move |tx: &mut Tx| Ok((outbox::len(tx)?, tasks::count_open(tx)?, unfinished(tx)?));
        match self.engine.store.read(read).await {
            Ok((outbox, tasks, unfinished)) => {
                if !unfinished.is_empty() {
                    left.push(unfinished);
                }
                if outbox > 0 {
                    left.push(format!("{outbox} messages in the outbox"));
                }
                if tasks > 0 {
                    left.push(format!("{tasks} tasks open"));
                }
            }
            Err(error) => left.push(error.to_string()),
        }
        match self.engine.bus.depths().await {
            Ok(depths) => left.extend(
                depths
                    .iter()
                    .filter(|depth| depth.name != contracts::route::DEAD)
                    .filter(|depth| depth.ready + depth.unacked.unwrap_or(0) > 0)
                    .map(|depth| {
                        format!(
                            "{} ready and {:?} unacknowledged in {}",
                            depth.ready, depth.unacked, depth.name
                        )
                    }),
            ),
            Err(error) => left.push(error.to_string()),
        }
        left.join(", ")
    }
}
