//! `cargo xtask bench indexing`: how many discovered records a second one indexer brings into PostgreSQL.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;

use super::{
    Built,
    distributed::{Database, Servers, sql},
    figures::megabytes,
    insertions,
    process::{self, Running},
};
use crate::{test::server, workspace::Root};

/// How much is indexed.
#[derive(Args)]
pub(crate) struct Arguments {
    /// How many records
    #[arg(long, default_value_t = 200_000)]
    records: u32,
    #[command(flatten)]
    built: Built,
}

pub(super) fn run(root: &Root, arguments: &Arguments) -> Result<()> {
    let program = arguments.built.stocktake(root)?;
    let servers = Servers::find_or_start()?;
    let folder = tempfile::Builder::new().prefix("stocktake-bench-").tempdir()?;
    let list = folder.path().join("list.jsonl");
    write_list(&list, arguments.records)?;
    let database = Database::create(&servers.postgres, "indexing")?;
    let command = || {
        let mut command = Command::new(&program);
        command
            .current_dir(folder.path())
            .env("STOCKTAKE__STORE__URL", &database.url)
            .env("STOCKTAKE__BUS__URL", servers.broker.url())
            .env("STOCKTAKE__BUS__PREFIX", format!("{}-indexing-", server::run_name()))
            .env("STOCKTAKE__DATA__DIR", folder.path().join("data"));
        command
    };
    process::run(command().args(["admin", "migrate"]), folder.path())?;
    let path = format!("path={}", list.display());
    process::run(command().args(["source", "add", "bench", "--kind", "generic", &path]), folder.path())?;
    for pass in ["new", "as before"] {
        // The message waits in the outbox for the indexer, so that its start is not measured with it.
        process::run(command().args(["source", "run", "bench"]), folder.path())?;
        let mut indexer = Running::start("indexer", command().args(["serve", "indexer"]), folder.path())?;
        if pass == "new" {
            let rate = insertions::watch(&database.url, "forge_facts", arguments.records)?;
            println!(
                "{pass:<10} {:>9.0} records/s ({:.0} records in {:.2} s)",
                rate.per_second(),
                rate.rows,
                rate.seconds
            );
        }
        process::wait_for("the pass", Duration::from_secs(600), Duration::from_millis(50), || {
            indexer.still_runs()?;
            let open = sql(
                &database.url,
                "select count(*) from source_states where pass_began_at is null and last_ended_at is not null",
            )?;
            Ok((open == "1").then_some(()))
        })?;
        let took = sql(
            &database.url,
            "select extract(epoch from last_ended_at - last_began_at) from source_states",
        )?;
        let seconds: f64 = took.parse().with_context(|| format!("psql said {took:?}"))?;
        println!(
            "{pass:<10} {:>9.0} records/s over the whole pass of {seconds:.2} s; {:.2} s of processor time, {} MB at the most",
            f64::from(arguments.records) / seconds,
            indexer.cpu(),
            megabytes(indexer.peak())
        );
        drop(indexer);
        // The second pass is told from the first by its end.
        sql(&database.url, "update source_states set last_ended_at = null")?;
    }
    Ok(())
}

fn write_list(path: &Path, records: u32) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    for number in 0..records {
        writeln!(
            out,
            r#"{{"url": "https://forge.example/group-{}/project-{number}.git", "id": {number}, "forge": "forge.example", "description": "What project {number} is about, in a sentence of ordinary length", "default_branch": "main", "stars": {}, "forks": {}, "language": "Rust", "topics": ["one", "two"], "pushed_at": "2026-01-01T00:00:00Z"}}"#,
            number / 100,
            number % 1_000,
            number % 100
        )?;
    }
    out.flush().context("the list cannot be written")
}
