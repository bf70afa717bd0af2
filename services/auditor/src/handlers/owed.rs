//! Takes nothing; runs with the sweep.
//! Reads the snapshots that are ready and not being audited, or audited and not yet committed.
//! Writes nothing.
//! Emits `snapshot.ready.v1` and `commit.requested.v1` for them again.

use contracts::{
    Failure, Outgoing,
    messages::{CommitRequested, SnapshotReady},
};
use jiff::Timestamp;
use store::{
    Tx,
    snapshots::{self, SnapshotFilter, SnapshotState},
};
use worker::Sweep;

/// How many snapshots one sweep offers at the most.
const MOST: u32 = 200;

pub(crate) const REPAIRS: Sweep =
    Sweep { name: "repairs", only_when_dry: true, run: super::repair_ended::end_owed };

pub(crate) const SWEEP: Sweep = Sweep { name: "snapshots", only_when_dry: true, run: offer_owed };

fn offer_owed(tx: &mut Tx, older_than: Timestamp, _now: Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let mut outgoing = Vec::new();
    for snapshot in in_state(tx, SnapshotState::Ready)? {
        if snapshot.ready_at.is_none_or(|at| at <= older_than) {
            outgoing.push(Outgoing::new(&SnapshotReady { snapshot: snapshot.id }));
        }
    }
    for snapshot in in_state(tx, SnapshotState::Audited)? {
        if snapshot.auto_commit && snapshot.audited_at.is_none_or(|at| at <= older_than) {
            outgoing.push(Outgoing::new(&CommitRequested { snapshot: snapshot.id, without_failed: false }));
        }
    }
    Ok(outgoing)
}

fn in_state(tx: &mut Tx, state: SnapshotState) -> Result<Vec<snapshots::Snapshot>, Failure> {
    let filter = SnapshotFilter { state: Some(state), ..SnapshotFilter::default() };
    Ok(snapshots::list(tx, &filter, None, MOST)?)
}
