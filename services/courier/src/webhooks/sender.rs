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
    destinations::{self, Destination, Health},
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

/// How many deliveries are read at once; the next are read when half of them are under way.
const READ: usize = 512;
/// How many deliveries are read and not noted at the most: a store that notes more slowly than a destination
/// answers must not fill the memory.
const MOST_HELD: usize = 4 * READ;
/// How long it is read on from where the last read ended. What was committed late stands before that place.
const FROM_THE_START_EVERY: Duration = Duration::from_secs(1);
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
    /// Read and not begun, each with the keys that were read with it.
    waiting: VecDeque<(Delivery, Arc<Keys>)>,
    /// Read and not noted.
    held: HashSet<DeliveryId>,
    /// Noted while a read is under way, which may still have seen them as they were.
    just_noted: HashSet<DeliveryId>,
    /// One read at a time, ahead of what is sent.
    reading: JoinSet<Result<load::Found, Failure>>,
    /// Where the last read ended.
    position: Option<load::Position>,
    from_the_start: Instant,
    /// The last read from the start found nothing new.
    dry: bool,
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
    let (now, lease) = (Instant::now(), context.settings.lease);
    let sender = Sender {
        pace: Pace::new(context.settings.per_second, now),
        health: destination.health,
        context,
        engine,
        destination,
        shutdown,
        waiting: VecDeque::new(),
        held: HashSet::new(),
        just_noted: HashSet::new(),
        reading: JoinSet::new(),
        position: None,
        from_the_start: now,
        dry: false,
        sending: JoinSet::new(),
        done: Vec::new(),
        gone: Vec::new(),
        saving: JoinSet::new(),
        read_next: now,
        renew_next: now + lease / 3,
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
                self.read_ahead();
            }
            let pause = if may_begin { self.begin() } else { None };
            let nothing_to_begin =
                !may_begin || (self.waiting.is_empty() && self.reading.is_empty() && self.dry);
            if nothing_to_begin && self.sending.is_empty() && self.saving.is_empty() && self.done.is_empty() {
                return Ok(());
            }
            let look = if self.waiting.is_empty() { LOOK_EVERY } else { self.context.settings.lease / 6 };
            tokio::select! {
                biased;
                Some(saved) = self.saving.join_next(), if !self.saving.is_empty() => {
                    self.take_saved(saved.map_err(internal)??).await?;
                }
                Some(found) = self.reading.join_next(), if !self.reading.is_empty() => {
                    self.take_read(found.map_err(internal)??);
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

    /// Begins to read what is due next, so that it is there when it may begin.
    fn read_ahead(&mut self) {
        let now = Instant::now();
        let enough = self.waiting.len() >= READ / 2 || (self.dry && now < self.read_next);
        if enough || self.held.len() >= MOST_HELD || !self.reading.is_empty() {
            return;
        }
        if now >= self.from_the_start {
            self.position = None;
            self.from_the_start = now + FROM_THE_START_EVERY;
        }
        let known = if self.position.is_none() { self.held.len() } else { 0 };
        let (engine, id) = (self.engine.clone(), self.destination.id);
        self.reading.spawn(load::due(engine, id, self.position, READ + known));
    }

    fn take_read(&mut self, found: load::Found) {
        let load::Found { due, keys, after } = found;
        self.position = due.last().map(|last| (last.due_at, last.id));
        let known = std::mem::take(&mut self.just_noted);
        let mut new = 0;
        for delivery in due {
            if !known.contains(&delivery.id) && self.held.insert(delivery.id) {
                self.waiting.push_back((delivery, keys.clone()));
                new += 1;
            }
        }
        self.dry = new == 0 && after.is_none();
        if self.dry {
            self.read_next = Instant::now() + LOOK_EVERY;
        }
    }

    /// Begins what may begin. Returns how long to wait when it is the pace that holds the rest back.
    fn begin(&mut self) -> Option<Duration> {
        while self.sending.len() < self.at_once() && !self.waiting.is_empty() {
            if let Err(wait) = self.pace.take(Instant::now()) {
                return Some(wait);
            }
            let (delivery, keys) = self.waiting.pop_front()?;
            self.sending.spawn(send(self.context.clone(), self.engine.clone(), keys, delivery));
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
            lease: self.context.settings.lease,
        };
        self.renew_next = Instant::now() + self.context.settings.lease / 3;
        self.saving.spawn(save::save(self.engine.clone(), note));
    }

    async fn take_saved(&mut self, saved: save::Saved) -> Result<(), Failure> {
        match saved {
            save::Saved::Done(ids) => {
                for id in &ids {
                    self.held.remove(id);
                }
                if !self.reading.is_empty() {
                    self.just_noted.extend(ids);
                }
                self.dry = false;
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
        let lease = self.context.settings.lease;
        self.renew_next = Instant::now() + lease / 3;
        let (id, fence, health) = (self.destination.id, self.destination.fence, self.health);
        let until: Timestamp = self.engine.clock.now() + lease;
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
