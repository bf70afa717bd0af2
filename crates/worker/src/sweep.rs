//! Searches for what is owed: the database knows it, whatever became of the messages.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use contracts::{Envelope, Failure, Outgoing, route};
use jiff::Timestamp;
use store::{Tx, inbox, outbox, schedules, tasks};
use tokio_util::sync::CancellationToken;

use crate::{Engine, Recovery, Service, group, publisher::Publisher, service::Route, telemetry};

/// How many messages one search re-creates at the most; the next one goes on.
pub(crate) const MOST: i64 = 1_000;
/// How long an inbox remembers: longer than any broker keeps a message between two deliveries.
const REMEMBER: Duration = Duration::from_secs(7 * 24 * 3600);

/// A service's own search for what is owed, beside the one for its tasks.
#[derive(Clone, Copy)]
pub struct Sweep {
    /// Its name, unique among all services.
    pub name: &'static str,
    /// Whether it looks for lost messages, which are to be sought only when no queue holds them.
    pub only_when_dry: bool,
    /// Finds what is owed and was last offered before `older_than`, notes that it is offered now, and
    /// returns the messages that offer it.
    pub run: fn(tx: &mut Tx, older_than: Timestamp, now: Timestamp) -> Result<Vec<Outgoing>, Failure>,
}

/// Work that is begun once in a period, whatever the number of processes.
#[derive(Clone, Copy)]
pub struct Periodic {
    /// Its name, unique among all services.
    pub name: &'static str,
    /// The period. The first begins when a process first asks.
    pub every: Duration,
    /// Writes what begins it, and returns the messages that do.
    pub begin: fn(tx: &mut Tx, now: Timestamp) -> Result<Vec<Outgoing>, Failure>,
}

/// What a process clears away beside the store, for instance in its own folders.
#[async_trait]
pub trait Tidy: Send + Sync + 'static {
    /// Clears away what nobody needs any more. Called when the service starts and with each search, in every
    /// process; what fails is tried again the next time.
    ///
    /// # Errors
    /// When something could not be cleared away, which is told and nothing more.
    async fn tidy(&self, now: Timestamp) -> Result<(), Failure>;
}

pub(crate) struct Sweeper {
    engine: Engine,
    service: Arc<Service>,
    publisher: Publisher,
}

impl Sweeper {
    pub(crate) fn new(engine: Engine, service: Arc<Service>, publisher: Publisher) -> Self {
        Self { engine, service, publisher }
    }

    pub(crate) async fn run(self, shutdown: CancellationToken) -> Result<(), Failure> {
        if self.engine.options.recovery == Recovery::Alone {
            self.sweep(self.engine.clock.now()).await?;
        }
        self.tidy().await;
        let mut ticks = tokio::time::interval(self.engine.options.sweep_every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                _ = ticks.tick() => {
                    self.sweep_when_due().await?;
                    self.tidy().await;
                }
            }
        }
    }

    async fn tidy(&self) {
        for tidy in &self.service.tidies {
            if let Err(failure) = tidy.tidy(self.engine.clock.now()).await {
                tracing::warn!(service = self.service.name, %failure, "not everything is cleared away");
            }
        }
    }

    /// One process of all that run this service sweeps in each period.
    async fn sweep_when_due(&self) -> Result<(), Failure> {
        let (name, every, now) =
            (self.service.name, self.engine.options.sweep_every, self.engine.clock.now());
        let ours = self.engine.store.write(move |tx| schedules::take_due(tx, name, every, now)).await;
        match ours {
            Ok(true) => self.sweep(now - self.engine.options.lease).await,
            Ok(false) => Ok(()),
            Err(error) => {
                let error: store::StoreError = error;
                tracing::warn!(%error, "sweep cannot tell whether it is due");
                Ok(())
            }
        }
    }

    async fn sweep(&self, older_than: Timestamp) -> Result<(), Failure> {
        self.engine.pass("sweep.before_commit")?;
        // A long queue is not a lost message: what waits for its turn is offered again only when the
        // queue that should hold it is empty. Tasks whose lease ran out are offered in any case.
        let dry = self.queues_are_dry().await;
        let (service, now) = (self.service.clone(), self.engine.clock.now());
        let claimed_until = now + self.engine.options.claim();
        let swept = self
            .engine
            .store
            .write(move |tx| {
                let outgoing = owed(tx, &service, dry, older_than, now)?;
                let envelopes: Vec<Envelope> = group::seal(service.name, &outgoing, None).collect();
                let ids = outbox::push(tx, &envelopes, None, claimed_until)?;
                inbox::purge(tx, now - REMEMBER)?;
                Ok::<_, Failure>(ids.into_iter().zip(envelopes).collect::<Vec<_>>())
            })
            .await;
        match swept {
            Ok(rows) => {
                if !rows.is_empty() {
                    tracing::info!(
                        service = self.service.name,
                        messages = rows.len(),
                        "owed work offered again"
                    );
                }
                telemetry::swept(self.service.name, rows.len());
                self.publisher.publish(rows).await;
            }
            Err(failure) => tracing::warn!(%failure, "sweep failed; the next one tries again"),
        }
        self.engine.pass("sweep.after_commit")?;
        Ok(())
    }

    async fn queues_are_dry(&self) -> bool {
        match self.engine.bus.depths().await {
            Ok(depths) => {
                let ours: Vec<&str> = route::queues_of(self.service.name).map(|queue| queue.name).collect();
                depths
                    .iter()
                    .filter(|depth| ours.contains(&depth.name.as_str()))
                    .all(|depth| depth.ready == 0)
            }
            Err(error) => {
                tracing::debug!(%error, "queue depths unknown");
                false
            }
        }
    }
}

fn owed(
    tx: &mut Tx,
    service: &Service,
    dry: bool,
    older_than: Timestamp,
    now: Timestamp,
) -> Result<Vec<Outgoing>, Failure> {
    let kinds: Vec<&str> = service
        .routes
        .values()
        .filter_map(|route| match route {
            Route::Job(job) => Some(job.task_kind()),
            Route::Handler(_) => None,
        })
        .collect();
    let mut outgoing = tasks::owed(tx, &kinds, dry.then_some(older_than), now, MOST)?;
    for sweep in &service.sweeps {
        if dry || !sweep.only_when_dry {
            let found = (sweep.run)(tx, older_than, now)?;
            if !found.is_empty() {
                tracing::info!(sweep = sweep.name, messages = found.len(), "owed work found");
            }
            outgoing.extend(found);
        }
    }
    for periodic in &service.periodic {
        if schedules::take_due_later(tx, periodic.name, periodic.every, now)? {
            outgoing.extend((periodic.begin)(tx, now)?);
        }
    }
    Ok(outgoing)
}
