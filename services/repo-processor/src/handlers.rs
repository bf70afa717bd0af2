//! What the repo-processor does with each message.

pub(crate) mod upkeep;
pub(crate) mod visit;
