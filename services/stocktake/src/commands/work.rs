//! Commands that ask the services for something and wait until it is done.

use std::time::Duration;

use contracts::{Failure, Message, Outgoing, SnapshotId, messages::ProgressReported, route};
use jiff::Timestamp;
use store::{Store, StoreError, Tx};
use worker::{
    Engine,
    process::{self, Process},
};

use crate::{cli::Global, scan::Display, services::SERVICES, session};

/// How long an event may be waited for before the store is asked anyway.
const LOOK_AFTER: Duration = Duration::from_millis(200);

/// The store, for a command that only looks.
pub(crate) fn looking<T>(
    global: &Global,
    look: impl AsyncFnOnce(&Store) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let loaded = session::load(global, &[])?;
    process::block_on(async {
        let store = process::open_store(&loaded.config)?;
        if session::is_embedded(&loaded.config) {
            // A data directory that nobody has used is empty, not broken.
            store.migrate().await?;
        }
        look(&store).await
    })
}

/// Asks for something about a snapshot, and waits until `over` finds what came of it; none when the person has
/// stopped the wait. On one machine this process does the work itself.
pub(crate) fn asking<T: Send + 'static>(
    global: &Global,
    quiet: bool,
    snapshot: SnapshotId,
    mut ask: impl FnMut(&mut Tx, Timestamp) -> Result<Vec<Outgoing>, Failure> + Send + 'static,
    over: impl Fn(&mut Tx) -> Result<Option<T>, StoreError> + Clone + Send + 'static,
) -> Result<Option<T>, Failure> {
    let make = move |tx: &mut Tx, now| Ok((snapshot, ask(tx, now)?));
    Ok(making(global, quiet, make, move |tx, _| over(tx))?.map(|(_, found)| found))
}

/// The same for a snapshot that is made by what is asked for.
pub(crate) fn making<T: Send + 'static>(
    global: &Global,
    quiet: bool,
    mut make: impl FnMut(&mut Tx, Timestamp) -> Result<(SnapshotId, Vec<Outgoing>), Failure> + Send + 'static,
    over: impl Fn(&mut Tx, SnapshotId) -> Result<Option<T>, StoreError> + Clone + Send + 'static,
) -> Result<Option<(SnapshotId, T)>, Failure> {
    working(global, async move |engine| {
        let now = engine.clock.now();
        let events = engine.bus.events(route::EVENTS).await;
        let mut events = events.map_err(|error| Failure::new(error.kind(), error))?;
        let snapshot = engine.submit("stocktake", move |tx| make(tx, now)).await?;
        let display = Display::new(quiet);
        loop {
            let over = over.clone();
            if let Some(found) = engine.store.read(move |tx| over(tx, snapshot)).await? {
                display.clear();
                return Ok((snapshot, found));
            }
            let wait = tokio::time::timeout(LOOK_AFTER, events.next()).await;
            let Ok(Some(delivery)) = wait else { continue };
            if let Ok(envelope) = delivery.content
                && envelope.kind == ProgressReported::KIND
                && let Ok(report) = serde_json::from_slice::<ProgressReported>(&envelope.body)
                && report.snapshot == snapshot
            {
                display.show(&report);
            }
        }
    })
}

/// Does something in a process that can do what it asks for; none when the person has stopped it.
pub(crate) fn working<T>(
    global: &Global,
    work: impl AsyncFnOnce(&Engine) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    let extra = [
        ("log.level", "error".to_owned()),
        // Whoever sits at this machine has named these repositories before.
        ("fetch.allow_local", "true".to_owned()),
        ("fetch.allow_private_addresses", "true".to_owned()),
    ];
    let loaded = session::load(global, &extra)?;
    let embedded = session::is_embedded(&loaded.config);
    process::block_on(async {
        let mut process = Process::start(loaded.config, "stocktake", None).await?;
        if embedded {
            for (_, make) in SERVICES {
                process.serve(*make)?;
            }
        }
        let (engine, token) = (process.engine.clone(), process.supervisor.token());
        let running = tokio::spawn(process.run());
        let done = tokio::select! {
            done = work(&engine) => Some(done),
            () = token.cancelled() => None,
        };
        token.cancel();
        drop(running.await);
        done.transpose()
    })
}
