//! How revisions are made.

use std::collections::HashSet;

use contracts::{Oid, RepairId, RepositoryId, RevisionId, SnapshotId};
use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};
use jiff::Timestamp;

use super::RevisionState;
use crate::{
    StoreError, Tx,
    bulk::upsert_many,
    connection::each,
    schema::revisions,
    types::{Hash, Id, Instant},
    values::KEYS,
};

/// What revisions that are made together have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NewRevisions {
    /// Whether everything is to be fetched and stored anew, known or not.
    pub force: bool,
    /// The commit to fetch instead of the newest.
    pub pinned_commit: Option<Oid>,
    /// The repair that asks for them.
    pub repair: Option<RepairId>,
}

#[derive(Insertable)]
#[diesel(table_name = revisions, treat_none_as_default_value = false)]
struct NewRow {
    id: Id,
    snapshot_id: Id,
    repository_id: Id,
    state: &'static str,
    force: bool,
    pinned_commit: Option<Hash>,
    unchanged: bool,
    nodes: i64,
    bytes: i64,
    contents: i64,
    to_analyze: i64,
    analyzed: i64,
    failed: i64,
    batches_total: i64,
    batches_done: i64,
    repair_id: Option<Id>,
    created_at: Instant,
}

/// Makes a revision of each repository in the snapshot, but for those that it has already. Returns the
/// new ones.
///
/// # Errors
/// When the snapshot or a repository is not there, or the database does not answer.
pub fn create_many(
    tx: &mut Tx,
    snapshot: SnapshotId,
    repositories: &[RepositoryId],
    new: &NewRevisions,
    now: Timestamp,
) -> Result<Vec<(RevisionId, RepositoryId)>, StoreError> {
    let mut sorted = repositories.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut made = Vec::new();
    for part in sorted.chunks(KEYS) {
        let rows: Vec<NewRow> = part.iter().map(|repository| row(snapshot, *repository, new, now)).collect();
        let inserted = upsert_many!(tx, &rows, rows => diesel::insert_into(revisions::table)
            .values(rows)
            .on_conflict_do_nothing())?;
        let pairs = rows.iter().map(|row| (RevisionId::from(row.id), RepositoryId::from(row.repository_id)));
        if inserted == rows.len() {
            made.extend(pairs);
        } else {
            let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
            let there: Vec<Id> = each!(tx, c => revisions::table
                .filter(revisions::id.eq_any(ids))
                .select(revisions::id)
                .load(c))?;
            let there: HashSet<RevisionId> = there.into_iter().map(Into::into).collect();
            made.extend(pairs.filter(|(revision, _)| there.contains(revision)));
        }
    }
    Ok(made)
}

fn row(snapshot: SnapshotId, repository: RepositoryId, new: &NewRevisions, now: Timestamp) -> NewRow {
    NewRow {
        id: RevisionId::new().into(),
        snapshot_id: snapshot.into(),
        repository_id: repository.into(),
        state: RevisionState::Pending.as_str(),
        force: new.force,
        pinned_commit: new.pinned_commit.map(Hash),
        unchanged: false,
        nodes: 0,
        bytes: 0,
        contents: 0,
        to_analyze: 0,
        analyzed: 0,
        failed: 0,
        batches_total: 0,
        batches_done: 0,
        repair_id: new.repair.map(Id::from),
        created_at: Instant(now),
    }
}
