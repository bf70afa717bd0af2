//! Takes `snapshot.ready.v1`.
//! Reads the snapshot.
//! Writes an audit, its task, and that the snapshot is being audited.
//! Emits `audit.requested.v1`.

use async_trait::async_trait;
use contracts::{Failure, messages::SnapshotReady};
use store::{
    audits,
    snapshots::{self, SnapshotState},
};
use worker::{Commit, Handler, Meta};

pub(crate) struct Ready;

#[async_trait]
impl Handler for Ready {
    type Message = SnapshotReady;

    async fn handle(&self, message: SnapshotReady, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| {
            match snapshots::lock(tx, message.snapshot)? {
                Some(snapshot) if snapshot.state == SnapshotState::Ready => {
                    Ok(audits::plan(tx, snapshot.id, now)?.outgoing)
                }
                // Said twice, or aborted meanwhile.
                _ => Ok(Vec::new()),
            }
        }))
    }
}
