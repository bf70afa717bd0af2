//! `stocktake snapshot`: what runs produced, and its way into a stock.

mod create;
pub(crate) mod elsewhere;
mod look;
mod steps;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use contracts::{ErrorKind, Failure, SnapshotId};
use store::{
    Store,
    snapshots::{self, SnapshotFilter},
    stocks,
};
use worker::process;

use super::reporting::ChangeFormat;
use crate::{cli::Global, output::TableFormat, remote::Remote};

#[derive(Subcommand)]
#[command(after_help = "SNAPSHOT is an id, or `latest`.\n\n\
Exit codes: 0 done, 1 refused, failed, or findings forbid the commit, 2 wrong use, 130 interrupted.\n\n\
Examples:\n  \
    stocktake snapshot create nodes.csv --stock default --repository https://example.org/data\n  \
    stocktake snapshot list --stock default --state audited\n  \
    stocktake snapshot audit latest\n  \
    stocktake snapshot diff latest --format html --output changes.html\n  \
    stocktake snapshot commit latest --without-failed")]
pub(crate) enum Command {
    /// Make a snapshot of the nodes that a manifest lists; their contents must be held already
    Create(create::Create),
    /// Show snapshots, newest first
    List(look::List),
    /// Show one snapshot: how far it is, what its audit found, and what it lacks for its commit
    Show {
        /// Which one: its id, or `latest`
        snapshot: Which,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: TableFormat,
    },
    /// Show what a snapshot would change in its stock, or what differs from another one
    Diff {
        /// Which one: its id, or `latest`
        snapshot: Which,
        /// The id of the snapshot that is taken for the old one, instead of the stock as the newest audit saw it
        #[arg(long, value_name = "SNAPSHOT")]
        from: Option<SnapshotId>,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: ChangeFormat,
        /// A file to write it to
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Compare a snapshot with its stock, for the first time or again
    Audit(Step),
    /// Let an audited snapshot enter its stock
    Commit {
        #[command(flatten)]
        step: Step,
        /// Leave repositories that failed out, where the stock's policy wants to be told so
        #[arg(long)]
        without_failed: bool,
    },
    /// Visit those repositories of a snapshot again that failed
    Retry(Step),
    /// End a snapshot without it entering its stock
    Abort {
        /// Which one: its id, or `latest`
        snapshot: Which,
    },
}

/// Something that is done to a snapshot and takes a while.
#[derive(Args)]
pub(crate) struct Step {
    /// Which one: its id, or `latest`
    snapshot: Which,
    /// How what came of it is printed
    #[arg(long, value_enum, default_value_t)]
    format: TableFormat,
    /// No progress on standard error
    #[arg(long, short)]
    quiet: bool,
}

/// A snapshot as a person names it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Latest,
    Id(SnapshotId),
}

impl std::str::FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        text.parse().map(Self::Id).map_err(|error| format!("no id of a snapshot, and not `latest`: {error}"))
    }
}

impl Which {
    /// The snapshot's id, when it is there.
    pub(crate) async fn find(self, store: &Store) -> Result<SnapshotId, Failure> {
        let found = store
            .read(move |tx| match self {
                Self::Id(id) => Ok(snapshots::get(tx, id)?.map(|snapshot| snapshot.id)),
                Self::Latest => {
                    let newest = snapshots::list(tx, &SnapshotFilter::default(), None, 1)?;
                    Ok(newest.first().map(|snapshot| snapshot.id))
                }
            })
            .await?;
        found.ok_or_else(|| self.missing())
    }

    fn missing(self) -> Failure {
        let text = match self {
            Self::Id(id) => format!("there is no snapshot {id}; `stocktake snapshot list` shows them"),
            Self::Latest => "there is no snapshot yet; `stocktake scan` makes one".to_owned(),
        };
        Failure::new(ErrorKind::NotFound, text)
    }
}

/// The stock of this name.
async fn stock_named(store: &Store, name: &str) -> Result<contracts::StockId, Failure> {
    let wanted = name.to_owned();
    let found = store.read(move |tx| stocks::by_name(tx, &wanted)).await?;
    let stock =
        found.ok_or_else(|| Failure::new(ErrorKind::NotFound, format!("no stock is named {name:?}")))?;
    Ok(stock.id)
}

pub(crate) fn run(global: &Global, command: &Command) -> Result<ExitCode, Failure> {
    if let Some(remote) = Remote::of(global)? {
        return process::block_on(elsewhere::run(&remote, command));
    }
    match command {
        Command::Create(arguments) => create::create(global, arguments),
        Command::List(arguments) => look::list(global, arguments),
        Command::Show { snapshot, format } => look::show(global, *snapshot, *format),
        Command::Diff { snapshot, from, format, output } => {
            look::diff(global, *snapshot, *from, (*format, output.as_ref()))
        }
        Command::Audit(step) => steps::audit(global, step),
        Command::Commit { step, without_failed } => steps::commit(global, step, *without_failed),
        Command::Retry(step) => steps::retry(global, step),
        Command::Abort { snapshot } => steps::abort(global, *snapshot),
    }
}
