//! An audit of a large snapshot against a larger stock, for `cargo xtask bench audit`.
//!
//! - `audit stock URL FOLDER NODES` makes a stock of so many nodes, and writes it as text for others.
//! - `audit snapshot URL FOLDER NODES PERCENT together|spread` makes a snapshot of some of its repositories in which
//!   so many of a hundred nodes have changed, and writes it as text.
//! - `audit run URL` lets the auditor audit the newest snapshot, by the same job and messages as ever, and says what
//!   it took.
//! - `audit rows URL FILE` writes every row of the audit as text.
//! - `audit report URL FORMAT FILE` writes the report of the audit, and says what it took.

use std::{
    fs::File,
    io::{BufWriter, Write},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use bus::MemoryOptions;
use contracts::{ErrorKind, Failure, Oid, Outgoing, SnapshotId, messages::SnapshotReady};
use gateway::reporting::Writing;
use jiff::Timestamp;
use reports::audit::Format;
use runtime::{
    clock::Clock,
    config::{Config, ServiceUrl},
    faults::Faults,
};
use store::{
    Store, StoreOptions, audits,
    changes::{Options, Reader, Source},
    repositories,
    revisions::{self, NewRevisions},
    snapshots::{self, NewSnapshot, SnapshotFilter, SnapshotState},
    stocks::{self, NewEntry},
    trees::{self, Node},
};
use worker::{
    Engine, Recovery,
    harness::{Harness, MakeService},
};

/// Nodes of one repository.
const NODES: u64 = 1_000;
/// Repositories that are written in one transaction.
const AT_ONCE: u64 = 10;
const PATIENCE: Duration = Duration::from_secs(600);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Runtime::new();
    let done = match (runtime, words.iter().map(String::as_str).collect::<Vec<_>>().as_slice()) {
        (Ok(runtime), ["stock", url, folder, nodes]) => runtime.block_on(seed(url, folder, nodes, None)),
        (Ok(runtime), ["snapshot", url, folder, nodes, percent, how]) => {
            runtime.block_on(seed(url, folder, nodes, Some((percent, *how == "spread"))))
        }
        (Ok(runtime), ["run", url]) => runtime.block_on(run(url)),
        (Ok(runtime), ["rows", url, file]) => runtime.block_on(rows(url, file)),
        (Ok(runtime), ["report", url, format, file]) => runtime.block_on(report(url, format, file)),
        _ => Err(invalid("see the beginning of this file")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            drop(writeln!(std::io::stderr(), "audit: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn invalid(error: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorKind::Invalid, error)
}

fn open(url: &str) -> Result<Store, Failure> {
    Ok(Store::open(url, StoreOptions::default())?)
}

/// Bytes that look random and are the same each time.
fn id(repository: u64, node: u64, version: u64) -> Oid {
    let mut state = repository << 40 ^ node << 8 ^ version;
    let mut bytes = [0; 20];
    for part in bytes.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        part.copy_from_slice(&(word ^ word >> 31).to_be_bytes()[..part.len()]);
    }
    Oid::from(bytes)
}

fn node(repository: u64, number: u64, version: u64) -> Node {
    let (module, part) = (number / 100, number / 10 % 10);
    let path = match version {
        2 => format!("src/module{module:02}/part{part}/another{number:04}.rs"),
        _ => format!("src/module{module:02}/part{part}/file{number:04}.rs"),
    };
    Node {
        path: path.into_bytes(),
        mode: 0o100_644,
        oid: id(repository, number, version),
        size: 1_000 + number,
    }
}

fn url(repository: u64) -> String {
    format!("https://example.org/group{:02}/repository{repository:06}.git", repository % 50)
}

/// Which nodes of a repository have changed. Together: whole modules of some repositories, as commits do it.
/// Spread: some of every repository.
fn has_changed(repository: u64, number: u64, percent: u64, spread: bool) -> bool {
    if percent >= 100 {
        return true;
    }
    if spread {
        return number % 100 < percent;
    }
    // 1 of 100: 1 module of 1 repository in 10. 20 of 100: 4 modules of 1 repository in 2.
    let (one_in, modules) = if percent <= 5 { (10, percent) } else { (2, percent / 5) };
    repository.is_multiple_of(one_in) && number / 100 < modules
}

fn changed(repository: u64, percent: u64, spread: bool) -> Vec<Node> {
    let mut nodes: Vec<Node> = (0..NODES)
        .filter_map(|number| {
            if !has_changed(repository, number, percent, spread) {
                return Some(node(repository, number, 0));
            }
            // Of ten that have changed eight have other bytes, one is gone, and one has another name and other bytes.
            match (number + number / 100) % 10 {
                8 => None,
                9 => Some(node(repository, number, 2)),
                _ => Some(node(repository, number, 1)),
            }
        })
        .collect();
    nodes.sort_by(|one, other| one.path.cmp(&other.path));
    nodes
}

fn write_nodes(file: &mut impl Write, repository: u64, nodes: &[Node]) -> std::io::Result<()> {
    let url = url(repository);
    for node in nodes {
        let path = String::from_utf8_lossy(&node.path);
        writeln!(file, "{url}\t{path}\t{:o}\t{}\t{}", node.mode, node.oid, node.size)?;
    }
    Ok(())
}

/// Makes a stock, or a snapshot in which so many of a hundred nodes have changed.
async fn seed(at: &str, folder: &str, nodes: &str, change: Option<(&str, bool)>) -> Result<(), Failure> {
    let count = nodes.parse::<u64>().map_err(invalid)? / NODES;
    let change = match change {
        Some((percent, spread)) => Some((percent.parse::<u64>().map_err(invalid)?, spread)),
        None => None,
    };
    let store = open(at)?;
    store.migrate().await?;
    let name = if change.is_some() { "snapshot" } else { "stock" };
    let mut file = File::create(format!("{folder}/{name}.tsv")).map(BufWriter::new).map_err(invalid)?;
    let now = Timestamp::now();
    let stock = store.write(move |tx| stocks::get_or_create(tx, "bench", now)).await?;
    let new = NewSnapshot { stock: stock.id, source: None, auto_commit: false, repair: None };
    let snapshot = store.write(move |tx| snapshots::create(tx, &new, now)).await?.id;
    // Snapshots with other changes have other ids.
    let version = change.map_or(0, |(percent, spread)| 1 + 2 * percent + u64::from(spread));
    let mut entries = Vec::new();
    let mut first = 0;
    while first < count {
        let group = first..(first + AT_ONCE).min(count);
        first = group.end;
        let made: Vec<(u64, Vec<Node>)> = group
            .map(|repository| match change {
                None => (repository, (0..NODES).map(|number| node(repository, number, 0)).collect()),
                Some((percent, spread)) => (repository, changed(repository, percent, spread)),
            })
            .collect();
        made.iter().try_for_each(|(at, nodes)| write_nodes(&mut file, *at, nodes)).map_err(invalid)?;
        entries.extend(store.write(move |tx| visit(tx, snapshot, version, &made, now)).await?);
    }
    file.flush().map_err(invalid)?;
    store
        .write(move |tx| {
            let from = [SnapshotState::Indexing];
            snapshots::set_state(tx, snapshot, &from, SnapshotState::Processing, now)?;
            if version == 0 {
                stocks::commit_entries(tx, stock.id, 1, &entries)?;
                let from = [SnapshotState::Processing];
                snapshots::set_state(tx, snapshot, &from, SnapshotState::Committed, now)?;
            } else {
                snapshots::ready_if_done(tx, snapshot, now)?;
            }
            Ok(())
        })
        .await
}

fn visit(
    tx: &mut store::Tx,
    snapshot: SnapshotId,
    version: u64,
    made: &[(u64, Vec<Node>)],
    now: Timestamp,
) -> Result<Vec<NewEntry>, Failure> {
    let mut entries = Vec::with_capacity(made.len());
    for (number, nodes) in made {
        let url = url(*number);
        let repository = repositories::upsert_many(tx, &[(url.clone(), url)], now)?[0];
        let made = revisions::create_many(tx, snapshot, &[repository], &NewRevisions::default(), now)?;
        let revision = made[0].0;
        // The tree's id stands for its nodes, as git's does.
        let same = version > 0
            && nodes.iter().enumerate().all(|(at, node)| *node == self::node(*number, at as u64, 0));
        let oid = id(u64::MAX >> 24, *number, if same { 0 } else { version });
        let tree = match trees::find(tx, &oid)? {
            Some(tree) => tree.id,
            None => {
                let draft = trees::begin(tx, &oid, revision, now)?;
                trees::insert_nodes(tx, draft, nodes)?;
                trees::complete(tx, draft, nodes.len() as u64, 0, nodes.len() as u64)?.id
            }
        };
        revisions::stored(tx, revision, None, tree, now)?;
        entries.push(NewEntry { repository, revision, tree });
    }
    Ok(entries)
}

async fn newest(store: &Store) -> Result<SnapshotId, Failure> {
    let listed = store.read(|tx| snapshots::list(tx, &SnapshotFilter::default(), None, 1)).await?;
    Ok(listed.first().ok_or_else(|| invalid("there is no snapshot"))?.id)
}

async fn run(at: &str) -> Result<(), Failure> {
    let store = open(at)?;
    let folder = std::env::temp_dir().join(format!("audit-bench-{}", std::process::id()));
    let mut config = Config::default();
    config.depot.url = ServiceUrl::new(format!("file://{}/", folder.display()));
    let engine = Engine {
        store: store.clone(),
        bus: bus::memory(MemoryOptions::default()),
        clock: Clock::system(),
        faults: Faults::none(),
        options: worker::Options {
            owner: "bench".to_owned(),
            jobs: 1,
            handlers: 4,
            prefetch: 32,
            lease: Duration::from_secs(60),
            sweep_every: Duration::from_secs(3_600),
            recovery: Recovery::Alone,
        },
    };
    let snapshot = newest(&store).await?;
    let begun = Instant::now();
    engine
        .submit("bench", move |tx| {
            // The first time the snapshot is ready; later it is audited again.
            match snapshots::get(tx, snapshot)? {
                Some(ready) if ready.state == SnapshotState::Ready => {
                    Ok(((), vec![Outgoing::new(&SnapshotReady { snapshot })]))
                }
                _ => Ok(((), audits::plan(tx, snapshot, Timestamp::now())?.outgoing)),
            }
        })
        .await?;
    // The courier hears of the end: what nobody takes is not over.
    let makes: [worker::process::MakeService; 2] = [auditor::service, courier::service];
    let services = makes.map(|make| {
        let (engine, config) = (engine.clone(), config.clone());
        let service: MakeService = Arc::new(move || match make(&engine, &config) {
            Ok(service) => service,
            Err(failure) => std::panic::panic_any(failure.to_string()),
        });
        service
    });
    Harness::new(engine, services.into()).run_pending(PATIENCE).await?;
    let took = begun.elapsed();
    let audit = store.read(move |tx| audits::latest_of_snapshot(tx, snapshot)).await?;
    let audit = audit.ok_or_else(|| invalid("there is no audit"))?;
    let counts = audit.counts;
    let from = audit.created_at;
    let task = audit.finished_at.map_or(took.as_secs_f64(), |to| to.duration_since(from).as_secs_f64());
    let peak = peak_kilobytes().unwrap_or_default();
    drop(writeln!(
        std::io::stdout(),
        "{{\"seconds\":{task:.3},\"peak_mb\":{},\"new\":{},\"modified\":{},\"removed\":{},\"moved\":{},\"unchanged\":{}}}",
        peak / 1_000,
        counts.new,
        counts.modified,
        counts.removed,
        counts.moved,
        counts.unchanged
    ));
    drop(std::fs::remove_dir_all(folder));
    Ok(())
}

/// The most memory that this process has held, as Linux tells it.
fn peak_kilobytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

async fn rows(at: &str, file: &str) -> Result<(), Failure> {
    let store = open(at)?;
    let snapshot = newest(&store).await?;
    let audit = store.read(move |tx| audits::latest_of_snapshot(tx, snapshot)).await?;
    let audit = audit.ok_or_else(|| invalid("there is no audit"))?.id;
    let mut file = File::create(file).map(BufWriter::new).map_err(invalid)?;
    let options = Options {
        kinds: Vec::new(),
        repository: None,
        facts: false,
        hint: analysis::hint,
        analyzers: analysis::fingerprint(),
    };
    let mut reader = Reader::open(Source::Audit(audit), options, None);
    loop {
        let page;
        (reader, page) = store
            .read(move |tx| {
                let page = reader.page(tx, 4_000)?;
                Ok((reader, page))
            })
            .await?;
        if page.is_empty() {
            return file.flush().map_err(invalid);
        }
        for row in page {
            let oid = |side: &Option<store::changes::Side>| {
                side.as_ref().map_or(String::new(), |side| side.oid.to_string())
            };
            let path = String::from_utf8_lossy(&row.path);
            let (kind, before, after) = (row.kind.as_str(), oid(&row.before), oid(&row.after));
            writeln!(file, "{kind}\t{}\t{path}\t{before}\t{after}", row.url).map_err(invalid)?;
        }
    }
}

async fn report(at: &str, format: &str, file: &str) -> Result<(), Failure> {
    let store = open(at)?;
    let snapshot = newest(&store).await?;
    let format: Format = format.parse().map_err(invalid)?;
    let mut file = File::create(file).map_err(invalid)?;
    let begun = Instant::now();
    let audit = store.read(move |tx| audits::latest_of_snapshot(tx, snapshot)).await?;
    let source = Source::Audit(audit.ok_or_else(|| invalid("there is no audit"))?.id);
    let mut writing = store.read(move |tx| Writing::begin(tx, source, format, None)).await?;
    loop {
        let (piece, rest) = store.read(move |tx| Ok((writing.next(tx)?, writing))).await?;
        let Some(piece) = piece else { break };
        file.write_all(&piece).map_err(invalid)?;
        writing = rest;
    }
    drop(writeln!(
        std::io::stdout(),
        "{{\"seconds\":{:.3},\"peak_mb\":{}}}",
        begun.elapsed().as_secs_f64(),
        peak_kilobytes().unwrap_or_default() / 1_000
    ));
    Ok(())
}
