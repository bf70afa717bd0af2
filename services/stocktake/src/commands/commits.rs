//! `stocktake commits`: the commits of a repository that were taken in, and what they come to.

use std::process::ExitCode;

use clap::Args;
use contracts::{ErrorKind, Failure};
use serde_json::{Value, json};
use store::{Store, histories, repositories};
use worker::process;

use super::{listing, work};
use crate::{
    cli::Global,
    output::{self, TableFormat},
    remote::{Remote, encoded, text},
};

/// Commits are taken in by `scan --history`, and by sources that were added with `--history`.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    stocktake scan --history https://github.com/BurntSushi/ripgrep\n  \
    stocktake commits https://github.com/BurntSushi/ripgrep --limit 5")]
pub(crate) struct Arguments {
    /// The URL of the repository, as `scan` shows it
    repository: String,
    /// How many commits are shown, newest first
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    limit: u32,
    /// How they are printed
    #[arg(long, value_enum, default_value_t)]
    format: TableFormat,
}

const LINES: &[listing::Column] = &[
    ("commits", "/commits"),
    ("cut off", "/is_cut"),
    ("merge", "/kinds/0/commits"),
    ("feature", "/kinds/1/commits"),
    ("fix", "/kinds/2/commits"),
    ("config", "/kinds/3/commits"),
    ("unclassified", "/kinds/4/commits"),
    ("mean words", "/mean_words"),
    ("mean fog", "/mean_fog"),
    ("failed", "/failure/reason"),
];
const COLUMNS: &[listing::Column] = &[
    ("commit", "/commit"),
    ("time", "/author/at"),
    ("author", "/author/name"),
    ("kind", "/kind"),
    ("words", "/words"),
    ("fog", "/fog"),
    ("subject", "/subject"),
];

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let (url, limit) = (&arguments.repository, arguments.limit);
    if let Some(remote) = Remote::of(global)? {
        let found = process::block_on(elsewhere(&remote, url, limit))?;
        return show(arguments.format, found);
    }
    work::looking(global, async |store| show(arguments.format, here(store, url, limit).await?))
}

/// As the API shows it: what is known of the history, and its commits.
type Found = (Value, Vec<Value>);

async fn here(store: &Store, url: &str, limit: u32) -> Result<Found, Failure> {
    let asked = url.to_owned();
    let known = store
        .read(move |tx| {
            let Some(found) = repositories::by_url(tx, &asked)? else { return Ok(None) };
            let history = histories::get(tx, found.id)?;
            Ok(Some((history, histories::list(tx, found.id, None, limit)?)))
        })
        .await?;
    let (history, commits) = known.ok_or_else(|| unknown(url))?;
    let history = gateway::shown::history(history.ok_or_else(|| not_taken_in(url))?);
    Ok((history, commits.into_iter().map(gateway::shown::commit).collect()))
}

async fn elsewhere(remote: &Remote, url: &str, limit: u32) -> Result<Found, Failure> {
    let found = remote.items(&format!("/repositories?url={}", encoded(url)), 1).await?;
    let path = format!("/repositories/{}", text(found.first().ok_or_else(|| unknown(url))?, "id"));
    let history = match remote.get(&format!("{path}/history")).await {
        Err(failure) if failure.kind == ErrorKind::NotFound => return Err(not_taken_in(url)),
        told => told?,
    };
    Ok((history, remote.items(&format!("{path}/commits"), limit as usize).await?))
}

fn unknown(url: &str) -> Failure {
    Failure::new(ErrorKind::NotFound, format!("no repository is known by {url}"))
}

fn not_taken_in(url: &str) -> Failure {
    let reason =
        format!("the commits of {url} were never taken in; `stocktake scan --history {url}` does that");
    Failure::new(ErrorKind::NotFound, reason)
}

fn show(format: TableFormat, (mut history, mut commits): Found) -> Result<ExitCode, Failure> {
    round(&mut history);
    for commit in &mut commits {
        round(commit);
        let subject = text(commit, "message").lines().next().unwrap_or_default().to_owned();
        commit["subject"] = subject.into();
    }
    match format {
        TableFormat::Json => {
            output::line(format_args!("{:#}", json!({ "history": history, "commits": commits })))?;
        }
        TableFormat::Table => {
            listing::one(format, &history, LINES)?;
            listing::list(format, &commits, COLUMNS, "no commit is shown")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Two decimals, as people read it, wherever there are any.
fn round(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            let rounded = number.as_f64().map(|number| (number * 100.0).round() / 100.0);
            *value = rounded.into();
        }
        Value::Array(items) => items.iter_mut().for_each(round),
        Value::Object(fields) => fields.values_mut().for_each(round),
        _ => {}
    }
}
