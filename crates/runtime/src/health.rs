//! Whether this process and what it depends on are well.
//!
//! Probes run in the background and their last answers are kept: asking for the state costs nothing and
//! never waits for what is down. A probe whose answer is too old counts as down, and a process that is
//! stopping is not ready whatever its probes say.

mod report;

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{self, Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

pub use report::{ProbeReport, Report};

/// How long after its last answer a probe counts as down, in periods.
const STALE_AFTER: u32 = 3;

/// The probes of this process and their last answers. Cheap to clone.
#[derive(Clone, Default)]
pub struct Health(Arc<Inner>);

#[derive(Default)]
struct Inner {
    probes: Mutex<Vec<Arc<Probe>>>,
    stopping: AtomicBool,
}

/// When a probe is asked, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The time from one asking to the next.
    pub every: Duration,
    /// How long an answer may take before it counts as down.
    pub timeout: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { every: Duration::from_secs(5), timeout: Duration::from_secs(3) }
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;
type Check = Box<dyn Fn() -> Answer + Send + Sync>;

struct Probe {
    name: &'static str,
    pace: Pace,
    check: Check,
    last: Mutex<Option<Last>>,
}

struct Last {
    answer: Result<String, String>,
    at: Instant,
    took: Duration,
}

impl Health {
    /// With no probe yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a probe. It answers what it found, for instance a version, or what is wrong, without a secret
    /// in it. Add all before [`run`](Self::run).
    pub fn probe<F, A>(&self, name: &'static str, pace: Pace, check: F)
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Result<String, String>> + Send + 'static,
    {
        let check: Check = Box::new(move || Box::pin(check()));
        self.lock().push(Arc::new(Probe { name, pace, check, last: Mutex::default() }));
    }

    /// Asks every probe at its pace until `shutdown`, and marks the process as stopping then. To be
    /// supervised.
    ///
    /// # Errors
    /// Never; the type is what a supervisor takes.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), std::convert::Infallible> {
        let mut asking: JoinSet<()> = self.lock().iter().map(|probe| probe.clone().ask_for_ever()).collect();
        shutdown.cancelled().await;
        self.begin_shutdown();
        asking.shutdown().await;
        Ok(())
    }

    /// Says that this process takes no more work; readiness is over from now on.
    pub fn begin_shutdown(&self) {
        self.0.stopping.store(true, Ordering::Release);
    }

    /// How everything is.
    pub fn report(&self) -> Report {
        let probes: Vec<ProbeReport> = self.lock().iter().map(|probe| probe.report()).collect();
        let stopping = self.0.stopping.load(Ordering::Acquire);
        Report { ready: !stopping && probes.iter().all(|probe| probe.up), stopping, probes }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Probe>>> {
        self.0.probes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Probe {
    async fn ask_for_ever(self: Arc<Self>) {
        let mut ticks = time::interval(self.pace.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut was_up = None;
        loop {
            ticks.tick().await;
            let asked = Instant::now();
            let answer = time::timeout(self.pace.timeout, (self.check)()).await.unwrap_or_else(|_elapsed| {
                Err(format!("no answer within {} seconds", self.pace.timeout.as_secs_f64()))
            });
            let up = answer.is_ok();
            if was_up != Some(up) {
                match &answer {
                    Ok(found) => tracing::info!(probe = self.name, found, "probe is up"),
                    Err(wrong) => tracing::warn!(probe = self.name, wrong, "probe is down"),
                }
                was_up = Some(up);
            }
            metrics::gauge!(crate::metrics::names::PROBE_UP, "probe" => self.name).set(if up {
                1.0
            } else {
                0.0
            });
            let now = Instant::now();
            *self.last() = Some(Last { answer, at: now, took: now - asked });
        }
    }

    fn report(&self) -> ProbeReport {
        let last = self.last();
        let Some(Last { answer, at, took }) = &*last else {
            return ProbeReport::down(self.name, "not asked yet".to_owned());
        };
        let age = at.elapsed();
        let stale = self.pace.every * STALE_AFTER + self.pace.timeout;
        let (up, detail) = match answer {
            _ if age > stale => (false, format!("no news for {} seconds", age.as_secs())),
            Ok(found) => (true, found.clone()),
            Err(wrong) => (false, wrong.clone()),
        };
        ProbeReport {
            name: self.name,
            up,
            detail,
            age_seconds: Some(age.as_secs()),
            took_milliseconds: Some(took.as_millis() as u64),
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
