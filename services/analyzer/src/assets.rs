//! The work on assets: begun, read, checked, and what comes of it.

mod begin;
mod examine;
mod finish;

use std::sync::Arc;

use assets::{Library, Pipelines};
use contracts::Failure;
use runtime::config::Config;
use tokio::sync::Semaphore;
use worker::Engine;

pub(crate) use self::{begin::begin, examine::examine, finish::finish};

/// What the work on assets needs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) engine: Engine,
    pub(crate) library: Library,
    pub(crate) pipelines: Arc<Pipelines>,
    /// Groups that are being read and checked: each holds files in memory.
    pub(crate) room: Arc<Semaphore>,
    /// Bytes of files that one group holds at once, before those that are being read.
    pub(crate) part_bytes: u64,
}

impl Context {
    pub(crate) fn build(engine: &Engine, config: &Config) -> Result<Self, Failure> {
        let depot = worker::process::open_depot(config)?;
        Ok(Self {
            engine: engine.clone(),
            library: Library::open(&config.assets, Some(depot))?,
            pipelines: Arc::new(Pipelines::read(&config.assets)?),
            // Small files come many at a time; of large ones a few are enough to keep processors busy.
            part_bytes: config.assets.max_bytes.saturating_mul(2),
            room: Arc::new(Semaphore::new(engine.options.jobs.max(1) * 2)),
        })
    }
}
