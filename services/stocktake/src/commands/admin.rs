//! `stocktake admin`: looking after the store.

mod migrate;
mod repair;
mod set_aside;
mod webhook;

use std::process::ExitCode;

use clap::Subcommand;
use contracts::Failure;

use crate::cli::Global;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Bring the database schema to this version
    Migrate,
    /// Messages that could not be handled and wait for a person
    #[command(subcommand)]
    SetAside(set_aside::Command),
    /// Who is told of what over HTTP
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Have one wrong thing made right
    Repair(repair::Arguments),
}

impl Command {
    /// Whether no gateway can do it for a person elsewhere.
    pub(crate) const fn is_for_this_machine(&self) -> bool {
        matches!(self, Self::Migrate)
    }
}

pub(crate) fn run(global: &Global, command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Migrate => migrate::run(global),
        Command::SetAside(command) => set_aside::run(global, command),
        Command::Webhook(command) => webhook::run(global, command),
        Command::Repair(arguments) => repair::run(global, arguments),
    }
}
