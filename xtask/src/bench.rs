//! `cargo xtask bench`: how fast it is. docs/BENCHMARKS.md says how it is measured and what came out.

mod analysis;
mod api;
mod assets;
mod audit;
mod distributed;
mod embedded;
pub(crate) mod fetch;
mod figures;
mod http;
mod indexing;
mod insertions;
mod machine;
mod messages;
mod pipeline;
mod process;
mod python;
mod reports;

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use crate::workspace::{Complaint, Root};

/// What is measured.
#[derive(Subcommand)]
pub(crate) enum Bench {
    /// The analyzers alone, beside lizard, rust-code-analysis, tokei, radon and cat, and as files grow
    Analysis(analysis::Arguments),
    /// A scan of real trees, embedded and over PostgreSQL and RabbitMQ
    Pipeline(pipeline::Arguments),
    /// Visits of a repository, beside git: the first, unchanged, one commit later, a fork
    Fetch(fetch::Arguments),
    /// Records of a list into PostgreSQL, by one indexer
    Indexing(indexing::Arguments),
    /// Handlers that insert one row, against a Celery worker that does the same
    Messages(messages::Arguments),
    /// An audit of a large snapshot, against DuckDB, PostgreSQL's join, and sort with comm
    Audit(audit::Arguments),
    /// Reports of very many changes, against openpyxl
    Reports(reports::Arguments),
    /// A list page, one thing and a new thing over HTTP, against Django REST framework
    Api(api::Arguments),
    /// Assets from their submission to their last webhook, against Django, Celery and Pillow
    Assets(assets::Arguments),
}

pub(crate) fn run(root: &Root, bench: &Bench) -> Result<Vec<Complaint>> {
    println!("{}", machine::describe());
    match bench {
        Bench::Analysis(arguments) => analysis::run(root, arguments)?,
        Bench::Pipeline(arguments) => pipeline::run(root, arguments)?,
        Bench::Fetch(arguments) => fetch::run(root, arguments)?,
        Bench::Indexing(arguments) => indexing::run(root, arguments)?,
        Bench::Messages(arguments) => messages::run(root, arguments)?,
        Bench::Audit(arguments) => audit::run(root, arguments)?,
        Bench::Reports(arguments) => reports::run(root, arguments)?,
        Bench::Api(arguments) => api::run(root, arguments)?,
        Bench::Assets(arguments) => assets::run(root, arguments)?,
    }
    Ok(Vec::new())
}

/// What is measured: built now, or found.
#[derive(Args)]
struct Built {
    /// Measure the programs in this folder, for instance another tree's target/release, instead of building
    #[arg(long, value_name = "DIR")]
    built: Option<PathBuf>,
}

impl Built {
    /// Builds `program` with these words of cargo's, or finds it; says where it is.
    fn program(&self, root: &Root, words: &[&str], program: &str) -> Result<PathBuf> {
        self.below("", root, words, program)
    }

    /// The same for an example, which has a folder of its own.
    fn example(&self, root: &Root, words: &[&str], program: &str) -> Result<PathBuf> {
        self.below("examples", root, words, program)
    }

    fn below(&self, below: &str, root: &Root, words: &[&str], program: &str) -> Result<PathBuf> {
        let folder = match &self.built {
            Some(folder) => std::path::absolute(folder)?,
            None => build(root, words, program)?,
        };
        let path = folder.join(below).join(program);
        if !path.is_file() {
            bail!("{} is no program", path.display());
        }
        Ok(path)
    }

    fn stocktake(&self, root: &Root) -> Result<PathBuf> {
        self.program(root, &["--package", "stocktake"], "stocktake")
    }
}

/// Builds something optimised, and says in which folder it is.
fn build(root: &Root, words: &[&str], program: &str) -> Result<PathBuf> {
    println!("building {program}");
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release"])
        .args(words)
        .current_dir(&root.0)
        .status()
        .context("cargo cannot be run")?;
    if !status.success() {
        bail!("{program} does not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.0.join("target"), PathBuf::from);
    Ok(target.join("release"))
}
