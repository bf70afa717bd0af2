//! The worker itself, on both stacks, with tiny handlers on real routes.

#![cfg(test)]

mod jobs;
mod messages;
mod outages;
mod support;
