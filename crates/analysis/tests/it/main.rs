//! Analysis as its users see it.

mod examples;
mod mutations;
mod robustness;
mod validators;
