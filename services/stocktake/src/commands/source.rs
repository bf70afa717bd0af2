//! `stocktake source`: where repositories are found, looked after by a person at a terminal.

mod add;
mod show;

use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::{Table, presets};
use contracts::{Envelope, ErrorKind, Failure, Lane, SourceId};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{
    Store, Tx, outbox,
    sources::{self, Source, SourceState},
    stocks,
};
use worker::process;

use crate::{cli::Global, output, session};

/// Sources of one look into the store.
const PAGE: u32 = 500;

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
    let loaded = session::load(global, &[("log.level", "warn".to_owned())])?;
    process::block_on(async {
        let store = process::open_store(&loaded.config)?;
        if session::is_embedded(&loaded.config) {
            // Whoever adds a source before anything else has run has no database yet.
            store.migrate().await?;
        }
        match command {
            Command::Add(arguments) => add::run(&store, arguments).await?,
            Command::List { format } => list(&store, *format).await?,
            Command::Show { source, format } => show::run(&store, source, *format).await?,
            Command::Pause { source } => set_state(&store, source, SourceState::Paused).await?,
            Command::Resume { source } => set_state(&store, source, SourceState::Active).await?,
            Command::Run { source } => begin(&store, source).await?,
            Command::Remove { source } => remove(&store, source).await?,
            Command::Kinds => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The source of this name, or with this id.
fn find(tx: &mut Tx, named: &str) -> Result<Source, Failure> {
    let found = match sources::by_name(tx, named)? {
        Some(source) => Some(source),
        None => match named.parse::<SourceId>() {
            Ok(id) => sources::get(tx, id)?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| {
        Failure::new(
            ErrorKind::NotFound,
            format!("no source is called {named:?}; `stocktake source list` shows all"),
        )
    })
}

async fn list(store: &Store, format: output::TableFormat) -> Result<(), Failure> {
    let mut rows = Vec::new();
    loop {
        let after = rows.last().map(|(source, ..): &(Source, _, _)| source.name.clone());
        let page = store
            .read(move |tx| {
                let page = sources::list(tx, after.as_deref(), PAGE)?;
                page.into_iter()
                    .map(|source| {
                        let status = sources::status(tx, source.id)?;
                        let stock =
                            stocks::get(tx, source.stock)?.map(|stock| stock.name).unwrap_or_default();
                        Ok((source, status, stock))
                    })
                    .collect::<Result<Vec<_>, store::StoreError>>()
            })
            .await?;
        let ended = page.len() < PAGE as usize;
        rows.extend(page);
        if ended {
            break;
        }
    }
    if format == output::TableFormat::Json {
        let all: Vec<Value> =
            rows.iter().map(|(source, status, stock)| show::summary(source, status, stock)).collect();
        return output::line(format_args!("{:#}", json!(all)));
    }
    if rows.is_empty() {
        return output::line("there is no source; `stocktake source add` makes one");
    }
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_header(["name", "kind", "stock", "state", "visits", "next run", "found"]);
    for (source, status, stock) in &rows {
        let next = match &status.waiting {
            Some(waiting) => format!("sleeps until {}", show::time(waiting.until)),
            None => status.next_run_at.map_or_else(|| "-".to_owned(), show::time),
        };
        let found = status.pass.or(status.last).map_or_else(|| "-".to_owned(), |pass| pass.found.to_string());
        let visits = status.settings.visits.to_string();
        table.add_row([&source.name, &source.kind, stock, &source.state.to_string(), &visits, &next, &found]);
    }
    output::line(table.trim_fmt())
}

async fn set_state(store: &Store, named: &str, state: SourceState) -> Result<(), Failure> {
    let (named, now) = (named.to_owned(), Timestamp::now());
    let source = store
        .write(move |tx| {
            let source = find(tx, &named)?;
            sources::set_state(tx, source.id, state, now)?;
            Ok::<_, Failure>(source)
        })
        .await?;
    output::line(format_args!("{} is {state}", source.name))
}

/// The message goes into the outbox, due at once: whichever process runs next publishes it.
async fn begin(store: &Store, named: &str) -> Result<(), Failure> {
    let (named, now) = (named.to_owned(), Timestamp::now());
    let (source, begun) = store
        .write(move |tx| {
            let source = find(tx, &named)?;
            let begun = sources::begin_run(tx, source.id, true, Lane::Normal, now)?;
            let envelope = Envelope::seal(&begun.wake, "stocktake/stocktake", None);
            outbox::push(tx, &[envelope], None, now)?;
            Ok::<_, Failure>((source, begun))
        })
        .await?;
    match begun.snapshot {
        Some(snapshot) => {
            output::line(format_args!("a run of {} has begun: snapshot {}", source.name, snapshot.id))
        }
        None => output::line(format_args!("a run of {} has begun: task {}", source.name, begun.task)),
    }
}

async fn remove(store: &Store, named: &str) -> Result<(), Failure> {
    let named = named.to_owned();
    let name = store
        .write(move |tx| {
            let source = find(tx, &named)?;
            sources::remove(tx, source.id)?;
            Ok::<_, Failure>(source.name)
        })
        .await?;
    output::line(format_args!("{name} is removed; what it found stays"))
}
