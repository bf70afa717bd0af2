//! What the auditor does with each message, and with time.

pub(crate) mod audit;
pub(crate) mod cancel_requested;
pub(crate) mod commit;
pub(crate) mod owed;
pub(crate) mod repair;
pub(crate) mod repair_ended;
pub(crate) mod snapshot_ready;
pub(crate) mod snapshot_requested;
