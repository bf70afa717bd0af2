#![doc = include_str!("../README.md")]

mod context;
mod handlers;
mod looking;

use contracts::Failure;
use runtime::config::Config;
use worker::{Engine, Service};

/// The service, on this engine and with this configuration.
///
/// # Errors
/// When the depot cannot be had.
pub fn service(engine: &Engine, config: &Config) -> Result<Service, Failure> {
    let depot = worker::process::open_depot(config)?;
    let context = context::Context { store: engine.store.clone(), depot };
    Ok(Service::new("auditor")
        .handler(handlers::snapshot_ready::Ready)
        .job(handlers::audit::Audit { context })
        .handler(handlers::commit::CommitSnapshot)
        .handler(handlers::snapshot_requested::Requested)
        .handler(handlers::cancel_requested::Cancel)
        .handler(handlers::repair::Repair)
        .handler(handlers::repair_ended::RevisionDone)
        .handler(handlers::repair_ended::ReanalysisDone)
        .handler(handlers::repair_ended::TaskFailed)
        .sweep(handlers::owed::SWEEP)
        .sweep(handlers::owed::REPAIRS))
}
