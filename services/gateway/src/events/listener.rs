//! One client's ear.

use std::{collections::VecDeque, sync::Arc};

use store::{Store, StoreError, events};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{AT_ONCE, Event};

/// What a client gets to hear.
pub(crate) enum Heard {
    /// An event.
    Event(Arc<Event>),
    /// So many events are gone for this client; none when nobody knows how many. What follows is everything
    /// that is written down behind the number.
    Missed {
        /// How many.
        count: Option<u64>,
        /// The number of the last event before the gap, or before what is still there.
        resume_after: u64,
    },
}

/// One client's ear.
pub(crate) struct Listener {
    store: Store,
    live: Receiver<Arc<Event>>,
    /// The number of the last event that was heard; none while only new ones are wanted.
    last: Option<u64>,
    /// Events that were read out of the database.
    read: VecDeque<Arc<Event>>,
    /// Whether what is written down has to be read before listening on.
    is_behind: bool,
    /// The client named an event that no gateway has given a number.
    is_lost: bool,
    missed: Option<Heard>,
}

impl Listener {
    pub(super) fn new(store: Store, live: Receiver<Arc<Event>>, last: Option<&str>) -> Self {
        let number = last.and_then(|last| last.parse().ok());
        let is_lost = last.is_some() && number.is_none();
        let is_behind = last.is_some();
        Self { store, live, last: number, read: VecDeque::new(), is_behind, is_lost, missed: None }
    }

    /// The next; `None` when the gateway is gone, or the database with what was missed is.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some(missed) = self.missed.take() {
                return Some(missed);
            }
            if let Some(event) = self.read.pop_front() {
                self.last = event.seq.or(self.last);
                return Some(Heard::Event(event));
            }
            if self.is_behind {
                if let Err(error) = self.catch_up().await {
                    tracing::debug!(%error, "a listener is sent away: what it missed cannot be read");
                    return None;
                }
                continue;
            }
            match self.live.recv().await {
                Ok(event) if event.seq.is_some_and(|seq| self.last.is_some_and(|last| seq <= last)) => {}
                // Others wrote something between the last that this one was told and what this gateway saw first.
                Ok(event) if event.seq.zip(self.last).is_some_and(|(seq, last)| seq > last + 1) => {
                    self.is_behind = true;
                }
                Ok(event) => {
                    self.last = event.seq.or(self.last);
                    return Some(Heard::Event(event));
                }
                Err(RecvError::Lagged(count)) => {
                    // What has a number is read out of the database; progress is gone.
                    self.is_behind = self.last.is_some();
                    let resume_after = self.last.unwrap_or_default();
                    return Some(Heard::Missed { count: Some(count), resume_after });
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), StoreError> {
        let last = self.last;
        let (range, rows) = self
            .store
            .read(move |tx| {
                let range = events::range(tx)?;
                Ok((range, events::after(tx, last.unwrap_or_default(), AT_ONCE)?))
            })
            .await?;
        let (first, newest) = range.unwrap_or((1, 0));
        let asked = last.unwrap_or_default();
        if self.is_lost || asked > newest {
            // An event of another database: everything there is follows.
            self.missed = Some(Heard::Missed { count: None, resume_after: first - 1 });
            self.is_lost = false;
            if asked > newest {
                self.last = Some(first - 1);
                return Ok(());
            }
        } else if first > asked + 1 {
            self.missed = Some(Heard::Missed { count: Some(first - asked - 1), resume_after: first - 1 });
        }
        self.is_behind = rows.len() == AT_ONCE as usize;
        self.last = Some(asked);
        self.read.extend(rows.into_iter().map(|row| Arc::new(Event::of(row))));
        if self.missed.is_some() {
            // Said once: what is gone is behind us.
            self.last = Some(asked.max(first - 1));
        }
        Ok(())
    }
}
