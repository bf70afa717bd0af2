//! The commands beside `scan`, one file each.

pub(crate) mod admin;
pub(crate) mod analyze;
pub(crate) mod audit;
pub(crate) mod commits;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod depot;
pub(crate) mod doctor;
pub(crate) mod key;
mod listing;
mod reporting;
pub(crate) mod serve;
pub(crate) mod snapshot;
pub(crate) mod source;
pub(crate) mod stock;
pub(crate) mod up;
pub(crate) mod validate;
mod work;
