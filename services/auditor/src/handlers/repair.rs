//! Takes `repair.requested.v1` from anyone.
//! Reads what the repair is about.
//! Writes the repair, and the work it takes: a visit that stores everything anew, or batches to analyse again.
//! Emits `visit.requested.v1` or `batch.stored.v1`, urgent; `repair.done.v1` when there is nothing to mend.

use std::collections::BTreeSet;

use async_trait::async_trait;
use contracts::{
    ErrorKind, Failure, Lane, Oid, Outgoing, RepairId, RepositoryId, StockId, TaskId,
    messages::{BatchStored, RepairDone, RepairRequested, VisitRequested},
    repair::{RepairAction, RepairSubject},
};
use jiff::Timestamp;
use store::{
    Tx,
    batches::{self, NewBatch},
    contents::{self, ContentState},
    repairs::{self, NewRepair, RepairState},
    repositories,
    revisions::{self, NewRevisions},
    snapshots::{self, NewSnapshot, SnapshotState},
    tasks::{self, NewTask},
    trees,
};
use worker::{Commit, Handler, Meta};

/// Contents of one batch.
const BATCH: usize = 1_024;
/// Nodes that are read at once.
const PAGE: u32 = 4_000;

pub(crate) struct Repair;

#[async_trait]
impl Handler for Repair {
    type Message = RepairRequested;

    async fn handle(&self, message: RepairRequested, meta: &Meta) -> Result<Commit, Failure> {
        let (id, now) = (meta.id.clone(), meta.now);
        Ok(Commit::save(move |tx| {
            let RepairRequested { action, subject, reason } = message.clone();
            let new = NewRepair { message_id: id.clone(), action, subject: subject.clone(), reason };
            let (repair, is_new) = repairs::insert(tx, &new, now)?;
            if !is_new {
                return Ok(Vec::new());
            }
            let begun = match action {
                RepairAction::Refetch => refetch(tx, repair, &subject, now),
                RepairAction::Reanalyze => reanalyze(tx, repair, &subject, now),
            };
            match begun {
                // What names nothing is a repair that failed, told like any other: nobody waits in vain.
                Err(failure) if failure.kind == ErrorKind::NotFound => {
                    Ok(vec![end(tx, repair, Some(&failure.reason), now)?])
                }
                begun => begun,
            }
        }))
    }
}

/// Ends a repair: well when there is no `trouble`.
pub(crate) fn end(
    tx: &mut Tx,
    repair: RepairId,
    trouble: Option<&str>,
    now: Timestamp,
) -> Result<Outgoing, Failure> {
    let state = if trouble.is_none() { RepairState::Done } else { RepairState::Failed };
    repairs::finish(tx, repair, state, trouble, now)?;
    let reason = trouble.map(str::to_owned);
    Ok(Outgoing::new(&RepairDone { repair, repaired: trouble.is_none(), reason }))
}

/// Where a subject is held: the tree, and the repository and commit it came from.
struct Held {
    repository: RepositoryId,
    url: String,
    stock: StockId,
    tree: Option<i64>,
    /// The commit that is meant, when it is not simply the newest.
    commit: Option<Oid>,
}

fn find(tx: &mut Tx, subject: &RepairSubject) -> Result<Held, Failure> {
    let missing = || Failure::new(ErrorKind::NotFound, format!("nothing here is {subject}"));
    let revision = match subject {
        RepairSubject::RepositoryUrl(url) => {
            let repository = repositories::by_url(tx, url)?.ok_or_else(missing)?;
            revisions::of_repository(tx, repository.id, None, 1)?.pop()
        }
        RepairSubject::Repository(id) => revisions::of_repository(tx, *id, None, 1)?.pop(),
        RepairSubject::Revision(id) => revisions::get(tx, *id)?,
        RepairSubject::Content(oid) => match trees::nodes_of_content(tx, oid, None, 1)?.first() {
            Some((tree, _)) => revisions::newest_of_tree(tx, *tree)?,
            None => None,
        },
    }
    .ok_or_else(missing)?;
    let stock = snapshots::get(tx, revision.snapshot)?.ok_or_else(missing)?.stock;
    let pinned = matches!(subject, RepairSubject::Revision(_) | RepairSubject::Content(_));
    Ok(Held {
        repository: revision.repository,
        url: revision.url,
        stock,
        tree: revision.tree,
        commit: revision.commit.filter(|_| pinned),
    })
}

/// A visit in a snapshot of its own that takes nothing for known. A visit of the newest commit enters the
/// stock like any other; one of an older commit only mends contents, and its snapshot is dropped.
fn refetch(
    tx: &mut Tx,
    repair: RepairId,
    subject: &RepairSubject,
    now: Timestamp,
) -> Result<Vec<Outgoing>, Failure> {
    let held = find(tx, subject)?;
    let auto_commit = held.commit.is_none();
    let new = NewSnapshot { stock: held.stock, source: None, auto_commit, repair: Some(repair) };
    let snapshot = snapshots::create(tx, &new, now)?.id;
    let revision = NewRevisions { force: true, pinned_commit: held.commit, repair: Some(repair) };
    let mut outgoing = Vec::new();
    for (revision, _) in revisions::create_many(tx, snapshot, &[held.repository], &revision, now)? {
        let id = TaskId::new();
        let wake = Outgoing::in_lane(&VisitRequested { task: id }, Lane::Urgent);
        let task = NewTask { id, kind: "process", subject: revision.0, label: &held.url, wake: &wake };
        tasks::create(tx, task, now)?;
        outgoing.push(wake);
    }
    snapshots::set_state(tx, snapshot, &[SnapshotState::Indexing], SnapshotState::Processing, now)?;
    Ok(outgoing)
}

fn reanalyze(
    tx: &mut Tx,
    repair: RepairId,
    subject: &RepairSubject,
    now: Timestamp,
) -> Result<Vec<Outgoing>, Failure> {
    let items = match subject {
        RepairSubject::Content(oid) => items_of_content(tx, oid)?,
        _ => match find(tx, subject)?.tree {
            Some(tree) => items_of_tree(tx, tree)?,
            None => {
                return Err(Failure::new(ErrorKind::NotFound, format!("{subject} has never been fetched")));
            }
        },
    };
    let mut outgoing = Vec::new();
    for items in items.chunks(BATCH) {
        let batch = NewBatch {
            revision: None,
            repair: Some(repair),
            force: true,
            items: items.to_vec(),
            bytes: 0,
            lane: Lane::Urgent,
        };
        let batch = batches::create(tx, &batch, now)?;
        outgoing.push(Outgoing::in_lane(&BatchStored { batch }, Lane::Urgent));
    }
    if outgoing.is_empty() {
        outgoing.push(end(tx, repair, None, now)?);
    }
    Ok(outgoing)
}

fn items_of_content(tx: &mut Tx, oid: &Oid) -> Result<Vec<(i64, String)>, Failure> {
    let missing = || Failure::new(ErrorKind::NotFound, format!("no content has the id {oid}"));
    let id = contents::known(tx, std::slice::from_ref(oid))?.get(oid).ok_or_else(missing)?.id;
    let named = trees::nodes_of_content(tx, oid, None, PAGE)?;
    let hints: BTreeSet<&str> = named.iter().map(|(_, path)| analysis::hint(path)).collect();
    Ok(hints.into_iter().map(|hint| (id, hint.to_owned())).collect())
}

fn items_of_tree(tx: &mut Tx, tree: i64) -> Result<Vec<(i64, String)>, Failure> {
    let mut items = BTreeSet::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let page = trees::contents_page(tx, tree, after.as_deref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(items.into_iter().collect()) };
        for row in &page {
            if let Some((id, ContentState::Stored)) = row.content {
                items.insert((id, analysis::hint(&row.node.path).to_owned()));
            }
        }
        after = Some(last.node.path.clone());
    }
}
