//! `cargo xtask bench audit`: what a snapshot would change in a stock, against DuckDB, PostgreSQL and sort.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;

use super::{Built, distributed::Database, figures::aim, machine, process, python};
use crate::{
    test::{postgres::Postgres, server::find_or_start},
    workspace::Root,
};

/// How large the stock and the snapshot are, and how much of it has changed.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Nodes of the stock, in thousands
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..))]
    stock: u32,
    /// Nodes of the snapshot, in thousands
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    snapshot: u32,
    /// Of a hundred nodes of the snapshot, how many have changed; may be given more than once
    #[arg(long, default_values_t = [1, 20, 100])]
    percent: Vec<u32>,
    /// Changes are spread over every repository, instead of lying together in some
    #[arg(long)]
    spread: bool,
    /// How often each audit is made
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// On which of our databases; may be given more than once
    #[arg(long, value_enum, default_values_t = [On::Sqlite, On::Postgres])]
    on: Vec<On>,
    /// A Python with DuckDB; without it one is made in target/bench-venv
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    #[command(flatten)]
    built: Built,
}

/// Which database has the stock.
#[derive(Clone, Copy, clap::ValueEnum)]
enum On {
    Sqlite,
    Postgres,
}

/// What the example says of one report.
#[derive(Deserialize)]
struct Written {
    seconds: f64,
    peak_mb: u64,
}

/// What the example says of one audit.
#[derive(Clone, Deserialize)]
struct Ours {
    seconds: f64,
    peak_mb: u64,
    new: u64,
    modified: u64,
    removed: u64,
}

/// What a peer took.
#[derive(Deserialize)]
struct Theirs {
    name: String,
    seconds: f64,
    rows: u64,
}

/// One of our databases, and its share of the figures.
struct Ground<'a> {
    name: &'static str,
    url: String,
    program: &'a Path,
    folder: &'a Path,
}

/// What one audit and its rows took at best, and the most memory, in megabytes.
struct Best {
    name: &'static str,
    seconds: f64,
    peak: u64,
}

pub(super) fn run(root: &Root, arguments: &Arguments) -> Result<()> {
    let words = ["--package", "auditor", "--example", "audit"];
    let program = arguments.built.example(root, &words, "audit")?;
    let python = match &arguments.python {
        Some(python) => python.clone(),
        None => python::with(root, "bench-venv", "duckdb", &["duckdb"])?,
    };
    let postgres = find_or_start(&Postgres)?;
    println!("PostgreSQL {}", postgres.told());
    let folder = tempfile::Builder::new().prefix("stocktake-bench-").tempdir()?;
    let folder = folder.path();
    let peers = Database::create(&postgres, "peers")?;
    let database = Database::create(&postgres, "audit")?;
    let sqlite = format!("sqlite://{}", folder.join("bench.db").display());
    let grounds: Vec<Ground<'_>> = arguments
        .on
        .iter()
        .map(|on| match on {
            On::Sqlite => ("SQLite", sqlite.clone()),
            On::Postgres => ("PostgreSQL", database.url.clone()),
        })
        .map(|(name, url)| Ground { name, url, program: &program, folder })
        .collect();
    for ground in &grounds {
        let nodes = format!("{}000", arguments.stock);
        let ran = ground.call(&["stock"], &[&folder.display().to_string(), &nodes])?;
        println!("{nodes} nodes stocked in {} in {:.1} s", ground.name, ran.wall.as_secs_f64());
    }
    let script = folder.join("peers.py");
    std::fs::write(&script, include_str!("audit.py"))?;
    for percent in &arguments.percent {
        let how = if arguments.spread { "spread" } else { "together" };
        println!(
            "\n{}000 nodes of a stock of {}000, {percent} of 100 changed, {how}",
            arguments.snapshot, arguments.stock
        );
        let mut best = Vec::new();
        for ground in &grounds {
            let (nodes, percent) = (format!("{}000", arguments.snapshot), percent.to_string());
            ground.call(&["snapshot"], &[&folder.display().to_string(), &nodes, &percent, how])?;
            best.push(ground.measure(arguments.rounds)?);
        }
        let mut command = Command::new(&python);
        let ran = process::run(command.arg(&script).arg(folder).arg(&peers.url), folder)?;
        let theirs: Vec<Theirs> = ran
            .output
            .lines()
            .map(serde_json::from_str)
            .collect::<Result<_, _>>()
            .context("a peer's answer")?;
        for peer in &theirs {
            println!("{:28} {:8.3} s, {} rows", peer.name, peer.seconds, peer.rows);
        }
        compare(&best, &theirs, *percent);
        println!("load {}", machine::load());
    }
    Ok(())
}

impl Ground<'_> {
    /// Calls the example with its words before and behind the database's URL.
    fn call(&self, before: &[&str], behind: &[&str]) -> Result<process::Run> {
        let mut command = Command::new(self.program);
        process::run(command.args(before).arg(&self.url).args(behind), self.folder)
    }

    /// Audits the newest snapshot so many times, and writes its rows and reports.
    fn measure(&self, rounds: u8) -> Result<Best> {
        let name = format!("auditor on {}", self.name);
        let mut best = Best { name: self.name, seconds: f64::INFINITY, peak: 0 };
        for _ in 0..rounds {
            let ran = self.call(&["run"], &[])?;
            let ours: Ours = serde_json::from_str(ran.output.trim())
                .with_context(|| format!("the audit said {:?}", ran.output))?;
            println!(
                "{name:28} {:8.3} s, {:6.2} s of processor time, {:4} MB, {} changes",
                ours.seconds,
                ran.cpu,
                ours.peak_mb,
                ours.new + ours.modified + ours.removed
            );
            best.seconds = best.seconds.min(ours.seconds);
            best.peak = best.peak.max(ours.peak_mb);
        }
        let file = self.folder.join("ours.out");
        let ran = self.call(&["rows"], &[&file.display().to_string()])?;
        println!("{name:28} {:8.3} s to write every row", ran.wall.as_secs_f64());
        best.seconds += ran.wall.as_secs_f64();
        for format in ["csv", "xlsx"] {
            let ran = self.call(&["report"], &[format, &file.display().to_string()])?;
            let written: Written = serde_json::from_str(ran.output.trim())
                .with_context(|| format!("the report said {:?}", ran.output))?;
            let size = std::fs::metadata(&file)?.len() / 1_000_000;
            println!(
                "{name:28} {:8.3} s, {:6.2} s of processor time, {:4} MB for a report as {format} of {size} MB",
                written.seconds, ran.cpu, written.peak_mb
            );
        }
        std::fs::remove_file(&file)?;
        Ok(best)
    }
}

/// Ratios of audit and rows together to a peer's best, on each database.
fn compare(ours: &[Best], theirs: &[Theirs], percent: u32) {
    let best = |name: &str| {
        theirs.iter().filter(|peer| peer.name == name).map(|peer| peer.seconds).fold(f64::INFINITY, f64::min)
    };
    for Best { name, seconds, peak } in ours {
        let duckdb = (format!("{name}: of DuckDB's time"), seconds / best("DuckDB"), 0.1, percent <= 1);
        let join = (
            format!("{name}: of FULL JOIN's time"),
            seconds / best("PostgreSQL FULL JOIN"),
            1.0,
            percent >= 100,
        );
        for (what, got, wanted, is_aim) in [duckdb, join] {
            if is_aim {
                println!("{}", aim(&what, got, wanted, false, "times"));
            } else {
                println!("         {what}: {got:.2} times");
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "figures for people")]
        let peak = *peak as f64;
        println!("{}", aim(&format!("{name}: memory"), peak, 200.0, false, "MB"));
    }
}
