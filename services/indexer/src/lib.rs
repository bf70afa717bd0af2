#![doc = include_str!("../README.md")]

mod caller;
mod context;
mod enrol;
mod handlers;
mod keep;
mod telemetry;

use contracts::Failure;
use runtime::config::Config;
use worker::{Engine, Service};

use crate::context::Context;

/// The service, on this engine and with this configuration.
///
/// # Errors
/// When there is no TLS to reach forges by.
pub fn service(engine: &Engine, config: &Config) -> Result<Service, Failure> {
    let context = Context::build(engine, config)?;
    Ok(Service::new("indexer")
        .job(handlers::run::Run { context })
        .handler(handlers::discovered::Discovered)
        .sweep(handlers::collected::SWEEP)
        .sweep(handlers::due::SWEEP)
        .sweep(handlers::visits::SWEEP))
}
