//! `cargo xtask simulate`: what a policy would come to, on a world that is made up.

mod visits;
mod world;

use anyhow::Result;
use clap::Subcommand;

use crate::workspace::Complaint;

/// What is simulated.
#[derive(Subcommand)]
pub(crate) enum Simulation {
    /// When repositories are visited: our policy, fixed intervals, and only what the forge tells
    Visits(visits::Arguments),
}

pub(crate) fn run(simulation: &Simulation) -> Result<Vec<Complaint>> {
    match simulation {
        Simulation::Visits(arguments) => visits::run(arguments)?,
    }
    Ok(Vec::new())
}
