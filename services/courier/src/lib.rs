#![doc = include_str!("../README.md")]

mod handlers;
mod metrics;
mod webhooks;

use contracts::{Failure, messages};
use runtime::config::Config;
use worker::{Engine, Service};

/// The service, on this engine and with this configuration.
///
/// # Errors
/// When no HTTP client can be had.
pub fn service(engine: &Engine, config: &Config) -> Result<Service, Failure> {
    let webhooks = webhooks::Context::build(&config.webhooks, engine.options.lease)?;
    let queued = handlers::queued::Queued { webhooks: webhooks.clone(), store: engine.store.clone() };
    Ok(Service::new("courier")
        .handler(handlers::notify::Audited)
        .handler(handlers::notify::Committed)
        .handler(handlers::notify::Refused)
        .handler(handlers::notify::TaskIsOver)
        .handler(handlers::notify::Repaired)
        .handler(handlers::forward::Forward::<messages::RevisionAnalyzed>::NEW)
        .handler(handlers::forward::Forward::<messages::SnapshotReady>::NEW)
        .handler(handlers::assets::Ended)
        .handler(queued)
        .sweep(handlers::owed::SWEEP)
        .background(webhooks::dispatch::Dispatcher { context: webhooks }))
}
