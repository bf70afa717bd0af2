//! `cargo xtask bench audit`: what a snapshot would change in a stock, against DuckDB, PostgreSQL and sort.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;

use super::{Built, distributed::Database, figures::aim, machine, process};
use crate::{
    test::{
        postgres::Postgres,
        server::{find_or_start, run as run_quietly},
    },
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
    #[command(flatten)]
    built: Built,
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

pub(super) fn run(root: &Root, arguments: &Arguments) -> Result<()> {
    let words = ["--package", "auditor", "--example", "audit"];
    let program = arguments.built.program(root, &words, "examples/audit")?;
    let python = python(root)?;
    let postgres = find_or_start(&Postgres)?;
    println!("PostgreSQL {}", postgres.told());
    for percent in &arguments.percent {
        let folder = tempfile::Builder::new().prefix("stocktake-bench-").tempdir()?;
        let sqlite = format!("sqlite://{}", folder.path().join("bench.db").display());
        let database = Database::create(&postgres, &format!("audit{percent}"))?;
        let peers = Database::create(&postgres, &format!("peers{percent}"))?;
        let how =
            if arguments.spread { "spread over all repositories" } else { "together in some repositories" };
        println!(
            "\n{}000 nodes of a stock of {}000, {percent} of 100 changed, {how}",
            arguments.snapshot, arguments.stock
        );
        let mut best = Vec::new();
        for (name, url) in [("SQLite", sqlite.as_str()), ("PostgreSQL", database.url.as_str())] {
            seed(&program, url, folder.path(), arguments, *percent)?;
            let mut of = Vec::new();
            for _ in 0..arguments.rounds {
                let ran = process::run(Command::new(&program).args(["run", url]), folder.path())?;
                let ours: Ours = serde_json::from_str(ran.output.trim())
                    .with_context(|| format!("the audit said {:?}", ran.output))?;
                println!(
                    "{:28} {:8.3} s, {:6.2} s of processor time, {:4} MB, {} changes",
                    format!("auditor on {name}"),
                    ours.seconds,
                    ran.cpu,
                    ours.peak_mb,
                    ours.new + ours.modified + ours.removed
                );
                of.push(ours);
            }
            let rows = folder.path().join(format!("{name}.rows"));
            let ran = process::run(Command::new(&program).args(["rows", url]).arg(&rows), folder.path())?;
            println!(
                "{:28} {:8.3} s to write every row",
                format!("auditor on {name}"),
                ran.wall.as_secs_f64()
            );
            let least = of.iter().map(|ours| ours.seconds).fold(f64::INFINITY, f64::min);
            best.push((name, least + ran.wall.as_secs_f64(), of.iter().map(|ours| ours.peak_mb).max()));
        }
        let script = folder.path().join("peers.py");
        std::fs::write(&script, include_str!("audit.py"))?;
        let mut command = Command::new(&python);
        let ran = process::run(command.arg(&script).arg(folder.path()).arg(&peers.url), folder.path())?;
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

fn seed(program: &Path, url: &str, folder: &Path, arguments: &Arguments, percent: u32) -> Result<()> {
    let mut command = Command::new(program);
    command.args(["seed", url]).arg(folder);
    command.args([arguments.stock, arguments.snapshot].map(|thousands| format!("{thousands}000")));
    command.arg(percent.to_string()).arg(if arguments.spread { "spread" } else { "together" });
    process::run(&mut command, folder)?;
    Ok(())
}

/// Ratios of audit and rows together to a peer's best, on each database.
fn compare(ours: &[(&str, f64, Option<u64>)], theirs: &[Theirs], percent: u32) {
    let best = |name: &str| {
        theirs.iter().filter(|peer| peer.name == name).map(|peer| peer.seconds).fold(f64::INFINITY, f64::min)
    };
    for (name, seconds, peak) in ours {
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
        let peak = peak.unwrap_or_default() as f64;
        println!("{}", aim(&format!("{name}: memory"), peak, 200.0, false, "MB"));
    }
}

fn python(root: &Root) -> Result<PathBuf> {
    let folder = root.0.join("target/bench-venv");
    let python = folder.join("bin/python");
    if !python.is_file() {
        run_quietly(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    if !Command::new(&python).args(["-c", "import duckdb"]).status().is_ok_and(|status| status.success()) {
        println!("installing DuckDB in {}", folder.display());
        run_quietly(Command::new(&python).args(["-m", "pip", "install", "--quiet", "duckdb"]))?;
    }
    Ok(python)
}
