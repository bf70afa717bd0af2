//! A snapshot of repositories that someone lists: to be visited, or with the nodes that they are to have.

use std::collections::BTreeMap;

use contracts::{
    Lane, Oid, Outgoing, SnapshotId, TaskId,
    messages::{ManifestEntry, SnapshotReady, VisitRequested},
    policy::CommitBy,
};
use jiff::Timestamp;

use super::{
    NewSnapshot, Origin, SnapshotState, create,
    listed::{self, Analyzing},
    ready_if_done, set_origin, set_state,
};
use crate::{
    StoreError, Tx, repositories,
    revisions::{self, NewRevisions},
    stocks,
    tasks::{self, NewTask},
};

/// The stock of whoever names none.
pub const DEFAULT_STOCK: &str = "default";
/// The most repositories of one list.
pub const MAX_MANIFEST: usize = 10_000;
/// The kind of the tasks that visit a repository.
const PROCESS: &str = "process";

/// Begins a snapshot of these repositories, each with its canonical clone URL and the name for people that goes
/// with it. One that is listed with its nodes has them at once, and only what no analyzer has looked at is analysed;
/// any other gets a visit. A repository that is listed twice is visited once, at the last commit that is given.
/// Returns the snapshot and what is to be said.
///
/// # Errors
/// [`StoreError::Invalid`] when the list is empty or too long, a node of it is none, or contents of nodes are not
/// held; when the database does not answer.
pub fn from_manifest(
    tx: &mut Tx,
    stock: &str,
    listed: &[(ManifestEntry, String)],
    (origin, wait): (Origin, bool),
    analyzing: &Analyzing,
    now: Timestamp,
) -> Result<(SnapshotId, Vec<Outgoing>), StoreError> {
    if listed.is_empty() || listed.len() > MAX_MANIFEST {
        let text = format!("a snapshot of {} repositories; it takes 1 to {MAX_MANIFEST}", listed.len());
        return Err(StoreError::Invalid(text));
    }
    let stock = stocks::get_or_create(tx, stock, now)?;
    let auto_commit = !wait && stock.policy.commit == CommitBy::Itself;
    let new = NewSnapshot { stock: stock.id, source: None, auto_commit, repair: None };
    let snapshot = create(tx, &new, now)?.id;
    set_origin(tx, snapshot, origin)?;
    let named: Vec<(String, String)> =
        listed.iter().map(|(entry, name)| (entry.url.clone(), name.clone())).collect();
    let ids = repositories::upsert_many(tx, &named, now)?;
    let (with_nodes, visited): (Vec<_>, Vec<_>) =
        ids.iter().zip(listed).partition(|(_, (entry, _))| entry.nodes.is_some());
    let mut outgoing = listed::take(tx, snapshot, &with_nodes, analyzing, now)?;
    let wanted: BTreeMap<_, (Option<Oid>, &str)> =
        visited.iter().map(|(id, (entry, _))| (**id, (entry.commit, entry.url.as_str()))).collect();
    let mut of_commit: BTreeMap<Option<Oid>, Vec<_>> = BTreeMap::new();
    for (id, (commit, _)) in &wanted {
        of_commit.entry(*commit).or_default().push(*id);
    }
    for (pinned_commit, repositories) in of_commit {
        let new = NewRevisions { pinned_commit, ..NewRevisions::default() };
        for (revision, repository) in revisions::create_many(tx, snapshot, &repositories, &new, now)? {
            let id = TaskId::new();
            let wake = Outgoing::in_lane(&VisitRequested { task: id }, Lane::Normal);
            let label = wanted.get(&repository).map_or("", |(_, url)| url);
            tasks::create(tx, NewTask { id, kind: PROCESS, subject: revision.0, label, wake: &wake }, now)?;
            outgoing.push(wake);
        }
    }
    set_state(tx, snapshot, &[SnapshotState::Indexing], SnapshotState::Processing, now)?;
    if visited.is_empty() && ready_if_done(tx, snapshot, now)? {
        outgoing.push(Outgoing::new(&SnapshotReady { snapshot }));
    }
    Ok((snapshot, outgoing))
}
