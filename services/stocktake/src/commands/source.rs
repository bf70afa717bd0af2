//! `stocktake source`: where repositories are found, looked after by a person at a terminal.

mod add;
mod elsewhere;
mod here;
mod show;

use std::process::ExitCode;

use clap::Subcommand;
use contracts::{ErrorKind, Failure};
use serde_json::Value;
use store::sources::SourceState;
use worker::process;

use super::work;
use crate::{cli::Global, output, remote::Remote};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make a source, or change the one of this name
    Add(add::Arguments),
    /// Show every source
    List {
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: output::TableFormat,
    },
    /// Show how one stands: its pass, what it waits for, calls left, records that were refused
    Show {
        /// Its name or id
        source: String,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: output::TableFormat,
    },
    /// Run it no more, neither by itself nor on request
    Pause {
        /// Its name or id
        source: String,
    },
    /// Let it be run again
    Resume {
        /// Its name or id
        source: String,
    },
    /// Run it now: a running `stocktake up` or indexer takes it up, or the next one that starts
    Run {
        /// Its name or id
        source: String,
    },
    /// Remove it; its repositories and snapshots stay
    Remove {
        /// Its name or id
        source: String,
    },
    /// Show the kinds of sources and what each is told
    Kinds,
}

pub(crate) fn run(global: &Global, command: &Command) -> Result<ExitCode, Failure> {
    if matches!(command, Command::Kinds) {
        output::line(forges::reference().trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    match Remote::of(global)? {
        Some(remote) => process::block_on(there(&remote, command)),
        None => work::looking(global, async |store| match command {
            Command::Add(arguments) => here::add(store, arguments).await,
            Command::List { format } => show::list(&here::all(store).await?, *format),
            Command::Show { source, format } => show::one(&here::one(store, source).await?, *format),
            Command::Pause { source } => here::set_state(store, source, SourceState::Paused).await,
            Command::Resume { source } => here::set_state(store, source, SourceState::Active).await,
            Command::Run { source } => here::begin(store, source).await,
            Command::Remove { source } => here::remove(store, source).await,
            Command::Kinds => Ok(()),
        }),
    }?;
    Ok(ExitCode::SUCCESS)
}

async fn there(remote: &Remote, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Add(arguments) => elsewhere::add(remote, arguments).await,
        Command::List { format } => show::list(&elsewhere::all(remote).await?, *format),
        Command::Show { source, format } => show::one(&elsewhere::one(remote, source).await?, *format),
        Command::Pause { source } => elsewhere::set_state(remote, source, SourceState::Paused).await,
        Command::Resume { source } => elsewhere::set_state(remote, source, SourceState::Active).await,
        Command::Run { source } => elsewhere::begin(remote, source).await,
        Command::Remove { source } => elsewhere::remove(remote, source).await,
        Command::Kinds => Ok(()),
    }
}

fn missing(named: &str) -> Failure {
    Failure::new(
        ErrorKind::NotFound,
        format!("no source is called {named:?}; `stocktake source list` shows all"),
    )
}

/// A source and how it stands in one, with its stock's name: what both places show.
fn whole(mut source: Value, standing: Value, stock: &str) -> Value {
    if let (Value::Object(all), Value::Object(standing)) = (&mut source, standing) {
        all.extend(standing);
        all.insert("stock".to_owned(), stock.into());
    }
    source
}
