//! `stocktake commits`: the commits of a repository that were taken in, and what they come to.

use std::process::ExitCode;

use clap::Args;
use contracts::{ErrorKind, Failure};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{
    Tx,
    histories::{self, Commit, CommitKind, History, Signature},
    repositories,
};
use worker::process;

use super::listing;
use crate::{
    cli::Global,
    output::{self, TableFormat},
    session,
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

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let loaded = session::load(global, &[("log.level", "warn".to_owned())])?;
    let (url, limit) = (arguments.repository.clone(), arguments.limit);
    let (history, commits) = process::block_on(async {
        let store = process::open_store(&loaded.config)?;
        store.write(move |tx| look(tx, &url, limit)).await
    })?;
    if arguments.format == TableFormat::Json {
        let commits: Vec<Value> = commits.iter().map(commit).collect();
        let shown = json!({ "history": summary(&history), "commits": commits });
        output::line(format_args!("{shown:#}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    listing::one(arguments.format, &summary(&history), LINES)?;
    let rows: Vec<Value> = commits.iter().map(commit).collect();
    listing::list(arguments.format, &rows, COLUMNS, "no commit is shown")?;
    Ok(ExitCode::SUCCESS)
}

const LINES: &[listing::Column] = &[
    ("commits", "/commits"),
    ("cut off", "/is_cut"),
    ("merge", "/kinds/merge"),
    ("feature", "/kinds/feature"),
    ("fix", "/kinds/fix"),
    ("config", "/kinds/config"),
    ("unclassified", "/kinds/unclassified"),
    ("mean words", "/mean_words"),
    ("mean fog", "/mean_fog"),
    ("failed", "/failure"),
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

fn look(tx: &mut Tx, url: &str, limit: u32) -> Result<(History, Vec<Commit>), Failure> {
    let missing = |what: String| Failure::new(ErrorKind::NotFound, what);
    let found =
        repositories::by_url(tx, url)?.ok_or_else(|| missing(format!("no repository is known by {url}")))?;
    let history = histories::get(tx, found.id)?.ok_or_else(|| {
        missing(format!(
            "the commits of {url} were never taken in; `stocktake scan --history {url}` does that"
        ))
    })?;
    Ok((history, histories::list(tx, found.id, None, limit)?))
}

/// With two decimals, as people read it.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn summary(history: &History) -> Value {
    let kinds: serde_json::Map<String, Value> =
        CommitKind::ALL.iter().map(|kind| (kind.to_string(), json!(history.sums.of_kind(*kind)))).collect();
    json!({
        "tip": history.tip.map(|tip| tip.to_string()),
        "commits": history.commits,
        "is_cut": history.is_cut,
        "kinds": kinds,
        "classifiable": rounded(history.classifiable()),
        "mean_chars": rounded(history.mean_chars()),
        "mean_words": rounded(history.mean_words()),
        "mean_fog": rounded(history.mean_fog()),
        "failure": history.failure.as_ref().map(|failure| failure.reason.clone()),
        "updated_at": history.updated_at.to_string(),
    })
}

fn commit(commit: &Commit) -> Value {
    let signature = |of: &Signature| {
        let at = of.at.and_then(|seconds| Timestamp::from_second(seconds).ok());
        json!({
            "name": of.name,
            "email": of.email,
            "at": at.map(|at| at.to_string()),
            "seconds": of.at,
            "offset": of.offset,
        })
    };
    json!({
        "commit": commit.oid.to_string(),
        "parents": commit.parents.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "parent_count": commit.parent_count,
        "author": signature(&commit.author),
        "committer": signature(&commit.committer),
        "subject": commit.message.lines().next().unwrap_or_default(),
        "message": commit.message,
        "message_bytes": commit.message_bytes,
        "kind": commit.kind,
        "chars": commit.chars,
        "words": commit.words,
        "mean_word_length": rounded(commit.mean_word_length),
        "fog": rounded(commit.fog),
    })
}
