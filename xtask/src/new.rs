//! `cargo xtask new`: what a new plug-in consists of, ready to be filled.

mod analyzer;

use anyhow::Result;
use clap::Subcommand;

use crate::workspace::{Complaint, Root};

/// What is begun.
#[derive(Subcommand)]
pub(crate) enum New {
    /// An analyzer: its file, and its entry in the list
    Analyzer(analyzer::Arguments),
}

pub(crate) fn run(root: &Root, new: &New) -> Result<Vec<Complaint>> {
    match new {
        New::Analyzer(arguments) => analyzer::run(root, arguments)?,
    }
    Ok(Vec::new())
}
