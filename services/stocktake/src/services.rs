//! The services, by name.

use worker::process::MakeService;

/// Every service that takes messages, in the order of the data's way.
pub(crate) const SERVICES: &[(&str, MakeService)] = &[
    ("indexer", indexer::service),
    ("repo-processor", repo_processor::service),
    ("analyzer", analyzer::service),
    ("auditor", auditor::service),
    ("courier", courier::service),
];

/// The only service that takes requests instead.
pub(crate) const GATEWAY: &str = "gateway";

/// The names that `serve` takes.
pub(crate) fn names() -> Vec<&'static str> {
    SERVICES.iter().map(|(name, _)| *name).chain([GATEWAY]).collect()
}
