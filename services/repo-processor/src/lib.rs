#![doc = include_str!("../README.md")]

mod context;
mod handlers;
mod history;
mod metrics;
mod rest;
mod scratch;
mod stocking;

use contracts::{Failure, Outgoing};
use jiff::{SignedDuration, Timestamp};
use runtime::config::Config;
use store::{Tx, trees};
use worker::{Engine, Service, Sweep};

/// Trees that broke off are dropped this long after they were begun, when their revision has ended.
const DRAFTS: SignedDuration = SignedDuration::from_hours(1);
/// So many at once: each may have as many nodes as a repository has files.
const MOST_DRAFTS: u32 = 8;

/// The service, on this engine and with this configuration.
///
/// # Errors
/// When the depot or the scratch directory cannot be had.
pub fn service(engine: &Engine, config: &Config) -> Result<Service, Failure> {
    let context = context::Context::build(engine, config)?;
    let upkeep = handlers::upkeep::Upkeep::new(&context, config);
    let leftovers = scratch::Leftovers(context.clone());
    let drafts = Sweep { name: "repo-processor.drafts", only_when_dry: false, run: purge_drafts };
    Ok(Service::new("repo-processor")
        .heavy()
        .job(handlers::visit::Visit { context })
        .job(upkeep)
        .periodic(handlers::upkeep::periodic(config))
        .sweep(drafts)
        .tidy(leftovers))
}

fn purge_drafts(tx: &mut Tx, _: Timestamp, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let dropped = trees::purge_drafts(tx, now - DRAFTS, MOST_DRAFTS)?;
    if dropped > 0 {
        tracing::info!(dropped, "trees that were never completed are dropped");
    }
    Ok(Vec::new())
}
