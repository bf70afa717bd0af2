//! `stocktake admin set-aside`: what could not be handled, looked at, replayed and dropped.

use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::{Table, presets};
use contracts::{Failure, SetAsideId};
use jiff::Timestamp;
use serde_json::json;
use store::{
    Store, outbox,
    set_aside::{self, SetAside, SetAsideFilter},
};
use worker::process;

use crate::{cli::Global, output, remote::Remote, session};

/// How many are listed unless the person says otherwise.
const LISTED: i64 = 100;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Show them, newest first
    List {
        /// Only those of this service
        #[arg(long)]
        service: Option<String>,
        /// How many
        #[arg(long, default_value_t = LISTED)]
        limit: i64,
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: output::TableFormat,
    },
    /// Put one back on its way, as if it had just been published
    Replay {
        /// Its id, as `list` shows it
        id: SetAsideId,
    },
    /// Throw one away
    Drop {
        /// Its id, as `list` shows it
        id: SetAsideId,
    },
}

pub(crate) fn run(global: &Global, command: &Command) -> Result<ExitCode, Failure> {
    process::block_on(async {
        if let Some(remote) = Remote::of(global)? {
            elsewhere(&remote, command).await?;
            return Ok(ExitCode::SUCCESS);
        }
        let loaded = session::load(global, &[])?;
        let store = process::open_store(&loaded.config)?;
        match command {
            Command::List { service, limit, format } => {
                list(&store, service.clone(), *limit, *format).await?
            }
            Command::Replay { id } => replay(&store, *id).await?,
            Command::Drop { id } => drop_one(&store, *id).await?,
        }
        Ok(ExitCode::SUCCESS)
    })
}

async fn elsewhere(remote: &Remote, command: &Command) -> Result<(), Failure> {
    match command {
        Command::List { service, limit, format } => {
            let filter = service.as_ref().map(|service| format!("?service={service}")).unwrap_or_default();
            let most = usize::try_from(*limit).unwrap_or_default();
            let rows = remote.items(&format!("/set-aside{filter}"), most).await?;
            let rows: Vec<serde_json::Value> = rows.into_iter().map(as_here).collect();
            tell(&rows, *format)
        }
        Command::Replay { id } => {
            remote.post(&format!("/set-aside/{id}/replay"), &json!({})).await?;
            output::line(format_args!("{id} is on its way again"))
        }
        Command::Drop { id } => {
            remote.delete(&format!("/set-aside/{id}")).await?;
            output::line(format_args!("{id} is dropped"))
        }
    }
}

/// The API tells a failure as one thing, this command as two.
fn as_here(mut row: serde_json::Value) -> serde_json::Value {
    let error = row["error"].take();
    row["error"] = error["kind"].clone();
    row["reason"] = error["reason"].clone();
    row
}

async fn list(
    store: &Store,
    service: Option<String>,
    limit: i64,
    format: output::TableFormat,
) -> Result<(), Failure> {
    let rows = store
        .read(move |tx| {
            let filter = SetAsideFilter { service, ..SetAsideFilter::default() };
            set_aside::list(tx, &filter, None, limit)
        })
        .await?;
    tell(&rows.iter().map(json_of).collect::<Vec<_>>(), format)
}

fn tell(rows: &[serde_json::Value], format: output::TableFormat) -> Result<(), Failure> {
    match format {
        output::TableFormat::Json => output::line(format_args!("{:#}", json!(rows))),
        output::TableFormat::Table if rows.is_empty() => output::line("nothing is set aside"),
        output::TableFormat::Table => {
            let mut table = Table::new();
            table
                .load_style(presets::NOTHING)
                .set_header(["id", "service", "message", "tries", "last", "reason"]);
            for row in rows {
                let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
                let last: Option<Timestamp> = text("last_at").parse().ok();
                let last = last.map(|last| last.strftime("%Y-%m-%d %H:%M:%S").to_string());
                table.add_row([
                    text("id"),
                    text("service"),
                    text("routing_key"),
                    row["tries"].to_string(),
                    last.unwrap_or_default(),
                    text("reason"),
                ]);
            }
            output::line(table.trim_fmt())
        }
    }
}

fn json_of(row: &SetAside) -> serde_json::Value {
    json!({
        "id": row.id,
        "service": row.service,
        "queue": row.queue,
        "message_id": row.message_id,
        "routing_key": row.routing_key,
        "body": String::from_utf8_lossy(&row.body),
        "error": row.failure.kind,
        "reason": row.failure.reason,
        "tries": row.tries,
        "first_at": row.first_at.to_string(),
        "last_at": row.last_at.to_string(),
    })
}

/// The message goes into the outbox, due at once: whichever process runs next publishes it.
async fn replay(store: &Store, id: SetAsideId) -> Result<(), Failure> {
    let now = Timestamp::now();
    store
        .write(move |tx| {
            let envelope = set_aside::replay(tx, id, now)?;
            outbox::push(tx, &[envelope], None, now)?;
            Ok::<_, Failure>(())
        })
        .await?;
    output::line(format_args!("{id} is on its way again"))
}

async fn drop_one(store: &Store, id: SetAsideId) -> Result<(), Failure> {
    store.write(move |tx| set_aside::drop_one(tx, id).map_err(Failure::from)).await?;
    output::line(format_args!("{id} is dropped"))
}
