//! `cargo xtask bench assets`: assets in a second, from a submission to the last webhook.
//!
//! The same JPEGs, two webhooks each, to one local receiver: through gateway, analyzer and courier over
//! PostgreSQL and RabbitMQ, and through the same seven steps on Django, Celery, Redis and Pillow. The peer is
//! spared HTTP: it is submitted to in its own process. It reads a picture's header and no more; ours run
//! once with the same steps, and once with all of our own, which read every picture to its end.

mod receiver;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::Args;

use self::receiver::Receiver;
use super::{
    Built,
    distributed::{Database, Servers, make_key},
    figures::aim,
    http, machine,
    process::{self, Running},
    python,
};
use crate::{test::server::free_port, workspace::Root};

const PEER: &str = include_str!("assets/peer.py");
/// What the peer needs.
const PACKAGES: &[&str] = &["django", "celery[redis]", "pillow", "psycopg2-binary", "requests"];
const PATIENCE: Duration = Duration::from_secs(1_800);
/// What the peer looks at.
const SAME_STEPS: &str = "image,format,dimensions";
/// Different pictures, which are submitted by turns.
const PICTURES: usize = 100;

/// How many assets.
#[derive(Args)]
pub(crate) struct Arguments {
    /// How many assets go through ours
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1000..))]
    assets: u32,
    /// How many go through the peer, which takes its time
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(10..))]
    peer: u32,
    /// How many are submitted one after the other, to see how long one takes
    #[arg(long, default_value_t = 100)]
    single: u32,
    #[command(flatten)]
    built: Built,
}

pub(super) fn run(root: &Root, arguments: &Arguments) -> Result<()> {
    let stocktake = arguments.built.stocktake(root)?;
    let python =
        python::with(root, "bench-venv-assets", "django, celery, redis, PIL, psycopg2, requests", PACKAGES)?;
    let servers = Servers::find_or_start()?;
    let folder = tempfile::Builder::new().prefix("stocktake-bench-").tempdir()?;
    let pictures = folder.path().join("pictures");
    fs::create_dir(&pictures)?;
    fs::write(folder.path().join("peer.py"), PEER)?;
    let made = |words: &[&str]| {
        let mut command = Command::new(&python);
        command.args(words).current_dir(folder.path()).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    };
    let there = pictures.to_str().context("the folder's name is no UTF-8")?;
    process::run(&mut made(&["peer.py", "make", there, &PICTURES.to_string()]), folder.path())?;
    println!("\nours, every check:");
    let every = of_ours(&stocktake, &servers, folder.path(), &pictures, None, arguments)?;
    println!("\nours, the peer's steps:");
    let same = of_ours(&stocktake, &servers, folder.path(), &pictures, Some(SAME_STEPS), arguments)?;
    let theirs = of_peer(&python, &servers, folder.path(), there, arguments.peer)?;
    println!("\n{} assets against {}; load {}", arguments.assets, arguments.peer, machine::load());
    println!(
        "every check: {every:.0} assets/s; the same steps: {same:.0}; Django, Celery and Pillow: {theirs:.1}"
    );
    println!("{}", aim("the same steps", same / theirs, 100.0, true, "times the peer"));
    println!("{}", aim("every check", every / theirs, 100.0, true, "times the peer"));
    Ok(())
}

fn per_second(count: u32, begun: Instant) -> f64 {
    f64::from(count) / begun.elapsed().as_secs_f64()
}

/// Services that take assets in, check them and tell of them.
struct Ours {
    address: SocketAddr,
    key: String,
    services: Vec<Running>,
    _database: Database,
}

impl Ours {
    fn start(
        program: &Path,
        servers: &Servers,
        folder: &Path,
        pictures: &Path,
        steps: Option<&str>,
    ) -> Result<Self> {
        let name = "assets";
        let database = Database::create(&servers.postgres, name)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let command = || {
            let mut command = Command::new(program);
            command
                .current_dir(folder)
                .env("STOCKTAKE__STORE__URL", &database.url)
                .env("STOCKTAKE__BUS__URL", servers.broker.url())
                .env("STOCKTAKE__BUS__PREFIX", format!("{name}{}-", std::process::id()))
                .env("STOCKTAKE__DATA__DIR", folder.join("data"))
                .env("STOCKTAKE__HTTP__BIND", address.to_string())
                .env("STOCKTAKE__ASSETS__ROOTS", pictures)
                .env("STOCKTAKE__WEBHOOKS__ALLOWED_ADDRESSES", "127.0.0.0/8")
                .env("STOCKTAKE__WEBHOOKS__PER_SECOND", "1000000")
                .env("STOCKTAKE__WEBHOOKS__IN_FLIGHT", "32")
                .env("STOCKTAKE__ASSETS__MANIFEST_BYTES", "1073741824");
            if let Some(steps) = steps {
                command.env("STOCKTAKE__ASSETS__IMAGE", steps);
            }
            command
        };
        process::run(command().args(["admin", "migrate"]), folder)?;
        let key = make_key(&mut command(), folder)?;
        let mut services = Vec::new();
        for service in ["gateway", "analyzer", "courier"] {
            services.push(Running::start(service, command().args(["serve", service]), folder)?);
        }
        let mut ours = Self { address, key, services, _database: database };
        process::wait_for("the start of the services", PATIENCE, Duration::from_millis(50), || {
            ours.services.iter_mut().try_for_each(Running::still_runs)?;
            let said =
                |service| fs::read_to_string(folder.join(format!("{service}.log"))).unwrap_or_default();
            let ready =
                ["analyzer", "courier"].iter().all(|service| said(*service).contains("service started"));
            let answer = http::request((address, &ours.key), "GET", "/api/v1/assets", None);
            Ok((ready && answer.is_ok_and(|(status, _)| status == 200)).then_some(()))
        })?;
        Ok(ours)
    }

    fn peaks(&self) -> String {
        let of = |service: &Running| format!("{} {} MB", service.name, service.peak() / 1_000_000);
        self.services.iter().map(of).collect::<Vec<_>>().join(", ")
    }

    fn submit(&self, content: &str, body: &str) -> Result<()> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        write!(
            stream,
            "POST /api/v1/assets/image HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: {content}\r\nContent-Length: {}\r\n\r\n",
            self.address,
            self.key,
            body.len()
        )?;
        stream.write_all(body.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if !answer.starts_with("HTTP/1.0 202") && !answer.starts_with("HTTP/1.1 202") {
            bail!("the submission was answered with {answer}");
        }
        Ok(())
    }
}

fn of_ours(
    program: &Path,
    servers: &Servers,
    folder: &Path,
    pictures: &Path,
    steps: Option<&str>,
    arguments: &Arguments,
) -> Result<f64> {
    let receiver = Receiver::start()?;
    let ours = Ours::start(program, servers, folder, pictures, steps)?;
    let asset = |index: u32| {
        let (number, hook) = (index as usize % PICTURES, receiver.url());
        format!(
            "{{\"location\":\"{number}.jpg\",\"on_start\":\"{hook}\",\"on_success\":\"{hook}\",\"on_failure\":\"{hook}\"}}"
        )
    };
    // One at a time, at no load but the machine's own.
    let mut took = Vec::new();
    for index in 0..arguments.single {
        let (before, begun) = (receiver.count(), Instant::now());
        ours.submit("application/json", &asset(index))?;
        receiver.wait(before + 2, PATIENCE)?;
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    let middle = took.get(took.len() / 2).copied().unwrap_or_default();
    let most = took.get(took.len() * 95 / 100).copied().unwrap_or_default();
    println!(
        "one asset from its submission to its last webhook: median {middle:.1?}, 95 of 100 within {most:.1?}"
    );
    println!("{}", aim("median of one", middle.as_secs_f64() * 1e3, 50.0, false, "ms"));
    let manifest: String = (0..arguments.assets).map(|index| asset(index) + "\n").collect();
    let (before, begun) = (receiver.count(), Instant::now());
    ours.submit("application/x-ndjson", &manifest)?;
    println!("{} accepted after {:.1?}", arguments.assets, begun.elapsed());
    let quarter = before + u64::from(arguments.assets) / 2;
    receiver.wait(quarter, PATIENCE)?;
    println!("after a quarter: {}", ours.peaks());
    receiver.wait(before + 2 * u64::from(arguments.assets), PATIENCE)?;
    let rate = per_second(arguments.assets, begun);
    println!("after all: {}", ours.peaks());
    let cpu = |service: &Running| format!("{} {:.1} s", service.name, service.cpu());
    println!("processor time: {}", ours.services.iter().map(cpu).collect::<Vec<_>>().join(", "));
    println!("ours: {rate:.0} assets/s");
    Ok(rate)
}

fn of_peer(python: &Path, servers: &Servers, folder: &Path, pictures: &str, assets: u32) -> Result<f64> {
    let receiver = Receiver::start()?;
    let database = Database::create(&servers.postgres, "peer")?;
    let queue = format!("peer{}", std::process::id());
    let command = |words: &[&str]| {
        let mut command = Command::new(python);
        command
            .args(words)
            .current_dir(folder)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PEER_POSTGRES", &database.url)
            .env("PEER_QUEUE", &queue)
            .env("PEER_ASSETS", pictures);
        command
    };
    process::run(&mut command(&["peer.py", "migrate"]), folder)?;
    let words = [
        "-m",
        "celery",
        "-A",
        "peer",
        "worker",
        "--concurrency",
        "2",
        "--loglevel",
        "warning",
        "--queues",
        &queue,
    ];
    let worker = Running::start("celery", &mut command(&words), folder)?;
    // Its start is not counted: one asset goes through before the clock runs.
    let url = receiver.url();
    process::run(&mut command(&["peer.py", "submit", "1", &url]), folder)?;
    receiver.wait(2, PATIENCE)?;
    let begun = Instant::now();
    process::run(&mut command(&["peer.py", "submit", &assets.to_string(), &url]), folder)?;
    receiver.wait(2 + 2 * u64::from(assets), PATIENCE)?;
    let rate = per_second(assets, begun);
    println!("Django, Celery and Pillow: {rate:.1} assets/s");
    drop(worker);
    Ok(rate)
}
