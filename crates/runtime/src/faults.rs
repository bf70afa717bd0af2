//! Named points at which a test can make a process, or one worker of it, stop as if it was killed.
//!
//! Two forms, one list of names ([`POINTS`]):
//! - `faults.abort_at = "worker.after_commit:3"` in the configuration ends the whole process at the
//!   third passing, with no destructor and no flush, as `kill -9` does. Only builds with
//!   `debug_assertions` have this; elsewhere [`point`] is nothing.
//! - [`Faults::stop_at`] makes one handle, given to one worker, answer [`Stopped`] at the nth passing
//!   and at every point after it. A test in the same process can then start another worker.

pub mod points;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tokio_util::sync::CancellationToken;

pub use points::POINTS;

/// The configured end of this process. Set once, by [`install`]; only read in debug builds.
static ABORT: OnceLock<Faults> = OnceLock::new();

/// The worker must stop here and now, and must write, publish and acknowledge nothing more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped by a test at {point}")]
pub struct Stopped {
    /// Which point it was.
    pub point: &'static str,
}

/// A fault plan is not one: it should read `name:n`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPlan {
    /// No such point.
    #[error("no fault point is named {name:?}; known: {}", POINTS.join(", "))]
    UnknownPoint {
        /// What was asked for.
        name: String,
    },
    /// The number of passings is missing or no number from 1.
    #[error("{text:?} does not say at which passing; accepted: NAME:N with N from 1")]
    Count {
        /// What was given.
        text: String,
    },
}

/// A handle on the fault points, passed in contexts. The default stops nowhere and costs nothing.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<Plan>>);

struct Plan {
    point: &'static str,
    passing: u32,
    passed: Mutex<BTreeMap<&'static str, u32>>,
    stopped: CancellationToken,
}

impl Faults {
    /// Stops nowhere.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Stops its holder at the `passing`th time (from 1) that it comes to `point`.
    ///
    /// # Errors
    /// When no point has this name or `passing` is 0.
    pub fn stop_at(point: &str, passing: u32) -> Result<Self, InvalidPlan> {
        let known = POINTS.iter().find(|known| **known == point);
        let point = known.ok_or_else(|| InvalidPlan::UnknownPoint { name: point.to_owned() })?;
        if passing == 0 {
            return Err(InvalidPlan::Count { text: format!("{point}:0") });
        }
        let plan = Plan { point, passing, passed: Mutex::default(), stopped: CancellationToken::new() };
        Ok(Self(Some(Arc::new(plan))))
    }

    /// Counts the passings and stops at none, so that a test learns which points a run comes to.
    pub fn count() -> Self {
        let plan =
            Plan { point: "", passing: 0, passed: Mutex::default(), stopped: CancellationToken::new() };
        Self(Some(Arc::new(plan)))
    }

    /// Passes `point`, one of [`POINTS`]; the process-wide [`point`](fn@point) of that name too.
    ///
    /// # Errors
    /// [`Stopped`], when the plan says so, and at every point from then on: what is dead stays dead.
    pub fn at(&self, name: &'static str) -> Result<(), Stopped> {
        point(name);
        self.pass(name)
    }

    /// Whether the plan's point has been reached.
    pub fn has_stopped(&self) -> bool {
        self.0.as_ref().is_some_and(|plan| plan.stopped.is_cancelled())
    }

    /// Waits until the plan's point has been reached; for ever when there is no plan.
    pub async fn stopped(&self) {
        match &self.0 {
            Some(plan) => plan.stopped.cancelled().await,
            None => std::future::pending().await,
        }
    }

    /// How often each point was passed, by name.
    pub fn passed(&self) -> BTreeMap<&'static str, u32> {
        self.0.as_ref().map_or_else(BTreeMap::new, |plan| plan.lock().clone())
    }

    fn pass(&self, name: &'static str) -> Result<(), Stopped> {
        debug_assert!(POINTS.contains(&name), "{name} is missing in faults::POINTS");
        let Some(plan) = &self.0 else { return Ok(()) };
        let mut passed = plan.lock();
        let count = passed.entry(name).or_default();
        *count += 1;
        if plan.stopped.is_cancelled() || (name == plan.point && *count == plan.passing) {
            plan.stopped.cancel();
            return Err(Stopped { point: name });
        }
        Ok(())
    }
}

impl Plan {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, u32>> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(plan) => write!(f, "Faults({}:{})", plan.point, plan.passing),
            None => f.write_str("Faults(none)"),
        }
    }
}

impl std::str::FromStr for Faults {
    type Err = InvalidPlan;

    /// Reads `name:n`; an empty text is [`Faults::none`].
    fn from_str(text: &str) -> Result<Self, InvalidPlan> {
        if text.is_empty() {
            return Ok(Self::none());
        }
        let count = || InvalidPlan::Count { text: text.to_owned() };
        let (name, passing) = text.rsplit_once(':').ok_or_else(count)?;
        match passing.parse() {
            Ok(0) | Err(_) => Err(count()),
            Ok(passing) => Self::stop_at(name, passing),
        }
    }
}

/// Arms the process-wide point that `faults.abort_at` names. The first call of a process counts; in
/// builds without `debug_assertions` this is without effect, and a plan is answered with a warning.
pub fn install(config: &crate::config::Faults) {
    if config.abort_at.0.is_none() {
        return;
    }
    if cfg!(debug_assertions) {
        drop(ABORT.set(config.abort_at.clone()));
    } else {
        tracing::warn!("this build has no fault points, faults.abort_at is without effect");
    }
}

/// Passes a named point of the process; for code that is given no [`Faults`].
#[inline]
pub fn point(name: &'static str) {
    #[cfg(debug_assertions)]
    if ABORT.get().is_some_and(|plan| plan.pass(name).is_err()) {
        std::process::abort();
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}

impl fmt::Display for Faults {
    /// As it is read: `name:n`, or nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|plan| write!(f, "{}:{}", plan.point, plan.passing))
    }
}
