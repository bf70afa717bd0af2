//! What both implementations ask of a message before they hand it out as one, and where it goes.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use contracts::{
    Envelope, route,
    route::{QUEUES, Queue},
};
use serde_json::value::RawValue;

use crate::BusError;

/// Which queues take which routing keys, remembered because asking the routes compares many strings.
#[derive(Default)]
pub(crate) struct Routes(RwLock<HashMap<String, Arc<[&'static Queue]>>>);

impl Routes {
    /// The queues that take this message. None for events which only listeners take.
    ///
    /// # Errors
    /// [`BusError::Unroutable`] when nobody would ever hear it.
    pub(crate) fn of(&self, envelope: &Envelope) -> Result<Arc<[&'static Queue]>, BusError> {
        let key = envelope.routing_key();
        if let Some(queues) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(queues.clone());
        }
        let queues: Arc<[_]> = QUEUES.iter().filter(|queue| takes(queue, &key)).collect();
        if queues.is_empty() && !route::EVENTS.contains(&envelope.kind.as_str()) {
            return Err(BusError::Unroutable { key });
        }
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, queues.clone());
        Ok(queues)
    }
}

fn takes(queue: &Queue, key: &str) -> bool {
    queue.routing_keys().iter().any(|taken| taken == key)
}

/// Why this envelope is none that a consumer of `kinds` could work on; `None` when it is fine. No kinds
/// means every kind.
pub(crate) fn objection(envelope: &Envelope, kinds: &[impl AsRef<str>]) -> Option<String> {
    if !kinds.is_empty() && !kinds.iter().any(|kind| kind.as_ref() == envelope.kind) {
        let accepted: Vec<_> = kinds.iter().map(AsRef::as_ref).collect();
        return Some(format!(
            "its type {:?} is none that this queue takes; accepted: {}",
            envelope.kind,
            accepted.join(", ")
        ));
    }
    match serde_json::from_slice::<&RawValue>(&envelope.body) {
        Ok(_) => None,
        Err(error) => Some(format!("its body is not JSON: {error}")),
    }
}
