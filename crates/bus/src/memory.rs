//! The bus within one process: bounded queues in memory.
//!
//! It promises what the broker promises, except that nothing outlives the process: the store is the
//! authority, and its sweeps say again what was lost.

mod consumer;
mod queue;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use async_trait::async_trait;
use contracts::{Envelope, route, route::Queue};
use tokio::{sync::watch, time::timeout};

use crate::{Bus, BusError, Consumer, DEAD, MemoryOptions, QueueDepth, reading::Routes, telemetry};
use consumer::MemoryConsumer;
use queue::MemoryQueue;

/// How many messages wait for a listener before it loses the oldest.
const LISTENER_CAPACITY: usize = 10_000;

/// A bus within this process.
pub fn memory(options: MemoryOptions) -> Arc<dyn Bus> {
    telemetry::describe();
    let queues = route::QUEUES.iter().map(|queue| (queue.name, MemoryQueue::new(options.capacity))).collect();
    Arc::new(MemoryBus {
        queues,
        dead: MemoryQueue::new(options.capacity),
        listeners: Mutex::default(),
        routes: Routes::default(),
        closed: watch::Sender::new(false),
        delivery_limit: options.delivery_limit,
        patience: options.patience,
    })
}

struct MemoryBus {
    queues: HashMap<&'static str, Arc<MemoryQueue>>,
    dead: Arc<MemoryQueue>,
    listeners: Mutex<Vec<Listener>>,
    routes: Routes,
    closed: watch::Sender<bool>,
    delivery_limit: u32,
    patience: Duration,
}

/// Whoever listens to some kinds; gone when its consumer is dropped.
struct Listener {
    kinds: Vec<String>,
    queue: Weak<MemoryQueue>,
}

impl MemoryBus {
    fn open(&self) -> Result<(), BusError> {
        if *self.closed.borrow() { Err(BusError::Closed) } else { Ok(()) }
    }

    async fn put(&self, queue: &'static Queue, envelope: &Envelope) -> Result<(), BusError> {
        let Some(target) = self.queues.get(queue.name) else { return Ok(()) };
        if target.try_push(envelope) {
            return Ok(());
        }
        let mut closed = self.closed.subscribe();
        tokio::select! {
            pushed = timeout(self.patience, target.push(envelope)) => pushed.map_err(|_elapsed| {
                BusError::Unavailable(format!(
                    "the queue {} holds {} messages and had no room for {} s: its service does not keep up",
                    queue.name,
                    target.capacity(),
                    self.patience.as_secs_f32()
                ))
            }),
            _ = closed.wait_for(|closed| *closed) => Err(BusError::Closed),
        }
    }

    fn tell_listeners(&self, envelope: &Envelope) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| {
            let Some(queue) = listener.queue.upgrade() else { return false };
            if listener.kinds.contains(&envelope.kind) {
                queue.push_dropping_oldest(envelope);
            }
            true
        });
    }
}

#[async_trait]
impl Bus for MemoryBus {
    async fn publish(&self, envelopes: &[Envelope]) -> Result<(), BusError> {
        for envelope in envelopes {
            self.open()?;
            let queues = self.routes.of(envelope)?;
            for queue in queues.iter() {
                self.put(queue, envelope).await?;
            }
            telemetry::published(&queues, 1);
            self.tell_listeners(envelope);
        }
        Ok(())
    }

    async fn announce(&self, envelope: &Envelope) -> Result<(), BusError> {
        self.open()?;
        self.tell_listeners(envelope);
        telemetry::published(&[], 1);
        Ok(())
    }

    async fn consume(&self, queue: &'static Queue, prefetch: u16) -> Result<Box<dyn Consumer>, BusError> {
        self.open()?;
        let source = if queue.name == DEAD.name { Some(&self.dead) } else { self.queues.get(queue.name) };
        let source =
            source.ok_or_else(|| BusError::Invalid(format!("there is no queue {:?}", queue.name)))?.clone();
        let dead = (queue.name != DEAD.name).then(|| (self.dead.clone(), self.delivery_limit));
        let kinds = queue.kinds.iter().map(|kind| (*kind).to_owned()).collect();
        Ok(Box::new(MemoryConsumer::new(queue.name, source, dead, kinds, prefetch, self.closed.subscribe())))
    }

    async fn events(&self, kinds: &[&str]) -> Result<Box<dyn Consumer>, BusError> {
        self.open()?;
        let queue = MemoryQueue::new(LISTENER_CAPACITY);
        let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let listener = Listener { kinds: kinds.clone(), queue: Arc::downgrade(&queue) };
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).push(listener);
        Ok(Box::new(MemoryConsumer::listener(telemetry::EVENTS, queue, kinds, self.closed.subscribe())))
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, BusError> {
        let named = route::QUEUES.iter().filter_map(|queue| Some((queue.name, self.queues.get(queue.name)?)));
        Ok(named.chain([(DEAD.name, &self.dead)]).map(|(name, queue)| queue.depth(name)).collect())
    }

    async fn check(&self) -> Result<String, BusError> {
        self.open()?;
        Ok("in-process".to_owned())
    }

    async fn close(&self) {
        self.closed.send_replace(true);
    }
}
