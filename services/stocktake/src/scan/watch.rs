//! Waits for the end of a run, and shows how far it has come.
//!
//! The store says when it is over; events only say when to look, and what to show.

use std::time::Duration;

use bus::Consumer;
use contracts::{
    ErrorKind, Failure, Message,
    messages::{ProgressReported, TaskDelayed, TaskEnded},
};
use store::snapshots::{self, SnapshotState};
use worker::Engine;

use super::{begin::Run, progress::Display};

/// How long an event may be waited for before the store is asked anyway.
const LOOK_AFTER: Duration = Duration::from_millis(200);

pub(crate) async fn until_over(
    engine: &Engine,
    mut events: Box<dyn Consumer>,
    run: &Option<Run>,
    commits: bool,
    display: &Display,
) -> Result<(), Failure> {
    let Some(run) = run else { return Ok(()) };
    loop {
        if is_over(engine, run, commits).await? {
            return Ok(());
        }
        let wait = tokio::time::timeout(LOOK_AFTER, events.next()).await;
        let Ok(Some(delivery)) = wait else { continue };
        let Ok(envelope) = delivery.content else { continue };
        if envelope.kind == ProgressReported::KIND {
            if let Ok(report) = serde_json::from_slice::<ProgressReported>(&envelope.body)
                && report.snapshot == run.snapshot
            {
                display.show(&report);
            }
        } else if envelope.kind == TaskDelayed::KIND {
            if let Ok(delayed) = serde_json::from_slice::<TaskDelayed>(&envelope.body) {
                display.tell(&again(&delayed));
            }
        } else if envelope.kind == TaskEnded::KIND
            && let Ok(ended) = serde_json::from_slice::<TaskEnded>(&envelope.body)
            && ended.kind == "audit"
            && let Some(kind) = ended.error
        {
            let reason = ended.reason.unwrap_or_default();
            return Err(Failure::new(
                kind,
                format!("the audit of snapshot {} failed: {reason}", run.snapshot),
            ));
        }
    }
}

/// What is being tried again, and why.
fn again(delayed: &TaskDelayed) -> String {
    let TaskDelayed { subject, reason, tried, tries, seconds, .. } = delayed;
    // Many a reason names what it is about by itself.
    let about = if reason.contains(subject) { String::new() } else { format!("{subject}: ") };
    format!("{about}{reason}; try {} of {tries} in {seconds} s", tried + 1)
}

async fn is_over(engine: &Engine, run: &Run, commits: bool) -> Result<bool, Failure> {
    let id = run.snapshot;
    let snapshot = engine.store.read(move |tx| snapshots::get(tx, id)).await?;
    let gone = || Failure::new(ErrorKind::NotFound, format!("snapshot {id} is gone"));
    Ok(match snapshot.ok_or_else(gone)?.state {
        SnapshotState::Committed | SnapshotState::Aborted => true,
        SnapshotState::Audited => !commits,
        _ => false,
    })
}
