//! What the courier does with each message.

pub(crate) mod assets;
pub(crate) mod forward;
pub(crate) mod notify;
pub(crate) mod owed;
pub(crate) mod queued;
