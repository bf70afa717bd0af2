//! The whole way, from a repository to a committed snapshot: undisturbed against git itself, and disturbed
//! in every way that a machine, a network and a person can disturb it.

#![cfg(test)]

mod asset_kills;
mod audits;
mod checks;
mod cli;
mod deliveries;
mod depot;
mod elsewhere;
mod faults;
mod fleet;
mod keys;
mod kills;
mod readers;
mod repairs;
mod restarts;
mod runs;
mod support;
mod up;
mod upstream;
mod validation;
mod versions;
