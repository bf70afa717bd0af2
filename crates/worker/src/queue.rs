//! The loop of one queue: take deliveries, run handlers, commit what is ready, acknowledge.

use std::{collections::VecDeque, future::Future, sync::Arc, time::Instant};

use bus::{Consumer, Delivery};
use contracts::{Envelope, ErrorKind, Failure, route::Queue};
use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    Commit, Engine, Retry, Service,
    group::{self, Committed, Whose, Worked},
    job::{self, AnyJob},
    publisher::Publisher,
    retry,
    service::Route,
    telemetry,
};

/// Deliveries that are committed together at the most.
const GROUP: usize = 256;

pub(crate) struct QueueLoop {
    engine: Engine,
    service: Arc<Service>,
    queue: &'static Queue,
    publisher: Publisher,
    shutdown: CancellationToken,
    /// Wakes that wait for a free job slot, unacknowledged.
    waiting: VecDeque<(u64, Envelope, Arc<dyn AnyJob>)>,
    /// Handlers and commits are tasks of their own and not futures of this loop: one that waits for its turn
    /// in the store must be able to take it, whatever the loop itself waits for meanwhile.
    working: JoinSet<Worked>,
    ready: Vec<Worked>,
    /// One commit at a time: what becomes ready meanwhile is the next group.
    committing: JoinSet<Result<Committed, Failure>>,
    jobs: JoinSet<Result<(), Failure>>,
}

impl QueueLoop {
    pub(crate) fn new(
        engine: Engine,
        service: Arc<Service>,
        queue: &'static Queue,
        publisher: Publisher,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            engine,
            service,
            queue,
            publisher,
            shutdown,
            waiting: VecDeque::new(),
            working: JoinSet::new(),
            ready: Vec::new(),
            committing: JoinSet::new(),
            jobs: JoinSet::new(),
        }
    }

    /// Runs until shutdown, and then until everything begun is committed or handed back.
    pub(crate) async fn run(mut self, mut consumer: Box<dyn Consumer>) -> Result<(), Failure> {
        let shutdown = self.shutdown.clone();
        loop {
            self.start_commit();
            self.start_jobs(&mut *consumer).await?;
            telemetry::in_flight(self.queue.name, self.waiting.len() + self.working.len() + self.ready.len());
            let stopping = shutdown.is_cancelled();
            if stopping && self.is_idle() {
                return Ok(());
            }
            let room = self.working.len() < self.at_once() && self.ready.len() < GROUP;
            tokio::select! {
                biased;
                Some(done) = self.committing.join_next(), if !self.committing.is_empty() => {
                    self.acknowledge(&mut *consumer, done.map_err(internal)??).await?;
                }
                Some(worked) = self.working.join_next(), if !self.working.is_empty() => {
                    self.ready.push(worked.map_err(internal)?);
                }
                Some(ended) = self.jobs.join_next(), if !self.jobs.is_empty() => ended.map_err(internal)??,
                // Wakes that wait are unacknowledged: the bus gives them to someone else.
                () = shutdown.cancelled(), if !stopping => self.waiting.clear(),
                delivery = consumer.next(), if room && !stopping => match delivery {
                    Some(delivery) => self.take(&mut *consumer, delivery).await?,
                    None => shutdown.cancel(),
                },
            }
        }
    }

    /// Handlers that run at once. One that keeps a processor busy, and holds a pack while it does, gains
    /// nothing from more than there are processors.
    fn at_once(&self) -> usize {
        let options = &self.engine.options;
        if self.service.is_heavy(self.queue.name) { options.jobs } else { options.handlers }
    }

    fn is_idle(&self) -> bool {
        self.working.is_empty() && self.ready.is_empty() && self.committing.is_empty() && self.jobs.is_empty()
    }

    fn whose(&self) -> Whose {
        Whose { service: self.service.name, queue: self.queue.name }
    }

    async fn take(&mut self, consumer: &mut dyn Consumer, delivery: Delivery) -> Result<(), Failure> {
        let tag = delivery.tag;
        let envelope = match delivery.content {
            Ok(envelope) => envelope,
            Err(foreign) => {
                if let Err(failure) = group::set_aside_foreign(&self.engine, self.whose(), &foreign).await {
                    tracing::warn!(%failure, "foreign message cannot be set aside now; it comes again");
                    return give_back(consumer, tag).await;
                }
                return acknowledge(consumer, &[tag]).await;
            }
        };
        let now = self.engine.clock.now();
        let queue = self.queue.name;
        telemetry::taken(queue, envelope.time, now);
        match self.service.routes.get(envelope.kind.as_str()).cloned() {
            Some(Route::Handler(handler)) => {
                let span = runtime::trace::span_from(
                    envelope.traceparent.as_deref(),
                    &format!("handle {}", envelope.kind),
                );
                self.working.spawn(
                    async move {
                        let traceparent = runtime::trace::current_traceparent();
                        let begun = Instant::now();
                        let result = contain(handler.handle(&envelope, now)).await;
                        telemetry::worked(queue, &envelope.kind, begun);
                        Worked { tag, envelope, retry: handler.retry(), traceparent, result, outcome: None }
                    }
                    .instrument(span),
                );
            }
            Some(Route::Job(job)) => self.waiting.push_back((tag, envelope, job)),
            None => {
                let failure = retry::unknown_kind(self.service.name, &envelope.kind);
                self.ready.push(failed(tag, envelope, Retry::DEFAULT, failure));
            }
        }
        Ok(())
    }

    /// Claims waiting tasks while job slots are free, and acknowledges their wakes: from here on the
    /// lease keeps the work, not the delivery.
    async fn start_jobs(&mut self, consumer: &mut dyn Consumer) -> Result<(), Failure> {
        while self.jobs.len() < self.engine.options.jobs
            && let Some((tag, envelope, job)) = self.waiting.pop_front()
        {
            let span = runtime::trace::span_from(
                envelope.traceparent.as_deref(),
                &format!("claim {}", envelope.kind),
            );
            let claim = job::claim(
                &self.engine,
                self.service.name,
                &*job,
                &envelope,
                self.publisher.clone(),
                &self.shutdown,
            );
            match claim.instrument(span.clone()).await {
                Ok(Some(running)) => {
                    self.jobs.spawn(job::run(job, running, self.shutdown.clone()).instrument(span));
                    acknowledge(consumer, &[tag]).await?;
                }
                Ok(None) => acknowledge(consumer, &[tag]).await?,
                Err(failure) => {
                    if self.engine.faults.has_stopped() {
                        return Err(failure);
                    }
                    self.ready.push(failed(tag, envelope, job.retry(), failure));
                }
            }
        }
        Ok(())
    }

    fn start_commit(&mut self) {
        if self.committing.is_empty() && !self.ready.is_empty() {
            let group = self.ready.split_off(self.ready.len().saturating_sub(GROUP));
            let (engine, whose, shutdown) = (self.engine.clone(), self.whose(), self.shutdown.clone());
            self.committing.spawn(async move { group::commit(&engine, whose, group, &shutdown).await });
        }
    }

    async fn acknowledge(&mut self, consumer: &mut dyn Consumer, done: Committed) -> Result<(), Failure> {
        self.publisher.publish(done.rows).await;
        self.engine.pass("worker.before_ack")?;
        acknowledge(consumer, &done.tags).await?;
        self.engine.pass("worker.after_ack")?;
        Ok(())
    }
}

fn internal(error: tokio::task::JoinError) -> Failure {
    Failure::new(ErrorKind::Internal, error)
}

/// A handler that panics fails, and nothing else does.
async fn contain(work: impl Future<Output = Result<Commit, Failure>> + Send) -> Result<Commit, Failure> {
    std::panic::AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|panic| {
        Err(Failure::new(ErrorKind::Internal, format!("the handler panicked: {}", text_of(&*panic))))
    })
}

/// What a panic said.
pub(crate) fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it gave no reason")
}

fn failed(tag: u64, envelope: Envelope, retry: Retry, failure: Failure) -> Worked {
    let traceparent = envelope.traceparent.clone();
    Worked { tag, envelope, retry, traceparent, result: Err(failure), outcome: None }
}

/// A failed acknowledgement is no failure of the work: the message comes again and the inbox knows it.
async fn acknowledge(consumer: &mut dyn Consumer, tags: &[u64]) -> Result<(), Failure> {
    if let Err(error) = consumer.ack(tags).await {
        tracing::debug!(%error, "not acknowledged; the messages come again");
    }
    Ok(())
}

async fn give_back(consumer: &mut dyn Consumer, tag: u64) -> Result<(), Failure> {
    if let Err(error) = consumer.nack(&[tag]).await {
        tracing::debug!(%error, "not given back; the message comes again");
    }
    Ok(())
}
