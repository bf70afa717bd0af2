//! What a batch is analysed with.

use contracts::Failure;
use depot::Depot;
use runtime::config::Config;
use store::Store;
use worker::{Engine, Progress};

#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) store: Store,
    pub(crate) depot: Depot,
    pub(crate) limits: analysis::Limits,
    pub(crate) progress: Progress,
}

impl Context {
    pub(crate) fn build(engine: &Engine, config: &Config) -> Result<Self, Failure> {
        Ok(Self {
            store: engine.store.clone(),
            depot: worker::process::open_depot(config)?,
            limits: analysis::Limits { max_bytes: config.analysis.max_bytes, ..analysis::Limits::default() },
            progress: engine.progress("analyzer"),
        })
    }
}
