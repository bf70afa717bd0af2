//! Takes nothing; runs with the sweep.
//! Reads the snapshots that gather published discoveries.
//! Writes the end of gathering, some seconds after it began.
//! Emits `snapshot.ready.v1` for those whose repositories are all done by then.

use std::time::Duration;

use contracts::{Failure, Outgoing, messages::SnapshotReady};
use jiff::Timestamp;
use store::{
    Tx,
    snapshots::{self, SnapshotFilter, SnapshotState},
    sources,
};
use worker::Sweep;

use super::discovered::UPSTREAM;

/// For how long discoveries are gathered into one snapshot.
const GATHER: Duration = Duration::from_secs(5);

/// How many snapshots one sweep looks at.
const MOST: u32 = 1_000;

pub(crate) const SWEEP: Sweep = Sweep { name: "collected", only_when_dry: false, run: close_collected };

fn close_collected(tx: &mut Tx, _older_than: Timestamp, now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let mut outgoing = Vec::new();
    let gathering = SnapshotFilter { state: Some(SnapshotState::Indexing), ..SnapshotFilter::default() };
    for snapshot in snapshots::list(tx, &gathering, None, MOST)? {
        let source = match snapshot.source {
            Some(source) => sources::get(tx, source)?,
            None => None,
        };
        if source.is_none_or(|source| source.kind != UPSTREAM) || snapshot.created_at > now - GATHER {
            continue;
        }
        let snapshot = snapshot.id;
        snapshots::set_state(tx, snapshot, &[SnapshotState::Indexing], SnapshotState::Processing, now)?;
        if snapshots::ready_if_done(tx, snapshot, now)? {
            outgoing.push(Outgoing::new(&SnapshotReady { snapshot }));
        }
    }
    Ok(outgoing)
}
