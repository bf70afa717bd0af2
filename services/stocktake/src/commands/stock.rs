//! `stocktake stock`: what is held, at which version, and what a stock lets in.

pub(crate) mod elsewhere;

use std::{fs, path::PathBuf, process::ExitCode};

use clap::Subcommand;
use contracts::{ErrorKind, Failure, policy::StockPolicy};
use jiff::Timestamp;
use serde_json::Value;
use store::{
    Store, StoreError, Tx,
    changes::Source,
    stocks::{self, Stock},
};
use worker::process;

use super::{
    listing::{self, Column},
    reporting::{self, ChangeFormat},
    work,
};
use crate::{cli::Global, output::TableFormat, remote::Remote};

/// How many are listed unless the person says otherwise.
const LISTED: u32 = 100;

const STOCK: &[Column] = &[
    ("Stock", "/name"),
    ("Id", "/id"),
    ("Version", "/version"),
    ("Oldest version", "/oldest_version"),
    ("Made", "/created_at"),
    ("Commit", "/policy/commit"),
    ("Removed nodes", "/policy/removed"),
    ("Failed repositories", "/policy/failed"),
    ("Versions kept", "/policy/retention/versions"),
    ("Days kept", "/policy/retention/days"),
    ("Checks", "/policy/checks"),
    ("Policy version", "/policy_version"),
];

const STOCKS: &[Column] = &[
    ("Stock", "/name"),
    ("Version", "/version"),
    ("Commit", "/policy/commit"),
    ("Made", "/created_at"),
    ("Id", "/id"),
];
const NO_STOCKS: &str = "there is no stock yet; `stocktake scan` makes one";

const VERSIONS: &[Column] = &[
    ("Version", "/version"),
    ("Committed", "/committed_at"),
    ("Repositories changed", "/entries"),
    ("Snapshot", "/snapshot"),
    ("Audit", "/audit"),
    ("Auditor", "/auditor"),
];
const NO_VERSIONS: &str = "nothing was ever committed to it";

const ENTRIES: &[Column] = &[("Repository", "/url"), ("Commit", "/commit"), ("Since version", "/since")];
const NO_ENTRIES: &str = "it holds nothing";

#[derive(Subcommand)]
#[command(after_help = "Examples:\n  \
    stocktake stock list\n  \
    stocktake stock create vendored --policy policy.json\n  \
    stocktake stock diff default --from 3 --to 7\n  \
    stocktake stock diff default --format xlsx --output changes.xlsx")]
pub(crate) enum Command {
    /// Show the stocks by name
    List {
        /// How many
        #[arg(long, default_value_t = LISTED)]
        limit: u32,
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: TableFormat,
    },
    /// Show one stock and its policy
    Show {
        /// Its name
        name: String,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: TableFormat,
    },
    /// Make a stock
    Create {
        /// Its name
        name: String,
        /// A file with its policy, JSON
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Show the policy of a stock, or give it another one
    Policy {
        /// The stock's name
        name: String,
        /// A file with the new policy, JSON; what is not said in it has its default
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show what made each version of a stock, newest first
    Versions {
        /// The stock's name
        name: String,
        /// How many
        #[arg(long, default_value_t = LISTED)]
        limit: u32,
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: TableFormat,
    },
    /// Show the repositories that a stock holds
    Entries {
        /// The stock's name
        name: String,
        /// As of this version
        #[arg(long)]
        version: Option<i64>,
        /// How many
        #[arg(long, default_value_t = LISTED)]
        limit: u32,
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: TableFormat,
    },
    /// Show what differs between two versions of a stock
    Diff {
        /// The stock's name
        name: String,
        /// The old version [default: the one before the new one]
        #[arg(long)]
        from: Option<i64>,
        /// The new version [default: the newest]
        #[arg(long)]
        to: Option<i64>,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: ChangeFormat,
        /// A file to write it to
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

pub(crate) fn run(global: &Global, command: &Command) -> Result<ExitCode, Failure> {
    if let Some(remote) = Remote::of(global)? {
        process::block_on(elsewhere::run(&remote, command))?;
        return Ok(ExitCode::SUCCESS);
    }
    work::looking(global, async |store| {
        match command {
            Command::List { limit, format } => {
                let limit = *limit;
                let rows = store.read(move |tx| stocks::list(tx, None, limit)).await?;
                let rows: Vec<Value> = rows.into_iter().map(gateway::shown::stock).collect();
                listing::list(*format, &rows, STOCKS, NO_STOCKS)
            }
            Command::Show { name, format } => {
                listing::one(*format, &gateway::shown::stock(named(store, name).await?), STOCK)
            }
            Command::Create { name, policy } => create(store, name, policy.as_ref()).await,
            Command::Policy { name, file } => policy(store, name, file.as_ref()).await,
            Command::Versions { name, limit, format } => versions(store, name, *limit, *format).await,
            Command::Entries { name, version, limit, format } => {
                entries(store, name, *version, (*limit, *format)).await
            }
            Command::Diff { name, from, to, format, output } => {
                let held = named(store, name).await?;
                let to = to.unwrap_or(held.version);
                let from = from.unwrap_or_else(|| to.saturating_sub(1).max(held.oldest_version));
                let source = Source::Versions { stock: held.id, from, to };
                reporting::changes(store, source, *format, output.as_ref()).await
            }
        }?;
        Ok(ExitCode::SUCCESS)
    })
}

async fn named(store: &Store, name: &str) -> Result<Stock, Failure> {
    let wanted = name.to_owned();
    let found = store.read(move |tx| stocks::by_name(tx, &wanted)).await?;
    found.ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Failure {
    Failure::new(
        ErrorKind::NotFound,
        format!("no stock is named {name:?}; `stocktake stock list` shows them"),
    )
}

fn taken(name: &str) -> Failure {
    let text = format!("there is a stock of the name {name:?}; `stocktake stock policy` changes it");
    Failure::new(ErrorKind::Conflict, text)
}

async fn create(store: &Store, name: &str, file: Option<&PathBuf>) -> Result<(), Failure> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(Failure::new(ErrorKind::Invalid, "a stock needs a name without control characters"));
    }
    let policy = file.map(read_policy).transpose()?.unwrap_or_default();
    let (wanted, now) = (name.to_owned(), Timestamp::now());
    let made = store
        .write(move |tx| {
            let (stock, is_new) = stocks::create(tx, &wanted, &policy, now)?;
            if is_new { Ok(stock) } else { Err(taken(&wanted)) }
        })
        .await?;
    listing::one(TableFormat::Table, &gateway::shown::stock(made), STOCK)
}

async fn policy(store: &Store, name: &str, file: Option<&PathBuf>) -> Result<(), Failure> {
    let mut stock = named(store, name).await?;
    if let Some(file) = file {
        let policy = read_policy(file)?;
        let id = stock.id;
        let write = move |tx: &mut Tx| stocks::set_policy(tx, id, &policy).map_err(Failure::from);
        stock = store.write(write).await?;
    }
    tell_policy(&gateway::shown::stock(stock))
}

fn tell_policy(stock: &Value) -> Result<(), Failure> {
    crate::output::line(format_args!("{:#}", stock["policy"]))
}

fn read_policy(file: &PathBuf) -> Result<StockPolicy, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::new(ErrorKind::Invalid, format!("the policy in {}: {error}", file.display()))
    };
    let text = fs::read_to_string(file).map_err(|error| wrong(&error))?;
    let policy: StockPolicy = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    policy.check().map_err(|error| wrong(&error))?;
    checks::prepare(&policy.checks).map_err(|error| wrong(&error))?;
    Ok(policy)
}

async fn versions(store: &Store, name: &str, limit: u32, format: TableFormat) -> Result<(), Failure> {
    let id = named(store, name).await?.id;
    let rows = store.read(move |tx| stocks::versions(tx, id, None, limit)).await?;
    let rows: Vec<Value> = rows.into_iter().map(gateway::shown::version).collect();
    listing::list(format, &rows, VERSIONS, NO_VERSIONS)
}

async fn entries(
    store: &Store,
    name: &str,
    version: Option<i64>,
    (limit, format): (u32, TableFormat),
) -> Result<(), Failure> {
    let stock = named(store, name).await?;
    let read = move |tx: &mut Tx| -> Result<_, StoreError> {
        if let Some(version) = version {
            stock.check_version(version)?;
        }
        stocks::entries_at(tx, stock.id, version, None, limit)
    };
    let rows: Vec<Value> = store.read(read).await?.into_iter().map(gateway::shown::entry).collect();
    listing::list(format, &rows, ENTRIES, NO_ENTRIES)
}
