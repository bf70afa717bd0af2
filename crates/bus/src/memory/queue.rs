//! One bounded queue in memory.

use std::{
    collections::VecDeque,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contracts::Envelope;
use tokio::sync::Notify;

use crate::QueueDepth;

/// A message in a queue, and how often it was handed back.
pub(super) struct Item {
    pub(super) envelope: Envelope,
    pub(super) returns: u32,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Item>,
    unacked: u64,
    consumers: u64,
}

pub(super) struct MemoryQueue {
    capacity: usize,
    state: Mutex<State>,
    arrived: Notify,
    freed: Notify,
}

impl MemoryQueue {
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            capacity: capacity.max(1),
            state: Mutex::default(),
            arrived: Notify::new(),
            freed: Notify::new(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Puts a message at the end unless the queue is full; says whether it did.
    pub(super) fn try_push(&self, envelope: &Envelope) -> bool {
        let mut state = self.state();
        if state.ready.len() >= self.capacity {
            return false;
        }
        state.ready.push_back(Item { envelope: envelope.clone(), returns: 0 });
        drop(state);
        self.arrived.notify_one();
        true
    }

    /// Puts a message at the end as soon as there is room.
    pub(super) async fn push(&self, envelope: &Envelope) {
        loop {
            // Waiting begins before looking, so that room made in between is not overlooked.
            let mut freed = pin!(self.freed.notified());
            freed.as_mut().enable();
            if self.try_push(envelope) {
                return;
            }
            freed.await;
        }
    }

    /// Puts a message at the end, and lets go of the oldest when there is no room.
    pub(super) fn push_dropping_oldest(&self, envelope: &Envelope) {
        self.add_dropping_oldest(Item { envelope: envelope.clone(), returns: 0 });
    }

    /// Puts an item at the end, and lets go of the oldest when there is no room; says whether it did.
    pub(super) fn add_dropping_oldest(&self, item: Item) -> bool {
        let mut state = self.state();
        let full = state.ready.len() >= self.capacity;
        if full {
            state.ready.pop_front();
        }
        state.ready.push_back(item);
        drop(state);
        self.arrived.notify_one();
        full
    }

    /// Takes the first message as soon as there is one.
    pub(super) async fn pop(&self) -> Item {
        loop {
            let mut arrived = pin!(self.arrived.notified());
            arrived.as_mut().enable();
            if let Some(item) = self.try_pop() {
                return item;
            }
            arrived.await;
        }
    }

    fn try_pop(&self) -> Option<Item> {
        let mut state = self.state();
        let item = state.ready.pop_front()?;
        state.unacked += 1;
        // Messages handed back may fill a queue beyond its capacity; only real room wakes a publisher.
        let room = state.ready.len() < self.capacity;
        drop(state);
        if room {
            self.freed.notify_one();
        }
        Some(item)
    }

    /// Puts taken messages back at the front, in their order.
    pub(super) fn put_back(&self, items: Vec<Item>) {
        let count = items.len();
        let mut state = self.state();
        state.unacked = state.unacked.saturating_sub(count as u64);
        for item in items.into_iter().rev() {
            state.ready.push_front(item);
        }
        drop(state);
        for _ in 0..count {
            self.arrived.notify_one();
        }
    }

    /// Forgets that `count` messages were taken: they are done.
    pub(super) fn done(&self, count: usize) {
        let mut state = self.state();
        state.unacked = state.unacked.saturating_sub(count as u64);
    }

    pub(super) fn consumer_came(&self) {
        self.state().consumers += 1;
    }

    pub(super) fn consumer_went(&self) {
        let mut state = self.state();
        state.consumers = state.consumers.saturating_sub(1);
    }

    pub(super) fn depth(&self, name: &str) -> QueueDepth {
        let state = self.state();
        QueueDepth {
            name: name.to_owned(),
            ready: state.ready.len() as u64,
            unacked: Some(state.unacked),
            consumers: state.consumers,
        }
    }
}
