//! `stocktake completions`: scripts by which a shell completes our commands.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};
use contracts::Failure;

use crate::{cli::Cli, output};

#[derive(Args)]
#[command(
    after_help = "Example:\n  stocktake completions bash > ~/.local/share/bash-completion/completions/stocktake"
)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    generate(arguments.shell, &mut Cli::command(), "stocktake", &mut script);
    output::with(|out| out.write_all(&script))?;
    Ok(ExitCode::SUCCESS)
}
