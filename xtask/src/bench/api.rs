//! `cargo xtask bench api`: a list page, one thing and a new thing, in a second, over connections that stay open.
//!
//! The same stocks on the same PostgreSQL: through the gateway, with its key check, limits, metrics and log,
//! and through Django REST framework under gunicorn with connections kept open to database and client. Rounds take
//! turns, so that what else the machine does befalls both.

mod load;

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::AtomicU64,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use self::load::{Asked, Measured};
use super::{
    Built,
    distributed::{Database, Servers, make_key, sql},
    figures::aim,
    http, machine,
    process::{self, Running},
    python,
};
use crate::{test::server::free_port, workspace::Root};

const PEER: &str = include_str!("api/peer.py");
/// What the peer needs.
const PACKAGES: &[&str] = &["django", "djangorestframework", "gunicorn", "psycopg[binary]"];
const PATIENCE: Duration = Duration::from_secs(120);
/// Requests of one kind before the clock runs.
const WARM_UP: Duration = Duration::from_millis(500);
/// Stocks that are there from the beginning.
const STOCKS: u32 = 10_000;

/// How long, and over how many connections.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Connections that ask at the same time
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1000))]
    connections: u16,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Rounds; the best one of each side counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Processes of gunicorn; 2 for each processor when it is not said
    #[arg(long)]
    workers: Option<usize>,
    /// A Python with django, djangorestframework, gunicorn and psycopg, instead of one made in target/
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    #[command(flatten)]
    built: Built,
}

/// One who answers.
struct Side {
    address: SocketAddr,
    key: String,
    /// The path of one stock.
    one: String,
    service: Running,
    _database: Database,
}

pub(super) fn run(root: &Root, arguments: &Arguments) -> Result<()> {
    let stocktake = arguments.built.stocktake(root)?;
    let python = match &arguments.python {
        Some(python) => python.clone(),
        None => python::with(root, "bench-venv-api", "rest_framework, gunicorn, psycopg", PACKAGES)?,
    };
    let servers = Servers::find_or_start()?;
    let folder = tempfile::Builder::new().prefix("stocktake-bench-").tempdir()?;
    let ours = Side::ours(&stocktake, &servers, folder.path())?;
    let theirs = Side::peer(&python, &servers, folder.path(), arguments.workers)?;
    println!("{STOCKS} stocks, {} connections, {} s each", arguments.connections, arguments.seconds);
    let numbers = AtomicU64::new(0);
    for (what, is_create, times) in
        [("list of 100", false, 25.0), ("one", false, 25.0), ("create", true, 8.0)]
    {
        let measure = |side: &Side, time: Duration| {
            let path = if what == "one" { side.one.as_str() } else { "/api/v1/stocks" };
            let key = &side.key;
            let (method, status, body) =
                if is_create { ("POST", 201, Some(new as fn(u64) -> String)) } else { ("GET", 200, None) };
            let asked = Asked { address: side.address, key, method, path, status, body };
            load::ask(&asked, arguments.connections.into(), time, &numbers)
        };
        let (mut best, mut peer) = (None, None);
        for _ in 0..arguments.rounds {
            for (side, best) in [(&ours, &mut best), (&theirs, &mut peer)] {
                measure(side, WARM_UP)?;
                let before = side.cpu();
                let measured = measure(side, Duration::from_secs(arguments.seconds))?;
                keep(best, (measured, side.cpu() - before));
            }
        }
        let (Some(best), Some(peer)) = (best, peer) else { continue };
        println!("\n{what}; load {}", machine::load());
        tell("gateway", &best);
        tell("Django REST framework", &peer);
        println!("{}", aim(what, best.0.per_second / peer.0.per_second, times, true, "times the peer"));
        let worst = best.0.within(99).as_secs_f64() * 1e3;
        println!("{}", aim(&format!("99 of 100 of {what}"), worst, 10.0, false, "ms"));
    }
    Ok(())
}

/// A measurement, and the processor time of who answered.
type Round = (Measured, f64);

fn keep(best: &mut Option<Round>, round: Round) {
    if best.as_ref().is_none_or(|best| best.0.per_second < round.0.per_second) {
        *best = Some(round);
    }
}

fn tell(who: &str, (measured, cpu): &Round) {
    let micros = cpu * 1e6 / measured.count().max(1) as f64;
    println!(
        "{who:24} {:8.0} requests/s, half within {:.2?}, 99 of 100 within {:.2?}; {micros:.0} µs of processor each",
        measured.per_second,
        measured.within(50),
        measured.within(99),
    );
}

/// A stock that is not there yet.
fn new(number: u64) -> String {
    format!("{{\"name\":\"new {number}\"}}")
}

impl Side {
    fn ours(program: &Path, servers: &Servers, folder: &Path) -> Result<Self> {
        let database = Database::create(&servers.postgres, "api")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let command = || {
            let mut command = Command::new(program);
            command
                .current_dir(folder)
                .env("STOCKTAKE__STORE__URL", &database.url)
                .env("STOCKTAKE__BUS__URL", servers.broker.url())
                .env("STOCKTAKE__BUS__PREFIX", format!("api{}-", std::process::id()))
                .env("STOCKTAKE__DATA__DIR", folder.join("data"))
                .env("STOCKTAKE__HTTP__BIND", address.to_string());
            command
        };
        process::run(command().args(["admin", "migrate"]), folder)?;
        // A limit that is counted and not reached.
        let words = ["key", "create", "bench", "--scope", "operate", "--rate", "100000000"];
        let key = process::run(command().args(words), folder)?.output.trim().to_owned();
        let admin = make_key(&mut command(), folder)?;
        let mut gateway = Running::start("gateway", command().args(["serve", "gateway"]), folder)?;
        process::wait_for("the start of the gateway", PATIENCE, Duration::from_millis(50), || {
            gateway.still_runs()?;
            let answer = http::request((address, &admin), "GET", "/api/v1/stocks", None);
            Ok(answer.is_ok_and(|(status, _)| status == 200).then_some(()))
        })?;
        let made =
            http::expect((address, &key), "POST", "/api/v1/stocks", Some(&json!({ "name": "stock" })))?;
        let more = format!(
            "insert into stocks select (jsonb_populate_record(stocks, jsonb_build_object('id', gen_random_uuid(), \
             'name', 'stock ' || number))).* from stocks, generate_series(1, {STOCKS}) as number; analyze stocks"
        );
        sql(&database.url, &more)?;
        let one = format!("/api/v1/stocks/{}", id(&made)?);
        Ok(Self { address, key, one, service: gateway, _database: database })
    }

    fn peer(python: &Path, servers: &Servers, folder: &Path, workers: Option<usize>) -> Result<Self> {
        let database = Database::create(&servers.postgres, "peer")?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let key = "stk_benchmark".to_owned();
        fs::write(folder.join("peer.py"), PEER)?;
        let command = |words: &[&str]| {
            let mut command = Command::new(python);
            command
                .args(words)
                .current_dir(folder)
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .env("PEER_KEY", &key)
                .env("PEER_POSTGRES", &database.url);
            command
        };
        process::run(&mut command(&["peer.py"]), folder)?;
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = workers.unwrap_or(2 * processors).to_string();
        // Threads, since only with them gunicorn keeps the connections of clients open.
        let words = ["-m", "gunicorn", "peer:application", "--worker-class", "gthread", "--threads", "8"];
        let more = ["--workers", &workers, "--keep-alive", "60", "--log-level", "warning"];
        let mut command = command(&[&words[..], &more].concat());
        let mut gunicorn =
            Running::start("gunicorn", command.args(["--bind", &address.to_string()]), folder)?;
        process::wait_for("the start of gunicorn", PATIENCE, Duration::from_millis(50), || {
            gunicorn.still_runs()?;
            let answer = http::request((address, &key), "GET", "/api/v1/stocks", None);
            Ok(answer.is_ok_and(|(status, _)| status == 200).then_some(()))
        })?;
        let policy = json!({ "commit": "itself", "removed": "apply", "failed": "ask", "checks": [] });
        let new = json!({ "name": "stock", "policy": policy });
        let made = http::expect((address, &key), "POST", "/api/v1/stocks", Some(&new))?;
        let more = format!(
            "insert into peer_stock select (jsonb_populate_record(peer_stock, jsonb_build_object('id', \
             gen_random_uuid(), 'name', 'stock ' || number))).* from peer_stock, generate_series(1, {STOCKS}) as \
             number; analyze peer_stock"
        );
        sql(&database.url, &more)?;
        let one = format!("/api/v1/stocks/{}", id(&made)?);
        Ok(Self { address, key, one, service: gunicorn, _database: database })
    }

    /// Seconds of processor time so far, of those who answer; the database's is not in it.
    fn cpu(&self) -> f64 {
        self.service.cpu_of_all()
    }
}

fn id(made: &serde_json::Value) -> Result<&str> {
    made["id"].as_str().with_context(|| format!("what was made has no id: {made}"))
}
