//! The same run with every service a process of its own, over PostgreSQL and RabbitMQ.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{
    http, machine,
    process::{self, Run, Running},
};
use crate::test::{
    postgres::Postgres,
    rabbitmq::RabbitMq,
    server::{self, Server, find_or_start, free_port},
};

const SERVICES: &[&str] = &["indexer", "repo-processor", "analyzer", "auditor", "courier", "gateway"];
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(900);
/// How often the gateway is asked whether a run is over.
const ASK_EVERY: Duration = Duration::from_millis(10);

/// Servers for the length of a benchmark.
pub(super) struct Servers {
    pub(super) postgres: Server,
    pub(super) broker: Server,
}

impl Servers {
    pub(super) fn find_or_start() -> Result<Self> {
        let (postgres, broker) = (find_or_start(&Postgres)?, find_or_start(&RabbitMq)?);
        println!("PostgreSQL {}, RabbitMQ {}", postgres.told(), broker.told());
        Ok(Self { postgres, broker })
    }
}

/// A database of its own; removed when this is dropped.
pub(super) struct Database {
    server: String,
    name: String,
    pub(super) url: String,
}

impl Database {
    pub(super) fn create(server: &Server, name: &str) -> Result<Self> {
        let name = format!("{}_{name}", server::run_name());
        let (base, _) = server.url().rsplit_once('/').context("the URL of PostgreSQL names no database")?;
        let database =
            Self { server: server.url().to_owned(), url: format!("{base}/{name}"), name: name.clone() };
        sql(&database.server, &format!("create database {name}"))?;
        Ok(database)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = sql(&self.server, &format!("drop database {} with (force)", self.name)) {
            println!("{} stays behind: {error:#}", self.name);
        }
    }
}

/// Runs statements by psql, and returns what they print.
pub(super) fn sql(url: &str, statements: &str) -> Result<String> {
    let mut command = Command::new("psql");
    command.args([
        "--no-psqlrc",
        "--quiet",
        "--tuples-only",
        "--no-align",
        "--set=ON_ERROR_STOP=1",
        "--command",
    ]);
    let output = command.arg(statements).arg(url).output().context("psql cannot be run")?;
    if !output.status.success() {
        bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Every service as a process, on a database, a data folder and names of their own.
pub(super) struct Installation {
    address: SocketAddr,
    key: String,
    services: Vec<Running>,
    _database: Database,
}

/// What one run over an installation took.
pub(super) struct Distributed {
    pub(super) run: Run,
    /// Seconds of processor time of the whole machine, servers and strangers included.
    pub(super) machine: f64,
    /// For each service its name, its seconds of processor time and the most memory it held.
    pub(super) services: Vec<(String, f64, u64)>,
}

impl Installation {
    /// Starts everything, and returns when the gateway and all who listen to queues are ready.
    pub(super) fn start(program: &Path, servers: &Servers, name: &str, directory: &Path) -> Result<Self> {
        let database = Database::create(&servers.postgres, name)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let command = || {
            let mut command = Command::new(program);
            command
                .current_dir(directory)
                .env("STOCKTAKE__STORE__URL", &database.url)
                .env("STOCKTAKE__BUS__URL", servers.broker.url())
                .env("STOCKTAKE__BUS__PREFIX", name)
                .env("STOCKTAKE__DATA__DIR", directory.join("data"))
                .env("STOCKTAKE__FETCH__ALLOW_LOCAL", "true")
                .env("STOCKTAKE__HTTP__BIND", address.to_string());
            command
        };
        process::run(command().args(["admin", "migrate"]), directory)?;
        let key = make_key(&mut command(), directory)?;
        let mut services = Vec::new();
        for service in SERVICES {
            services.push(Running::start(service, command().args(["serve", service]), directory)?);
        }
        let mut installation = Self { address, key, services, _database: database };
        let started = installation.services.len();
        process::wait_for("the start of the services", PATIENCE, Duration::from_millis(50), || {
            installation.services.iter_mut().try_for_each(Running::still_runs)?;
            let ready = (0..started).filter(|at| is_started(directory, SERVICES[*at])).count();
            let answer = http::request((address, &installation.key), "GET", "/api/v1/sources", None);
            Ok((ready == started && answer.is_ok_and(|(status, _)| status == 200)).then_some(()))
        })?;
        Ok(installation)
    }

    /// Makes a source of `target`, or takes the one that is there, and runs it until its snapshot is committed.
    pub(super) fn run(&mut self, target: &Path) -> Result<Distributed> {
        let new =
            json!({ "name": "bench", "kind": "list", "params": { "urls": [target] }, "stock": "bench" });
        let source = http::expect((self.address, &self.key), "POST", "/api/v1/sources", Some(&new))?;
        let before: Vec<f64> = self.services.iter().map(Running::cpu).collect();
        let busy = machine::busy_seconds();
        let begun = Instant::now();
        let path = format!("/api/v1/sources/{}/runs", text(&source, "id")?);
        let snapshot =
            http::expect((self.address, &self.key), "POST", &path, Some(&json!({ "auto_commit": true })))?;
        let path = format!("/api/v1/snapshots/{}", text(&snapshot, "id")?);
        process::wait_for("the run", PATIENCE, ASK_EVERY, || {
            let snapshot = http::expect((self.address, &self.key), "GET", &path, None)?;
            self.services.iter_mut().try_for_each(Running::still_runs)?;
            match text(&snapshot, "state")? {
                "committed" => Ok(Some(())),
                "aborted" => bail!("the run was aborted: {snapshot}"),
                _ => Ok(None),
            }
        })?;
        let wall = begun.elapsed();
        let machine = machine::busy_seconds() - busy;
        let services: Vec<(String, f64, u64)> = self
            .services
            .iter()
            .zip(before)
            .map(|(service, before)| (service.name.clone(), service.cpu() - before, service.peak()))
            .collect();
        let cpu = services.iter().map(|(_, cpu, _)| cpu).sum();
        let peak = services.iter().map(|(.., peak)| *peak).max().unwrap_or_default();
        Ok(Distributed { run: Run { wall, cpu, peak, output: String::new() }, machine, services })
    }
}

/// Whether a service has said that it consumes its queues, or that it listens.
fn is_started(directory: &Path, service: &str) -> bool {
    let said = std::fs::read_to_string(directory.join(format!("{service}.log"))).unwrap_or_default();
    said.contains("service started") || said.contains("gateway listens")
}

fn text<'a>(answer: &'a Value, field: &str) -> Result<&'a str> {
    // A single snapshot may come with its progress beside it.
    let found = answer.get(field).or_else(|| answer.get("snapshot").and_then(|inner| inner.get(field)));
    found.and_then(Value::as_str).with_context(|| format!("the gateway's answer has no {field}: {answer}"))
}

/// A key of the gateway, made with `command`.
pub(super) fn make_key(command: &mut Command, directory: &Path) -> Result<String> {
    let words = ["key", "create", "bench", "--scope", "admin", "--rate", "0", "--quota", "0"];
    Ok(process::run(command.args(words), directory)?.output.trim().to_owned())
}
