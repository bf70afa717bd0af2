//! Sends to one destination, whose lease is ours, until nothing is due.

mod load;
mod save;

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use contracts::{DeliveryId, Failure, WebhookId};
use jiff::Timestamp;
use store::webhooks::{
    deliveries::{Delivery, Tried},
    destinations::{self, Destination, Health, LEASE},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use worker::Engine;

use super::{
    Context, Keys,
    breaker::{self, Circuit},
    internal,
    pace::Pace,
    verdict::{self, KEPT, Verdict},
};

/// How many deliveries are read at once.
const READ: usize = 256;
/// How long it is waited before looking again whether more is due, while something is under way.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a store that does not answer is waited for between two tries.
const STORE_PAUSE: Duration = Duration::from_millis(500);

struct Sender {
    context: Context,
    engine: Engine,
    destination: Destination,
    shutdown: CancellationToken,
    health: Health,
    pace: Pace,
    keys: Arc<Keys>,
    /// Read and not begun.
    waiting: VecDeque<Delivery>,
    /// Begun and not noted.
    busy: HashSet<DeliveryId>,
    sending: JoinSet<Result<Sent, Failure>>,
    /// Ended and not noted.
    done: Vec<Tried>,
    gone: Vec<WebhookId>,
    /// One note at a time: what ends meanwhile is noted together.
    saving: JoinSet<Result<save::Saved, Failure>>,
    read_next: Instant,
    renew_next: Instant,
}

/// A try that has ended.
struct Sent {
    delivery: DeliveryId,
    webhook: WebhookId,
    verdict: Verdict,
}

/// Sends to `destination` until nothing is due to it, its circuit opens, or the process stops.
pub(crate) async fn run(
    context: Context,
    engine: Engine,
    destination: Destination,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let now = Instant::now();
    let sender = Sender {
        pace: Pace::new(context.settings.per_second, now),
        health: destination.health,
        context,
        engine,
        destination,
        shutdown,
        keys: Arc::default(),
        waiting: VecDeque::new(),
        busy: HashSet::new(),
        sending: JoinSet::new(),
        done: Vec::new(),
        gone: Vec::new(),
        saving: JoinSet::new(),
        read_next: now,
        renew_next: now + LEASE / 3,
    };
    sender.run().await
}

impl Sender {
    async fn run(mut self) -> Result<(), Failure> {
        let outcome = self.send_all().await;
        if self.engine.faults.has_stopped() {
            return outcome;
        }
        if let Err(failure) = outcome {
            // Somebody else has the lease, or the store is away for longer: what is not noted is sent again.
            tracing::warn!(origin = self.destination.origin, %failure, "sending to a destination was broken off");
        }
        let (id, fence) = (self.destination.id, self.destination.fence);
        let released = self
            .engine
            .store
            .write(move |tx| destinations::release(tx, id, fence).map_err(Failure::from))
            .await;
        if let Err(failure) = released {
            tracing::debug!(%failure, "a lease runs out by itself");
        }
        Ok(())
    }

    async fn send_all(&mut self) -> Result<(), Failure> {
        if self.destination.switched_off_at.is_some() {
            return save::give_up(&self.engine, &self.destination).await;
        }
        let shutdown = self.shutdown.clone();
        loop {
            self.save_done();
            let stopping = shutdown.is_cancelled();
            let may_begin = !stopping && self.at_once() > 0;
            if may_begin {
                self.read_due().await?;
            }
            let pause = if may_begin { self.begin() } else { None };
            let nothing_to_begin = !may_begin || self.waiting.is_empty();
            if nothing_to_begin && self.sending.is_empty() && self.saving.is_empty() && self.done.is_empty() {
                return Ok(());
            }
            let look = if self.waiting.is_empty() { LOOK_EVERY } else { LEASE / 6 };
            tokio::select! {
                biased;
                Some(saved) = self.saving.join_next(), if !self.saving.is_empty() => {
                    self.take_saved(saved.map_err(internal)??).await?;
                }
                Some(sent) = self.sending.join_next(), if !self.sending.is_empty() => {
                    self.take_sent(sent.map_err(internal)??);
                    // What has ended by now is noted together.
                    while let Some(sent) = self.sending.try_join_next() {
                        self.take_sent(sent.map_err(internal)??);
                    }
                }
                () = tokio::time::sleep(pause.unwrap_or(look)) => self.renew().await?,
                () = shutdown.cancelled(), if !stopping => {}
            }
        }
    }

    /// How many requests may be under way.
    fn at_once(&self) -> usize {
        match breaker::circuit(&self.health, self.engine.clock.now()) {
            Circuit::Closed => self.context.settings.in_flight,
            Circuit::HalfOpen => 1,
            Circuit::Open => 0,
        }
    }

    async fn read_due(&mut self) -> Result<(), Failure> {
        if !self.waiting.is_empty() || Instant::now() < self.read_next {
            return Ok(());
        }
        let (found, keys) = load::due(&self.engine, self.destination.id, READ + self.busy.len()).await?;
        self.keys = keys;
        self.waiting.extend(found.into_iter().filter(|one| !self.busy.contains(&one.id)).take(READ));
        if self.waiting.is_empty() {
            self.read_next = Instant::now() + LOOK_EVERY;
        }
        Ok(())
    }

    /// Begins what may begin. Returns how long to wait when it is the pace that holds the rest back.
    fn begin(&mut self) -> Option<Duration> {
        while self.sending.len() < self.at_once() && !self.waiting.is_empty() {
            if let Err(wait) = self.pace.take(Instant::now()) {
                return Some(wait);
            }
            let delivery = self.waiting.pop_front()?;
            self.busy.insert(delivery.id);
            self.sending.spawn(send(self.context.clone(), self.engine.clone(), self.keys.clone(), delivery));
        }
        None
    }

    fn take_sent(&mut self, sent: Sent) {
        let Sent { delivery, webhook, verdict } = sent;
        match verdict.well {
            Some(true) => breaker::succeeded(&mut self.health),
            Some(false) => breaker::failed(&mut self.health, self.engine.clock.now()),
            None => {}
        }
        if verdict.gone {
            self.gone.push(webhook);
        }
        self.done.push(Tried { delivery, attempt: verdict.attempt, ended: verdict.ended });
    }

    fn save_done(&mut self) {
        if self.done.is_empty() || !self.saving.is_empty() {
            return;
        }
        let note = save::Note {
            destination: self.destination.clone(),
            health: self.health,
            tried: std::mem::take(&mut self.done),
            gone: std::mem::take(&mut self.gone),
            switch_off: self.context.settings.switch_off,
        };
        self.renew_next = Instant::now() + LEASE / 3;
        self.saving.spawn(save::save(self.engine.clone(), note));
    }

    async fn take_saved(&mut self, saved: save::Saved) -> Result<(), Failure> {
        match saved {
            save::Saved::Done(ids) => {
                for id in &ids {
                    self.busy.remove(id);
                }
                self.read_next = Instant::now();
                Ok(())
            }
            save::Saved::Later(note, failure) => {
                tracing::warn!(%failure, "what became of webhooks cannot be noted now");
                self.done.splice(0..0, note.tried);
                self.gone.extend(note.gone);
                tokio::select! {
                    () = self.shutdown.cancelled() => Err(failure),
                    () = tokio::time::sleep(STORE_PAUSE) => Ok(()),
                }
            }
        }
    }

    /// Keeps the lease while nothing ends.
    async fn renew(&mut self) -> Result<(), Failure> {
        if Instant::now() < self.renew_next || !self.saving.is_empty() {
            return Ok(());
        }
        self.renew_next = Instant::now() + LEASE / 3;
        let (id, fence, health) = (self.destination.id, self.destination.fence, self.health);
        let until: Timestamp = self.engine.clock.now() + LEASE;
        self.engine
            .store
            .write(move |tx| destinations::renew(tx, id, fence, &health, until).map_err(Failure::from))
            .await
    }
}

async fn send(
    context: Context,
    engine: Engine,
    keys: Arc<Keys>,
    delivery: Delivery,
) -> Result<Sent, Failure> {
    engine.pass("webhook.before_send")?;
    let (at, begun) = (engine.clock.now(), Instant::now());
    // Part of what is signed, and the receiver's means against doing a thing twice.
    let id = format!("msg_{}", delivery.id.0.simple());
    let of_webhook = keys.get(&delivery.webhook).map(Vec::as_slice).unwrap_or_default();
    let headers = egress::sign::headers(of_webhook, &id, at.as_second(), &delivery.body);
    let body = delivery.body.into_bytes();
    let result = context.client.post(&delivery.url, &headers, body, context.settings.timeout, KEPT).await;
    engine.pass("webhook.after_send")?;
    let took = begun.elapsed();
    let verdict = verdict::judge(delivery.id, delivery.tries + 1, result, at, took, engine.clock.now());
    let waited = Duration::try_from(at.duration_since(delivery.due_at)).unwrap_or_default();
    crate::metrics::tried(&verdict.ended, waited, took);
    Ok(Sent { delivery: delivery.id, webhook: delivery.webhook, verdict })
}
