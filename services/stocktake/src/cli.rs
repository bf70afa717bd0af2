//! The command line: what it accepts, and the exit code of what it came to.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use contracts::{ErrorKind, Failure};

use crate::{commands, output, scan};

/// How `--version` tells which build this is.
fn version() -> String {
    let version = runtime::version();
    format!("{} ({})", version.version, version.commit)
}

#[derive(Parser)]
#[command(
    name = "stocktake",
    about = "Keeps an audited stock of source code, from discovery to delivery",
    after_help = "Examples:\n  \
        stocktake scan https://github.com/BurntSushi/ripgrep\n  \
        stocktake scan . ../other --fail-on removed --format json\n  \
        stocktake up\n  \
        stocktake doctor",
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone)]
pub(crate) struct Global {
    /// The directory of the embedded database and depot
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data: Option<PathBuf>,
    /// A configuration file, read instead of the usual ones
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// A gateway to work against instead of the local data, for instance `https://stocktake.example`; its key is
    /// taken from `STOCKTAKE_KEY`. Also `STOCKTAKE_SERVER`
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) server: Option<String>,
    /// Sets one configuration key, for instance `--set http.bind=127.0.0.1:9000`
    #[arg(long = "set", value_name = "KEY=VALUE", global = true)]
    pub(crate) set: Vec<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Take stock of repositories and directories
    Scan(scan::Arguments),
    /// Analyze files and print everything found, without any store
    Analyze(commands::analyze::Arguments),
    /// What is held, at which version, and what a stock lets in
    #[command(subcommand)]
    Stock(commands::stock::Command),
    /// What runs produced, and its way into a stock
    #[command(subcommand)]
    Snapshot(commands::snapshot::Command),
    /// Show the commits of a repository that were taken in, and what their messages are like
    Commits(commands::commits::Arguments),
    /// What audits found, their reports, and who decided otherwise
    #[command(subcommand)]
    Audit(commands::audit::Command),
    /// Check single files for fitness, without any store
    Validate(commands::validate::Arguments),
    /// Run every service and the gateway in this process
    Up,
    /// Run one service, over PostgreSQL and RabbitMQ
    Serve(commands::serve::Arguments),
    /// Where repositories are found: added, listed, shown, paused, run and removed
    #[command(subcommand)]
    Source(commands::source::Command),
    /// Look after the store: migrations, messages set aside, repairs
    #[command(subcommand)]
    Admin(commands::admin::Command),
    /// Look after the depot: what is in it, is it intact, what may go
    #[command(subcommand)]
    Depot(commands::depot::Command),
    /// Say who may use the API, and for what
    #[command(subcommand)]
    Key(commands::key::Command),
    /// Show the configuration that is in force, and where each value came from
    Config(commands::config::Arguments),
    /// Check what is reachable, in which version, and say what to do about what is not
    Doctor(commands::doctor::Arguments),
    /// Print a completion script for a shell
    Completions(commands::completions::Arguments),
}

impl Command {
    /// Whether no gateway can do it for a person elsewhere.
    const fn is_for_this_machine(&self) -> bool {
        match self {
            Self::Analyze(_)
            | Self::Validate(_)
            | Self::Up
            | Self::Serve(_)
            | Self::Depot(_)
            | Self::Config(_)
            | Self::Doctor(_)
            | Self::Completions(_) => true,
            Self::Admin(command) => command.is_for_this_machine(),
            Self::Scan(_)
            | Self::Stock(_)
            | Self::Snapshot(_)
            | Self::Audit(_)
            | Self::Commits(_)
            | Self::Source(_)
            | Self::Key(_) => false,
        }
    }
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    // Which commit this is is known at run time only, and clap keeps what it is given for ever.
    let version: &'static str = Box::leak(version().into_boxed_str());
    let matches = Cli::command().version(version).get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    if let Some(server) = cli.global.server.as_ref().filter(|_| cli.command.is_for_this_machine()) {
        output::note(format_args!(
            "stocktake: this command works on this machine only; leave --server {server} out"
        ));
        return ExitCode::from(2);
    }
    let result = match cli.command {
        Command::Scan(arguments) => scan::run(&cli.global, &arguments),
        Command::Analyze(arguments) => commands::analyze::run(&cli.global, &arguments),
        Command::Stock(command) => commands::stock::run(&cli.global, &command),
        Command::Snapshot(command) => commands::snapshot::run(&cli.global, &command),
        Command::Commits(arguments) => commands::commits::run(&cli.global, &arguments),
        Command::Audit(command) => commands::audit::run(&cli.global, &command),
        Command::Validate(arguments) => commands::validate::run(&cli.global, &arguments),
        Command::Up => commands::up::run(&cli.global),
        Command::Serve(arguments) => commands::serve::run(&cli.global, &arguments),
        Command::Source(command) => commands::source::run(&cli.global, &command),
        Command::Admin(command) => commands::admin::run(&cli.global, &command),
        Command::Depot(command) => commands::depot::run(&cli.global, &command),
        Command::Key(command) => commands::key::run(&cli.global, &command),
        Command::Config(arguments) => commands::config::run(&cli.global, &arguments),
        Command::Doctor(arguments) => commands::doctor::run(&cli.global, &arguments),
        Command::Completions(arguments) => commands::completions::run(&arguments),
    };
    result.unwrap_or_else(|failure| {
        output::note(format_args!("stocktake: {failure}"));
        exit_code(&failure)
    })
}

/// 2 is wrong use, as everywhere; 1 is everything else that kept a command from its work.
fn exit_code(failure: &Failure) -> ExitCode {
    ExitCode::from(if failure.kind == ErrorKind::Invalid { 2 } else { 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
