//! `stocktake key`: who may use the API, and for what.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use comfy_table::{Table, presets};
use contracts::{ErrorKind, Failure, KeyId};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::{
    Store,
    api_keys::{self, ApiKey, NewKey, SecretKey},
};
use worker::process;

use crate::{cli::Global, output, remote::Remote, session};

/// Keys that are listed.
const LISTED: u32 = 1_000;

#[derive(Subcommand)]
#[command(after_help = "Examples:\n  \
    stocktake key create 'nightly report' --scope read --days 90\n  \
    stocktake key list\n  \
    stocktake key rotate 01a1fe5c-6049-76e3-b861-e467b43e1f50 --grace 3600\n  \
    stocktake key revoke 01a1fe5c-6049-76e3-b861-e467b43e1f50")]
pub(crate) enum Command {
    /// Make a key, and print it: it is shown here and nowhere else
    Create {
        /// A name, for people
        name: String,
        /// What it may do; may be given several times
        #[arg(long = "scope", value_enum, required = true)]
        scopes: Vec<Scope>,
        /// Requests a minute; 0 for no limit
        #[arg(long, value_name = "N")]
        rate: Option<u32>,
        /// Requests a day; 0 for no limit
        #[arg(long, value_name = "N")]
        quota: Option<u64>,
        /// After how many days it is worth nothing
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(i64).range(1..=36_500))]
        days: Option<i64>,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: output::TableFormat,
    },
    /// Show the keys, newest first, without what makes them keys
    List {
        /// How they are printed
        #[arg(long, value_enum, default_value_t)]
        format: output::TableFormat,
    },
    /// Make a key that may do what this one may, and end this one
    Rotate {
        /// Its id, as `list` shows it
        id: KeyId,
        /// For how many seconds the old one goes on
        #[arg(long, default_value_t = 0, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..=604_800))]
        grace: i64,
        /// How it is printed
        #[arg(long, value_enum, default_value_t)]
        format: output::TableFormat,
    },
    /// End a key; every gateway refuses it within half a minute
    Revoke {
        /// Its id, as `list` shows it
        id: KeyId,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Scope {
    /// Read everything but keys and usage
    Read,
    /// Hand in repositories and files
    Submit,
    /// Decide: sources, runs, commits, cancellations, replays; and all of the above
    Operate,
    /// Everything
    Admin,
}

impl From<Scope> for api_keys::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Submit => Self::Submit,
            Scope::Operate => Self::Operate,
            Scope::Admin => Self::Admin,
        }
    }
}

pub(crate) fn run(global: &Global, command: &Command) -> Result<ExitCode, Failure> {
    process::block_on(async {
        match Remote::of(global)? {
            Some(remote) => elsewhere(&remote, command).await?,
            None => {
                let loaded = session::load(global, &[])?;
                here(&process::open_store(&loaded.config)?, command).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// What a key is to be.
fn wanted(
    (name, scopes): (&str, &[Scope]),
    (rate, quota, days): (Option<u32>, Option<u64>, Option<i64>),
    now: Timestamp,
) -> Result<NewKey, Failure> {
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(Failure::new(
            ErrorKind::Invalid,
            "the name of a key has at least one character, none for control",
        ));
    }
    Ok(NewKey {
        name: name.to_owned(),
        scopes: scopes.iter().copied().map(Into::into).collect(),
        rate_per_minute: rate,
        daily_quota: quota,
        expires_at: days.map(|days| now + SignedDuration::from_hours(24 * days)),
    })
}

async fn here(store: &Store, command: &Command) -> Result<(), Failure> {
    let now = Timestamp::now();
    match command {
        Command::Create { name, scopes, rate, quota, days, format } => {
            let new = wanted((name, scopes), (*rate, *quota, *days), now)?;
            let made = store.write(move |tx| api_keys::create(tx, &new, now)).await?;
            tell_made(made_here(made), *format)
        }
        Command::List { format } => {
            let rows = store.read(|tx| api_keys::list(tx, None, LISTED)).await?;
            list(&rows.iter().map(json_of).collect::<Vec<_>>(), *format)
        }
        Command::Rotate { id, grace, format } => {
            let (id, until) = (*id, now + SignedDuration::from_secs(*grace));
            let made = store.write(move |tx| api_keys::rotate(tx, id, until, now)).await?;
            tell_made(made_here(made), *format)
        }
        Command::Revoke { id } => {
            let id = *id;
            let key = store.write(move |tx| api_keys::revoke(tx, id, now).map_err(Failure::from)).await?;
            output::line(format_args!("{} ({}) is revoked", key.prefix, key.name))
        }
    }
}

async fn elsewhere(remote: &Remote, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Create { name, scopes, rate, quota, days, format } => {
            let new = wanted((name, scopes), (*rate, *quota, *days), Timestamp::now())?;
            let body = json!({
                "name": new.name,
                "scopes": new.scopes,
                "rate_per_minute": new.rate_per_minute,
                "daily_quota": new.daily_quota,
                "expires_at": new.expires_at,
            });
            tell_made(remote.post("/keys", &body).await?, *format)
        }
        Command::List { format } => list(&remote.items("/keys", LISTED as usize).await?, *format),
        Command::Rotate { id, grace, format } => {
            let body = json!({ "grace_seconds": grace });
            tell_made(remote.post(&format!("/keys/{id}/rotate"), &body).await?, *format)
        }
        Command::Revoke { id } => {
            let key = remote.post(&format!("/keys/{id}/revoke"), &json!({})).await?;
            output::line(format_args!("{} ({}) is revoked", text(&key["prefix"]), text(&key["name"])))
        }
    }
}

/// A key as the API shows it.
fn json_of(key: &ApiKey) -> Value {
    json!({
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "scopes": key.scopes,
        "rate_per_minute": key.rate_per_minute,
        "daily_quota": key.daily_quota,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    })
}

fn made_here((key, secret): (ApiKey, SecretKey)) -> Value {
    let mut made = json_of(&key);
    made["secret"] = secret.expose().into();
    made
}

fn tell_made(made: Value, format: output::TableFormat) -> Result<(), Failure> {
    match format {
        output::TableFormat::Json => output::line(format_args!("{made:#}")),
        output::TableFormat::Table => {
            output::note(format_args!(
                "key {} ({}); it is shown here and nowhere else:",
                text(&made["id"]),
                text(&made["name"])
            ));
            output::line(text(&made["secret"]))
        }
    }
}

fn list(rows: &[Value], format: output::TableFormat) -> Result<(), Failure> {
    match format {
        output::TableFormat::Json => output::line(format_args!("{:#}", json!(rows))),
        output::TableFormat::Table if rows.is_empty() => output::line("there are no keys"),
        output::TableFormat::Table => {
            let mut table = Table::new();
            table
                .load_style(presets::NOTHING)
                .set_header(["id", "prefix", "name", "scopes", "made", "until", "state"]);
            for row in rows {
                let scopes: Vec<&str> =
                    row["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let state = if row["revoked_at"].is_null() { "" } else { "revoked" };
                table.add_row([
                    text(&row["id"]),
                    text(&row["prefix"]),
                    text(&row["name"]),
                    &scopes.join(", "),
                    day(&row["created_at"]),
                    day(&row["expires_at"]),
                    state,
                ]);
            }
            output::line(table.trim_fmt())
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The day of a time.
fn day(value: &Value) -> &str {
    text(value).split('T').next().unwrap_or_default()
}
