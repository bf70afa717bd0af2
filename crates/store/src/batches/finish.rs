//! How a batch ends, and what ends with it.

use contracts::{BatchId, RepairId, RevisionId, SnapshotId};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use super::{BatchState, open_of_repair, open_of_revision};
use crate::{
    StoreError, Tx,
    lock::lock_row,
    revisions::RevisionState,
    schema::{batches, repairs, revisions},
    types::{Id, Instant},
    values::to_db,
};

/// What ended when a batch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchEnd {
    /// Nothing: there is no such batch, its revision was begun anew.
    Gone,
    /// Nothing: the batch had ended before.
    Already,
    /// The batch, and others of its revision or repair are open or still to come.
    More,
    /// The batch and with it its revision, which is analysed now.
    LastOfRevision {
        /// The revision.
        revision: RevisionId,
        /// The snapshot that it is part of.
        snapshot: SnapshotId,
    },
    /// The batch, which was the last that this repair waited for.
    LastOfRepair(RepairId),
}

/// Ends the batch, of which so many items were analysed and so many failed, and counts them for its
/// revision. Exactly one of all batches of a revision or repair is told to be the last: revision or
/// repair are locked first. A revision ends with its last batch only once it is stored; before that
/// more batches may come, and [`crate::revisions::stored`] tells.
///
/// # Errors
/// When the database does not answer.
pub fn finish(
    tx: &mut Tx,
    id: BatchId,
    analyzed: u64,
    failed: u64,
    now: Timestamp,
) -> Result<BatchEnd, StoreError> {
    let owner = batches::table
        .find(Id::from(id))
        .select((batches::revision_id, batches::repair_id))
        .first::<(Option<Id>, Option<Id>)>(tx.conn())
        .optional()?;
    let Some((revision, repair)) = owner else { return Ok(BatchEnd::Gone) };
    let (revision, repair) = (revision.map(RevisionId::from), repair.map(RepairId::from));
    if let Some(revision) = revision {
        lock_row!(tx, revisions, revision)?;
    } else if let Some(repair) = repair {
        lock_row!(tx, repairs, repair)?;
    }
    let open = batches::table.find(Id::from(id)).filter(batches::ended_at.is_null());
    let ended = diesel::update(open)
        .set((batches::state.eq(BatchState::Analyzed.as_str()), batches::ended_at.eq(Instant(now))))
        .execute(tx.conn())?;
    if ended == 0 {
        let there: i64 = batches::table.find(Id::from(id)).count().get_result(tx.conn())?;
        return Ok(if there == 0 { BatchEnd::Gone } else { BatchEnd::Already });
    }
    if let Some(revision) = revision {
        of_revision(tx, revision, analyzed, failed, now)
    } else if let Some(repair) = repair {
        let last = open_of_repair(tx, repair)? == 0;
        Ok(if last { BatchEnd::LastOfRepair(repair) } else { BatchEnd::More })
    } else {
        Ok(BatchEnd::More)
    }
}

fn of_revision(
    tx: &mut Tx,
    revision: RevisionId,
    analyzed: u64,
    failed: u64,
    now: Timestamp,
) -> Result<BatchEnd, StoreError> {
    diesel::update(revisions::table.find(Id::from(revision)))
        .set((
            revisions::batches_done.eq(revisions::batches_done + 1),
            revisions::analyzed.eq(revisions::analyzed + to_db(analyzed)),
            revisions::failed.eq(revisions::failed + to_db(failed)),
        ))
        .execute(tx.conn())?;
    if open_of_revision(tx, revision)? > 0 {
        return Ok(BatchEnd::More);
    }
    let stored =
        revisions::table.find(Id::from(revision)).filter(revisions::state.eq(RevisionState::Stored.as_str()));
    let last = diesel::update(stored)
        .set((revisions::state.eq(RevisionState::Analyzed.as_str()), revisions::ended_at.eq(Instant(now))))
        .execute(tx.conn())?;
    if last == 0 {
        return Ok(BatchEnd::More);
    }
    let snapshot: Id =
        revisions::table.find(Id::from(revision)).select(revisions::snapshot_id).first(tx.conn())?;
    Ok(BatchEnd::LastOfRevision { revision, snapshot: snapshot.into() })
}
