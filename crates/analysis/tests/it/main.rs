//! Analysis as its users see it.

#![cfg(test)]

mod examples;
mod mutations;
mod robustness;
mod validators;
