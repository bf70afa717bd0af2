//! What every service runs on, and the running of one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bus::Bus;
use contracts::{Envelope, ErrorKind, Failure, Outgoing, route};
use runtime::{clock::Clock, faults::Faults};
use store::{Store, Tx, outbox};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{Progress, Service, group, publisher::Publisher, queue::QueueLoop, sweep::Sweeper};

/// Pauses between two looks whether the store is there again.
pub(crate) const SHORTEST_WAIT: Duration = Duration::from_millis(50);
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Longer than a publish takes while the broker is well; one that is published twice is known by the inbox.
const LONGEST_CLAIM: Duration = Duration::from_secs(15);

/// What every service runs on. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    /// The authority on what is true and what is owed.
    pub store: Store,
    /// What wakes people up.
    pub bus: Arc<dyn Bus>,
    /// The time.
    pub clock: Clock,
    /// Where a test may stop this engine.
    pub faults: Faults,
    /// How much is done at once, and how patiently.
    pub options: Options,
}

/// How much is done at once, and how patiently.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who holds the leases of this process, for people: `host:pid`.
    pub owner: String,
    /// Jobs that run at once, per service.
    pub jobs: usize,
    /// Short handlers that run at once, per queue.
    pub handlers: usize,
    /// Deliveries that the bus may hand over unacknowledged, per queue of a service that is not heavy.
    pub prefetch: u16,
    /// How long a job's lease lives without a heartbeat.
    pub lease: Duration,
    /// How often a service looks for what is owed.
    pub sweep_every: Duration,
    /// Whether other processes work on the same store.
    pub recovery: Recovery,
}

impl Options {
    /// What the configuration says. `jobs = 0` means one for each processor.
    pub fn from_config(worker: &runtime::config::Worker, prefetch: u16, recovery: Recovery) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            owner: format!("process {}", std::process::id()),
            jobs: if worker.jobs == 0 { processors } else { worker.jobs },
            handlers: worker.handlers,
            prefetch,
            lease: worker.lease(),
            sweep_every: worker.sweep_every(),
            recovery,
        }
    }

    /// How long the process that committed an outbox row has for publishing it before a relay may. Also how
    /// long a row waits when the answer to the commit was lost, and its process does not know of it.
    pub(crate) fn claim(&self) -> Duration {
        (self.lease / 2).min(LONGEST_CLAIM)
    }
}

/// What a service may assume of what it finds unfinished when it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// This process is the only one: whatever is unfinished is owed now.
    Alone,
    /// Others work too: a thing is owed when its lease has run out, or when it is old and the queue
    /// that should hold its message has run dry.
    Shared,
}

impl Engine {
    /// Where `service` tells of its progress.
    pub fn progress(&self, service: &'static str) -> Progress {
        Progress::new(self.bus.clone(), service)
    }

    /// Writes `effects` and publishes what they return, for whoever begins something without having been
    /// sent a message: a person at a terminal, a request. What cannot be published now stays in the
    /// outbox, where the next relay finds it.
    ///
    /// # Errors
    /// What `effects` fail with, or the store.
    pub async fn submit<T: Send + 'static>(
        &self,
        source: &'static str,
        mut effects: impl FnMut(&mut Tx) -> Result<(T, Vec<Outgoing>), Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (now, traceparent) = (self.clock.now(), runtime::trace::current_traceparent());
        let claimed_until = now + self.options.claim();
        let (value, ids, envelopes) = self
            .store
            .write(move |tx| {
                let (value, outgoing) = effects(tx)?;
                let envelopes: Vec<Envelope> =
                    group::seal(source, &outgoing, traceparent.as_deref()).collect();
                let ids = outbox::push(tx, &envelopes, None, claimed_until)?;
                Ok::<_, Failure>((value, ids, envelopes))
            })
            .await?;
        match self.bus.publish(&envelopes).await {
            Ok(()) => self.store.write(move |tx| outbox::published(tx, &ids).map_err(Failure::from)).await?,
            Err(error) => tracing::warn!(%error, "not published; the outbox keeps it"),
        }
        Ok(value)
    }

    /// Writes `effects`, and while the store cannot be reached waits for it: work that is done is not thrown
    /// away because a database restarts. `effects` may run more than once.
    ///
    /// # Errors
    /// What `effects` fail with; the store's own failure when `stop` is cancelled before it answers.
    pub(crate) async fn write_patiently<T: Send + 'static>(
        &self,
        stop: &CancellationToken,
        effects: impl FnMut(&mut Tx) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let effects = Arc::new(Mutex::new(effects));
        let mut pause = SHORTEST_WAIT;
        loop {
            let effects = effects.clone();
            let run = move |tx: &mut Tx| effects.lock().unwrap_or_else(PoisonError::into_inner)(tx);
            match self.store.write(run).await {
                Err(failure) if failure.kind == ErrorKind::Unavailable => {
                    tracing::warn!(%failure, ?pause, "store cannot be reached; waiting");
                    tokio::select! {
                        () = stop.cancelled() => return Err(failure),
                        () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_WAIT),
                    }
                }
                other => return other,
            }
        }
    }

    /// Passes a named fault point.
    ///
    /// # Errors
    /// When a test stops the engine there.
    pub fn pass(&self, point: &'static str) -> Result<(), Failure> {
        self.faults.at(point).map_err(|stopped| Failure::new(ErrorKind::Cancelled, stopped))
    }

    /// Runs `service` until `shutdown`, then finishes or hands back what it has begun.
    ///
    /// # Errors
    /// When a queue cannot be consumed, or when a fault point stopped the engine.
    pub async fn run(&self, service: Service, shutdown: CancellationToken) -> Result<(), Failure> {
        let service = Arc::new(service);
        // What is committed while the last handlers end must still be published: the publisher stops
        // after the queues, not with them.
        let publishing = CancellationToken::new();
        let (publisher, publisher_task) = Publisher::start(self.clone(), publishing.clone());
        let mut tasks = JoinSet::new();
        for queue in route::queues_of(service.name) {
            let prefetch = if service.is_heavy(queue.name) {
                u16::try_from(self.options.jobs + 1).unwrap_or(u16::MAX)
            } else {
                self.options.prefetch
            };
            let consumer = self.bus.consume(queue, prefetch).await.map_err(|error| {
                Failure::new(error.kind(), format!("cannot consume {}: {error}", queue.name))
            })?;
            let queue_loop =
                QueueLoop::new(self.clone(), service.clone(), queue, publisher.clone(), shutdown.clone());
            tasks.spawn(queue_loop.run(consumer));
        }
        let sweeper = Sweeper::new(self.clone(), service.clone(), publisher.clone());
        tasks.spawn(sweeper.run(shutdown.clone()));
        for background in &service.backgrounds {
            let (background, engine, shutdown) = (background.clone(), self.clone(), shutdown.clone());
            tasks.spawn(async move { background.run(&engine, shutdown).await });
        }
        tracing::info!(service = service.name, "service started");

        let mut outcome = Ok(());
        while let Some(ended) = tasks.join_next().await {
            let ended = ended.unwrap_or_else(|error| Err(Failure::new(ErrorKind::Internal, error)));
            if let Err(failure) = ended {
                // One part that stopped stops the service: half a service looks alive and is not.
                shutdown.cancel();
                outcome = Err(failure);
            }
        }
        drop(publisher);
        publishing.cancel();
        let published =
            publisher_task.await.unwrap_or_else(|error| Err(Failure::new(ErrorKind::Internal, error)));
        tracing::info!(service = service.name, "service stopped");
        outcome.and(published)
    }
}
