//! The end of processing: a snapshot is ready when the last of its parts is done.

use contracts::SnapshotId;
use jiff::Timestamp;

use super::{SnapshotState, lock, set_state};
use crate::{StoreError, Tx, revisions};

/// Makes the snapshot [`SnapshotState::Ready`] when all its repositories are known and every one of them is
/// done. Returns whether this call did it: of all that end the last parts at once, exactly one is told so.
///
/// # Errors
/// When the database does not answer.
pub fn ready_if_done(tx: &mut Tx, id: SnapshotId, now: Timestamp) -> Result<bool, StoreError> {
    // Under the lock: two that end at once would each see the other's part open.
    let processing = lock(tx, id)?.is_some_and(|snapshot| snapshot.state == SnapshotState::Processing);
    if !processing || revisions::count_open(tx, id)? > 0 {
        return Ok(false);
    }
    set_state(tx, id, &[SnapshotState::Processing], SnapshotState::Ready, now)
}
