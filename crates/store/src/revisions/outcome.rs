//! What becomes of a revision.

use contracts::{Failure, Oid, RevisionId};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use super::RevisionState;
use crate::{
    StoreError, Tx, batches,
    keys::storable,
    lock::lock_row,
    schema::{batches as batch_rows, revisions},
    trees::{self, Tree},
    types::{Hash, Id, Instant},
    values::to_db,
};

/// Begins the visit, or begins it anew: what an earlier attempt found is forgotten, and its batches
/// that are not done are deleted. Returns whether there is such a revision.
///
/// # Errors
/// When the database does not answer.
pub fn start(tx: &mut Tx, id: RevisionId) -> Result<bool, StoreError> {
    lock_row!(tx, revisions, id)?;
    let changed = diesel::update(revisions::table.find(Id::from(id)))
        .set((
            revisions::state.eq(RevisionState::Fetching.as_str()),
            revisions::commit_id.eq(None::<Hash>),
            revisions::tree_id.eq(None::<i64>),
            revisions::unchanged.eq(false),
            revisions::error_kind.eq(None::<&str>),
            revisions::error_reason.eq(None::<&str>),
            revisions::nodes.eq(0),
            revisions::bytes.eq(0),
            revisions::contents.eq(0),
            revisions::to_analyze.eq(0),
            revisions::analyzed.eq(0),
            revisions::failed.eq(0),
            revisions::batches_total.eq(0),
            revisions::batches_done.eq(0),
            revisions::fetched_at.eq(None::<Instant>),
            revisions::ended_at.eq(None::<Instant>),
        ))
        .execute(tx.conn())?;
    diesel::delete(batch_rows::table)
        .filter(batch_rows::revision_id.eq(Id::from(id)))
        .filter(batch_rows::ended_at.is_null())
        .execute(tx.conn())?;
    Ok(changed > 0)
}

/// Notes that the tree is complete and every batch is made. Returns the state since then:
/// [`RevisionState::Analyzed`] when no batch is open any more, [`RevisionState::Stored`] while some is.
///
/// # Errors
/// [`StoreError::NotFound`] without such a revision; [`StoreError::Conflict`] when the tree is gone, so that the
/// visit has to look again; when the database does not answer.
pub fn stored(
    tx: &mut Tx,
    id: RevisionId,
    commit: Option<Oid>,
    tree: i64,
    now: Timestamp,
) -> Result<RevisionState, StoreError> {
    // Under this lock no batch can end between the count and the update.
    lock_row!(tx, revisions, id)?;
    let open = batches::open_of_revision(tx, id)?;
    let state = if open == 0 { RevisionState::Analyzed } else { RevisionState::Stored };
    if !save(tx, id, state, commit, tree, false, now)? {
        return Err(StoreError::NotFound(format!("no revision {id}")));
    }
    Ok(state)
}

/// Notes that the visit found this tree, which is known and analysed. Returns whether there is such a
/// revision.
///
/// # Errors
/// [`StoreError::Conflict`] when the tree is gone, so that the visit has to look again; when the database does
/// not answer.
pub fn unchanged(
    tx: &mut Tx,
    id: RevisionId,
    commit: Option<Oid>,
    tree: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    save(tx, id, RevisionState::Analyzed, commit, tree, true, now)
}

fn save(
    tx: &mut Tx,
    id: RevisionId,
    state: RevisionState,
    commit: Option<Oid>,
    tree: i64,
    unchanged: bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Tree { nodes, bytes, contents, .. } = trees::hold(tx, tree)?;
    let ended_at = (state == RevisionState::Analyzed).then_some(Instant(now));
    let changed = diesel::update(revisions::table.find(Id::from(id)))
        .set((
            revisions::state.eq(state.as_str()),
            revisions::commit_id.eq(commit.map(Hash)),
            revisions::tree_id.eq(Some(tree)),
            revisions::unchanged.eq(unchanged),
            revisions::nodes.eq(to_db(nodes)),
            revisions::bytes.eq(to_db(bytes)),
            revisions::contents.eq(to_db(contents)),
            revisions::fetched_at.eq(Some(Instant(now))),
            revisions::ended_at.eq(ended_at),
        ))
        .execute(tx.conn())?;
    Ok(changed > 0)
}

/// Notes that the visit failed for good, and why. Returns false when the revision had ended already.
///
/// # Errors
/// When the database does not answer.
pub fn failed(tx: &mut Tx, id: RevisionId, failure: &Failure, now: Timestamp) -> Result<bool, StoreError> {
    let changed = diesel::update(revisions::table.find(Id::from(id)).filter(revisions::ended_at.is_null()))
        .set((
            revisions::state.eq(RevisionState::Failed.as_str()),
            revisions::error_kind.eq(Some(failure.kind.as_str())),
            revisions::error_reason.eq(Some(storable(&failure.reason).as_ref())),
            revisions::ended_at.eq(Some(Instant(now))),
        ))
        .execute(tx.conn())?;
    Ok(changed > 0)
}
