//! `cargo xtask test`: everything that has to hold, on the embedded stack and on real servers.
//!
//! One profile and one target folder: clippy checks, then every test binary is built once and run.

pub(crate) mod postgres;
pub(crate) mod rabbitmq;
pub(crate) mod s3;
pub(crate) mod server;

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::{
    generate, layers, tidy,
    workspace::{Complaint, Root},
};
use server::{Server, find_or_start};

/// What of it is run.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Only tests whose names contain this; formatting, lints and the checks of the tree are left out
    filter: Option<String>,
    /// Only the embedded stack: look for no servers and start none
    #[arg(long)]
    embedded: bool,
}

/// One step and what it came to.
struct Step {
    name: &'static str,
    took: Duration,
    outcome: Result<()>,
}

pub(crate) fn run(root: &Root, arguments: &Arguments) -> Result<Vec<Complaint>> {
    // The workplace of a build server says so; there everything has to run.
    let everything = std::env::var_os("CI").is_some();
    let mut steps = Vec::new();
    if arguments.filter.is_none() {
        steps.push(step("formatting", || cargo(root, &["fmt", "--all", "--check"], &[])));
        steps.push(step("layers", || complaints(layers::run(root)?)));
        steps.push(step("tidy", || complaints(tidy::run(root)?)));
        steps.push(step("generated files", || {
            complaints(generate::run(root, &generate::Arguments::checking())?)
        }));
        steps.push(step("clippy", || {
            cargo(root, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[])
        }));
    }
    let servers = if arguments.embedded { Vec::new() } else { servers(root) };
    let mut variables: Vec<(&str, String)> = Vec::new();
    let mut missing = Vec::new();
    for (name, server) in &servers {
        match server {
            Ok(server) => {
                println!("{name}: {}", server.told());
                variables.extend(server.variables());
            }
            Err(error) => {
                println!("{name}: not to be had: {error:#}");
                missing.push(*name);
            }
        }
    }
    if everything {
        variables.push(("STOCKTAKE_TEST_REQUIRE_SERVERS", "1".to_owned()));
    }
    steps.push(step("tests", || {
        let mut words = vec!["test", "--workspace", "--no-fail-fast"];
        words.extend(arguments.filter.as_deref());
        cargo(root, &words, &variables)
    }));
    if arguments.filter.is_none() && servers.iter().any(|(_, server)| server.is_ok()) {
        if everything && can_restart() {
            steps.push(step("restarts", || restarts(root, &variables)));
        } else {
            // Whoever else uses the servers of this machine would feel it.
            println!(
                "\nnot run: restarts of RabbitMQ and PostgreSQL (only under CI, with rabbitmqctl and pg_ctlcluster)"
            );
        }
    }
    drop(servers);
    Ok(summary(steps, &missing, everything))
}

/// Whether the servers of this machine can be restarted from here.
fn can_restart() -> bool {
    ["rabbitmqctl", "pg_ctlcluster"].into_iter().all(|program| server::which(program).is_some())
        && server::is_root()
}

/// The tests that restart servers, alone.
fn restarts(root: &Root, variables: &[(&str, String)]) -> Result<()> {
    let mut variables = variables.to_vec();
    variables.push(("STOCKTAKE_TEST_RABBITMQ_RESTART", "1".to_owned()));
    variables.push(("STOCKTAKE_TEST_RESTART_SERVERS", "1".to_owned()));
    // As above for the whole workspace, so that nothing is built with other features again.
    cargo(root, &["test", "--workspace", "--test", "it", "restart", "--", "--include-ignored"], &variables)
}

fn servers(root: &Root) -> Vec<(&'static str, Result<Server>)> {
    vec![
        ("PostgreSQL", find_or_start(&postgres::Postgres)),
        ("RabbitMQ", find_or_start(&rabbitmq::RabbitMq)),
        ("S3", find_or_start(&s3::S3::new(&root.0))),
    ]
}

fn step(name: &'static str, run: impl FnOnce() -> Result<()>) -> Step {
    println!("\n== {name}");
    let begun = Instant::now();
    let outcome = run();
    if let Err(error) = &outcome {
        println!("{error:#}");
    }
    Step { name, took: begun.elapsed(), outcome }
}

fn complaints(found: Vec<Complaint>) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = found.iter().map(Complaint::to_string).collect();
    bail!("{}", lines.join("\n"))
}

fn cargo(root: &Root, words: &[&str], variables: &[(&str, String)]) -> Result<()> {
    let status = Command::new("cargo")
        .args(words)
        .current_dir(&root.0)
        .envs(variables.iter().map(|(name, value)| (*name, value)))
        .status()
        .context("cargo cannot be run")?;
    if !status.success() {
        bail!("cargo {} ended with {status}", words.join(" "));
    }
    Ok(())
}

fn summary(steps: Vec<Step>, missing: &[&str], everything: bool) -> Vec<Complaint> {
    println!("\n== summary");
    let mut wrong = Vec::new();
    for step in &steps {
        let word = if step.outcome.is_ok() { "ok" } else { "FAILED" };
        println!("{:16} {word:7} {:5.0} s", step.name, step.took.as_secs_f64());
        if step.outcome.is_err() {
            wrong.push(complaint(step.name, "failed".to_owned()));
        }
    }
    for name in missing {
        println!("{name:16} not run");
        if everything {
            wrong.push(complaint(name, "its tests were not run; deploy/compose.yaml starts it".to_owned()));
        }
    }
    wrong
}

fn complaint(place: &str, what: String) -> Complaint {
    Complaint { place: place.to_owned(), line: 0, what }
}
