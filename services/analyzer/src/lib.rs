#![doc = include_str!("../README.md")]

mod assets;
mod context;
mod handlers;
mod metrics;
mod work;

use contracts::Failure;
use runtime::config::Config;
use worker::{Engine, Service};

/// The service, on this engine and with this configuration.
///
/// # Errors
/// When the depot cannot be had, or what assets go through is not understood.
pub fn service(engine: &Engine, config: &Config) -> Result<Service, Failure> {
    let context = context::Context::build(engine, config)?;
    let assets = assets::Context::build(engine, config)?;
    Ok(Service::new("analyzer")
        .heavy()
        // Their messages are small, and what works on them bounds itself.
        .light("analyzer.assets")
        .light("analyzer.assets.urgent")
        .handler(handlers::assets::Submitted { context: assets })
        .sweep(handlers::owed_assets::SWEEP)
        .handler(handlers::batch::Batch { context })
        .sweep(handlers::owed::SWEEP)
        .sweep(handlers::back_fill::SWEEP))
}
