//! What the analyzer does with each message, and with time.

pub(crate) mod assets;
pub(crate) mod back_fill;
pub(crate) mod batch;
pub(crate) mod owed;
pub(crate) mod owed_assets;
