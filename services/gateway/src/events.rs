//! What happens, for whoever listens: one subscription to the bus, written down with a number, fanned out.
//!
//! Numbers come from the database and are the same at every gateway, before and after a restart: a client
//! goes on behind the last number it has seen, wherever it comes back. What is told of progress has no number;
//! it is heard by who listens at that moment. Nothing that waits for a client grows: one that is too slow is
//! told so, and reads what it missed out of the database.

mod listener;

use std::{sync::Arc, time::Duration};

use bus::Delivery;
use contracts::{Envelope, ErrorKind, Failure, route};
use serde_json::Value;
use store::{
    Store, StoreError,
    events::{self, NewEvent},
};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use worker::Engine;

pub(crate) use self::listener::{Heard, Listener};

/// Events that wait for one slow client.
const WAITING: usize = 1_024;
/// Events that are read at once.
const AT_ONCE: u32 = 500;
/// Events that are written in one transaction.
const BATCH: usize = 256;
/// Events that wait for the database. More are left to the other gateways, and to the clients' next question.
const PENDING: usize = 10_000;
/// Events that are kept.
const KEPT: u64 = 100_000;
/// How often is looked for what another gateway has written and this one has not heard.
const LOOK: Duration = Duration::from_secs(2);

/// Where clients listen. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hub {
    live: broadcast::Sender<Arc<Event>>,
}

/// One event.
#[derive(Debug)]
pub(crate) struct Event {
    /// Its number; none for progress.
    pub(crate) seq: Option<u64>,
    /// The kind of the message.
    pub(crate) kind: String,
    /// When it was said.
    pub(crate) time: jiff::Timestamp,
    /// The message.
    pub(crate) data: Value,
}

impl Event {
    fn of(row: events::Event) -> Self {
        let data = serde_json::from_str(&row.body).unwrap_or_default();
        Self { seq: Some(row.seq), kind: row.kind, time: row.time, data }
    }

    /// Whether it is about the thing with this id.
    pub(crate) fn is_about(&self, subject: &str) -> bool {
        let mut fields = self.data.as_object().into_iter().flatten();
        fields.any(|(_, value)| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(subject)))
    }
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self { live: broadcast::Sender::new(WAITING) }
    }

    /// Hands on what the bus tells until `shutdown`. To be supervised.
    ///
    /// # Errors
    /// When the bus cannot be listened to.
    pub(crate) async fn run(self, engine: Engine, shutdown: CancellationToken) -> Result<(), Failure> {
        let mut heard = engine.bus.events(route::EVENTS).await.map_err(|error| {
            Failure::new(error.kind(), format!("cannot listen to the events of the bus: {error}"))
        })?;
        let mut told = Told { store: engine.store.clone(), last: None, pending: Vec::new() };
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let delivery = tokio::select! {
                delivery = heard.next() => delivery,
                _ = look.tick() => {
                    self.tell(&mut told).await;
                    continue;
                }
                () = shutdown.cancelled() => return Ok(()),
            };
            match delivery {
                Some(delivery) => self.hear(delivery, &mut told),
                None if shutdown.is_cancelled() => return Ok(()),
                None => return Err(Failure::new(ErrorKind::Unavailable, "the bus tells no more events")),
            }
            // Whatever is there already is written with it.
            while told.pending.len() < BATCH
                && let Ok(Some(delivery)) = tokio::time::timeout(Duration::from_millis(2), heard.next()).await
            {
                self.hear(delivery, &mut told);
            }
            self.tell(&mut told).await;
        }
    }

    fn hear(&self, delivery: Delivery, told: &mut Told) {
        match delivery.content {
            Ok(envelope) if envelope.kind == route::PROGRESS_REPORTED => self.pass_on(envelope),
            Ok(envelope) => told.write_down(envelope),
            Err(foreign) => {
                tracing::debug!(
                    routing_key = foreign.routing_key,
                    reason = foreign.reason,
                    "event not understood"
                );
            }
        }
    }

    fn pass_on(&self, envelope: Envelope) {
        let Ok(data) = serde_json::from_slice(&envelope.body) else { return };
        let event = Event { seq: None, kind: envelope.kind, time: envelope.time, data };
        // Nobody may be listening.
        drop(self.live.send(Arc::new(event)));
    }

    /// Writes down what was heard, and tells everything that is written down and not told yet.
    async fn tell(&self, told: &mut Told) {
        match told.next().await {
            Ok(rows) => {
                for row in rows {
                    drop(self.live.send(Arc::new(Event::of(row))));
                }
            }
            Err(error) => tracing::debug!(%error, "events wait for the database"),
        }
    }

    /// Listens, from behind the event `last` when the client names one.
    pub(crate) fn listen(&self, store: &Store, last: Option<&str>) -> Listener {
        Listener::new(store.clone(), self.live.subscribe(), last)
    }
}

/// What one gateway has told, and what it has yet to write down.
struct Told {
    store: Store,
    /// The number of the last one; none before the first look.
    last: Option<u64>,
    pending: Vec<NewEvent>,
}

impl Told {
    fn write_down(&mut self, envelope: Envelope) {
        let Ok(body) = String::from_utf8(envelope.body) else { return };
        if self.pending.len() == PENDING {
            self.pending.remove(0);
        }
        let Envelope { id: message_id, kind, time, .. } = envelope;
        self.pending.push(NewEvent { message_id, kind, time, body });
    }

    async fn next(&mut self) -> Result<Vec<events::Event>, StoreError> {
        let last = match self.last {
            Some(last) => last,
            // What happened before this gateway was there is for those who ask for it.
            None => self.store.read(events::range).await?.map_or(0, |(_, last)| last),
        };
        self.last = Some(last);
        if !self.pending.is_empty() {
            let new = self.pending.clone();
            self.store.write(move |tx| events::append(tx, &new)).await?;
            self.pending.clear();
        }
        let mut all = Vec::new();
        let mut last = last;
        loop {
            let rows = self.store.read(move |tx| events::after(tx, last, AT_ONCE)).await?;
            let is_full = rows.len() == AT_ONCE as usize;
            last = rows.last().map_or(last, |row| row.seq);
            all.extend(rows);
            if !is_full {
                break;
            }
        }
        self.last = Some(last);
        // Every thousandth or so, so that it costs nothing.
        if all.iter().any(|row| row.seq % 1_000 == 0) && last > KEPT {
            self.store.write(move |tx| events::purge(tx, last - KEPT)).await?;
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_about_whatever_it_names() {
        let data = serde_json::json!({ "snapshot": "01890a5d-ac96-774b-bcce-b302099a8057", "new": 3 });
        let event = Event { seq: Some(1), kind: "x".into(), time: jiff::Timestamp::UNIX_EPOCH, data };
        assert!(event.is_about("01890A5D-ac96-774b-bcce-b302099a8057"));
        assert!(!event.is_about("3"));
    }
}
