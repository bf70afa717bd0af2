//! What the indexer does with each message, and with time.

pub(crate) mod collected;
pub(crate) mod discovered;
pub(crate) mod due;
pub(crate) mod run;
pub(crate) mod visits;
