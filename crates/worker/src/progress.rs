//! Progress on its way to whoever watches: throttled at the sender, never stored, never waited for.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bus::Bus;
use contracts::{
    Envelope, Message, Outgoing,
    messages::{ProgressReported, Stage},
};

/// How often one stage of one subject is told of at the most.
const EVERY: Duration = Duration::from_millis(100);

/// Tells how far work has come. Cheap to clone and to call: between two announcements it only looks at
/// the clock.
#[derive(Clone)]
pub struct Progress {
    bus: Arc<dyn Bus>,
    service: &'static str,
    last: Arc<Mutex<Option<(Stage, Instant)>>>,
}

impl Progress {
    pub(crate) fn new(bus: Arc<dyn Bus>, service: &'static str) -> Self {
        Self { bus, service, last: Arc::default() }
    }

    /// Announces `report`, unless one of the same stage was announced less than a tenth of a second
    /// ago and this one is not the stage's last.
    pub async fn report(&self, report: ProgressReported) {
        if self.is_due(&report) {
            self.announce(&report).await;
        }
    }

    /// Tells whoever watches, if anybody does.
    pub(crate) async fn announce<M: Message>(&self, message: &M) {
        let source = format!("stocktake/{}", self.service);
        let envelope = Envelope::seal(&Outgoing::new(message), &source, None);
        if let Err(error) = self.bus.announce(&envelope).await {
            tracing::debug!(%error, kind = M::KIND, "not announced");
        }
    }

    fn is_due(&self, report: &ProgressReported) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let recent = last.is_some_and(|(stage, at)| stage == report.stage && now.duration_since(at) < EVERY);
        if recent && !report.ended {
            return false;
        }
        *last = Some((report.stage, now));
        true
    }
}
