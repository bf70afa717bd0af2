//! Repositories become part of a snapshot: a row each, a visit task each, one message each.

use contracts::{
    Failure, Lane, Outgoing, RepositoryId, RevisionId, SnapshotId, TaskId, messages::VisitRequested,
};
use jiff::Timestamp;
use store::{
    Tx, repositories,
    revisions::{self, NewRevisions},
    tasks::{self, NewTask},
};

use crate::keep::Found;

/// The kind of the tasks that the repo-processor runs.
pub(crate) const PROCESS: &str = "process";

/// What became part of a snapshot now.
pub(crate) struct Enrolled {
    pub(crate) revisions: Vec<(RevisionId, RepositoryId)>,
    pub(crate) outgoing: Vec<Outgoing>,
}

/// Makes `found` part of `snapshot`. What already is part of it stays as it is, so that a page that is
/// indexed twice is indexed once.
pub(crate) fn enrol(
    tx: &mut Tx,
    snapshot: SnapshotId,
    found: &[Found],
    lane: Lane,
    now: Timestamp,
) -> Result<Enrolled, Failure> {
    let named: Vec<(String, String)> =
        found.iter().map(|found| (found.url.clone(), found.name.clone())).collect();
    let ids = repositories::upsert_many(tx, &named, now)?;
    let label_of = |id| ids.iter().position(|known| *known == id).map_or("", |at| found[at].url.as_str());
    let mut outgoing = Vec::new();
    let revisions = revisions::create_many(tx, snapshot, &ids, &NewRevisions::default(), now)?;
    for (revision, repository) in &revisions {
        let id = TaskId::new();
        let wake = Outgoing::in_lane(&VisitRequested { task: id }, lane);
        let label = label_of(*repository);
        tasks::create(tx, NewTask { id, kind: PROCESS, subject: revision.0, label, wake: &wake }, now)?;
        outgoing.push(wake);
    }
    Ok(Enrolled { revisions, outgoing })
}
