//! Visits repositories, embedded, and ends: what `cargo xtask bench fetch` measures beside git.
//!
//! `visit DATA_FOLDER URL [--history] [--dump]`: everything is kept in the folder, as `stocktake` keeps it. Prints
//! the nodes, their bytes and the distinct contents as JSON; with `--dump` all of them instead, and the commits,
//! which `--history` takes in.
#![expect(clippy::print_stdout, reason = "it is a program of its own")]

mod dump;

use std::{path::PathBuf, time::Duration};

use bus::MemoryOptions;
use contracts::{ErrorKind, Failure, Lane, Outgoing, TaskId, messages::VisitRequested};
use runtime::{clock::Clock, config::Config, config::ServiceUrl, faults::Faults};
use store::{
    Store, StoreOptions, repositories,
    revisions::{self, NewRevisions, RevisionState},
    snapshots::{self, NewSnapshot},
    sources::{self, NewSource, Settings},
    stocks,
    tasks::{self, NewTask},
};
use tokio_util::sync::CancellationToken;
use worker::{Engine, Options, Recovery};

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(data), Some(url)) = (arguments.next().map(PathBuf::from), arguments.next()) else {
        return Err(Failure::new(ErrorKind::Invalid, "usage: visit DATA_FOLDER URL [--history] [--dump]"));
    };
    let flags: Vec<String> = arguments.collect();
    let is_set = |flag: &str| flags.iter().any(|given| given == flag);
    worker::process::block_on(run(data, url, is_set("--history"), is_set("--dump")))
}

async fn run(data: PathBuf, url: String, history: bool, dump: bool) -> Result<(), Failure> {
    let mut config = Config::default();
    config.depot.url = ServiceUrl::new(format!("file://{}/depot", data.display()));
    config.fetch.allow_local = true;
    config.fetch.allow_private_addresses = true;
    let store_url = format!("sqlite://{}/stocktake.db", data.display());
    config.data.dir = data;
    let store = Store::open(&store_url, StoreOptions::default()).map_err(Failure::from)?;
    store.migrate().await.map_err(Failure::from)?;
    let worker = &config.worker;
    let options = Options::from_config(worker, 32, Recovery::Alone);
    let engine = Engine {
        store: store.clone(),
        bus: bus::memory(MemoryOptions::default()),
        clock: Clock::ahead(Duration::ZERO),
        faults: Faults::none(),
        options,
    };
    let service = repo_processor::service(&engine, &config)?;
    let now = engine.clock.now();
    let task = TaskId::new();
    let revision = engine
        .submit("bench", move |tx| {
            let stock = stocks::get_or_create(tx, "bench", now)?;
            let source = NewSource {
                kind: "list".to_owned(),
                name: url.clone(),
                params: serde_json::json!({ "urls": [url] }),
                stock: stock.id,
            };
            let source = sources::upsert_by_name(tx, &source, now)?.id;
            sources::configure(tx, source, &Settings { history, ..Settings::default() }, now)?;
            let snapshot =
                NewSnapshot { stock: stock.id, source: Some(source), auto_commit: false, repair: None };
            let snapshot = snapshots::create(tx, &snapshot, now)?.id;
            let ids = repositories::upsert_many(tx, &[(url.clone(), url.clone())], now)?;
            let made = revisions::create_many(tx, snapshot, &ids, &NewRevisions::default(), now)?;
            let [(revision, _)] = made[..] else {
                return Err(Failure::new(ErrorKind::Internal, "no revision was made"));
            };
            let wake = Outgoing::in_lane(&VisitRequested { task }, Lane::Urgent);
            let new = NewTask { id: task, kind: "process", subject: revision.0, label: &url, wake: &wake };
            tasks::create(tx, new, now)?;
            Ok((revision, vec![wake]))
        })
        .await?;
    let shutdown = CancellationToken::new();
    let until_done = async {
        while store.read(tasks::count_open).await? > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        shutdown.cancel();
        Ok::<_, Failure>(())
    };
    let (ran, done) = tokio::join!(engine.run(service, shutdown.clone()), until_done);
    ran.and(done)?;
    let ended = store.read(move |tx| revisions::get(tx, revision)).await?;
    let ended = ended.ok_or_else(|| Failure::new(ErrorKind::Internal, "the revision is gone"))?;
    if ended.state == RevisionState::Failed {
        return Err(ended.failure.unwrap_or_else(|| Failure::new(ErrorKind::Internal, "no reason")));
    }
    if let (true, Some(tree)) = (dump, ended.tree) {
        let depot = worker::process::open_depot(&config)?;
        dump::tree(&store, &depot, tree).await?;
        return dump::commits(&store, ended.repository).await;
    }
    println!("{{\"nodes\":{},\"bytes\":{},\"contents\":{}}}", ended.nodes, ended.bytes, ended.contents);
    Ok(())
}
