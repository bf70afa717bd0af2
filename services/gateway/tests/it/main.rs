//! The gateway over HTTP, with the real services behind it where a test needs them.

#![cfg(test)]

mod access;
mod assets;
mod audits;
mod browser;
mod client;
mod contents;
mod description;
mod errors;
mod events;
mod flow;
mod hostile;
mod lists;
mod manifests;
mod outages;
mod private;
mod socket;
mod steering;
mod world;
