#![doc = include_str!("../README.md")]

mod checks;
mod globs;
mod params;
mod prepared;
mod subject;

pub use checks::{CHECKS, Check, Look};
pub use prepared::{Hit, Prepared, prepare};
pub use subject::{Found, Needs, Stocked, Subject};
