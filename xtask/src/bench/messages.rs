//! `cargo xtask bench messages`: messages in a second, for handlers that insert one row.
//!
//! Both sides find all messages in a durable queue of the same broker and insert into the same PostgreSQL.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};
use clap::Args;

use super::{
    Built,
    distributed::{Database, Servers, sql},
    figures::aim,
    insertions::{Rate, watch},
    machine,
    process::{self, Running},
    python,
};
use crate::workspace::Root;

/// How many messages, and who takes them.
#[derive(Args)]
pub(crate) struct Arguments {
    /// How many messages are put into the queue before anybody takes one
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1000..))]
    messages: u32,
    /// How often everything is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    #[command(flatten)]
    built: Built,
    /// Only our side
    #[arg(long)]
    alone: bool,
}

const TASKS: &str = include_str!("insert.py");

/// How a Celery worker is started: name, pool, processes or threads, deliveries for each of them.
const CELERY: &[(&str, &str, &str, &str)] = &[
    ("2 processes", "prefork", "2", "4"),
    ("2 processes, many deliveries", "prefork", "2", "128"),
    ("4 processes, many deliveries", "prefork", "4", "64"),
    ("8 processes, many deliveries", "prefork", "8", "32"),
    ("one process, no pool", "solo", "1", "256"),
    ("8 threads, many deliveries", "threads", "8", "32"),
];

pub(super) fn run(root: &Root, arguments: &Arguments) -> Result<()> {
    let words = ["--package", "worker", "--example", "insert"];
    let program = arguments.built.program(root, &words, "examples/insert")?;
    // It makes the tables.
    let stocktake = arguments.built.stocktake(root)?;
    let python = if arguments.alone {
        None
    } else {
        Some(python::with(root, "bench-venv", "celery, psycopg2", &["celery", "psycopg2-binary"])?)
    };
    let servers = Servers::find_or_start()?;
    let mut ours = Vec::new();
    let mut theirs: Vec<Vec<Rate>> = CELERY.iter().map(|_| Vec::new()).collect();
    for round in 0..arguments.rounds {
        let folder = tempfile::Builder::new().prefix("stocktake-bench-").tempdir()?;
        let name = format!("messages{round}");
        ours.push(of_ours(&program, &stocktake, &servers, &name, folder.path(), arguments.messages)?);
        let Some(python) = &python else { continue };
        // The other settings are there to find the best one, which one round does.
        for (at, setting) in CELERY.iter().enumerate().filter(|(at, _)| *at == 0 || round == 0) {
            let rate = of_celery(
                python,
                *setting,
                &servers,
                &format!("celery{round}_{at}"),
                folder.path(),
                arguments.messages,
            );
            let rate = rate.with_context(|| format!("Celery, {}", setting.0))?;
            theirs[at].push(rate);
        }
    }
    tell(&ours, &theirs, arguments.messages);
    Ok(())
}

fn tell(ours: &[Rate], theirs: &[Vec<Rate>], messages: u32) {
    let best = |rates: &[Rate]| rates.iter().map(Rate::per_second).fold(0.0, f64::max);
    println!("\n{messages} messages, one row each; load {}", machine::load());
    println!("{:44} {:>10}", "", "messages/s");
    println!("{:44} {:10.0}", "worker", best(ours));
    for ((name, pool, ..), rates) in CELERY.iter().zip(theirs).filter(|(_, rates)| !rates.is_empty()) {
        println!("{:44} {:10.0}", format!("Celery ({pool}), {name}"), best(rates));
    }
    let best_of_theirs = theirs.iter().map(|rates| best(rates)).fold(0.0, f64::max);
    if best_of_theirs > 0.0 {
        let usual = theirs.first().map_or(0.0, |rates| best(rates));
        println!("{}", aim("times Celery's usual setting", best(ours) / usual, 5.0, true, "times"));
        println!("{}", aim("times Celery's best setting", best(ours) / best_of_theirs, 5.0, true, "times"));
    }
}

fn of_ours(
    program: &Path,
    stocktake: &Path,
    servers: &Servers,
    name: &str,
    directory: &Path,
    messages: u32,
) -> Result<Rate> {
    let database = Database::create(&servers.postgres, name)?;
    let configured = |program: &Path| {
        let mut command = Command::new(program);
        command
            .current_dir(directory)
            .env("STOCKTAKE__STORE__URL", &database.url)
            .env("STOCKTAKE__BUS__URL", servers.broker.url())
            .env("STOCKTAKE__BUS__PREFIX", name)
            .env("STOCKTAKE__LOG__LEVEL", "warn")
            .env("STOCKTAKE__DATA__DIR", directory.join("data"));
        command
    };
    process::run(configured(stocktake).args(["admin", "migrate"]), directory)?;
    process::run(configured(program).arg("publish").arg(messages.to_string()), directory)?;
    let worker = Running::start("worker", &mut configured(program), directory)?;
    let rate = watch(&database.url, "notifications", messages)?;
    println!(
        "worker: {:.0} messages/s, {:.2} s of processor time, {:.0} MB",
        rate.per_second(),
        worker.cpu(),
        worker.peak() / 1_000_000
    );
    Ok(rate)
}

fn of_celery(
    python: &Path,
    (title, pool, at_once, prefetch): (&str, &str, &str, &str),
    servers: &Servers,
    name: &str,
    directory: &Path,
    messages: u32,
) -> Result<Rate> {
    let database = Database::create(&servers.postgres, name)?;
    sql(
        &database.url,
        "create table rows (id bigserial primary key, kind text, body jsonb, created_at timestamptz)",
    )?;
    fs::write(directory.join("insert.py"), TASKS)?;
    let python = |words: &[&str]| {
        let mut command = Command::new(python);
        command
            .args(words)
            .current_dir(directory)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("BENCH_AMQP", servers.broker.url())
            .env("BENCH_PREFETCH", prefetch)
            .env("BENCH_POSTGRES", &database.url);
        command
    };
    process::run(&mut python(&["insert.py", &messages.to_string()]), directory)?;
    let words = [
        "-m",
        "celery",
        "-A",
        "insert",
        "worker",
        "--pool",
        pool,
        "--concurrency",
        at_once,
        "--loglevel",
        "warning",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
        "--queues",
        "bench",
    ];
    let worker = Running::start("celery", &mut python(&words), directory)?;
    let rate = watch(&database.url, "rows", messages)?;
    println!("Celery ({pool}), {title}: {:.0} messages/s", rate.per_second());
    drop(worker);
    Ok(rate)
}
