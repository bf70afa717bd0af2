//! Takes `audit.requested.v1`, the wake of an audit task.
//! Reads the snapshot's revisions, the stock's entries, the nodes of both where their trees differ, and what the
//! stock's checks need to know of what comes in.
//! Writes the audit's parts and findings as it goes, its counts at the end, and that the snapshot is audited.
//! Emits `snapshot.audited.v1`, and `commit.requested.v1` when the snapshot commits by itself.

mod compare;

use std::collections::VecDeque;

use async_trait::async_trait;
use contracts::{
    AuditId, ErrorKind, Failure, Outgoing, SnapshotId,
    messages::{AuditRequested, CommitRequested, ProgressReported, SnapshotAudited, Stage},
    policy::{CommitBy, StockPolicy},
};
use store::{
    Tx,
    audits::{self, AuditResult, AuditState, Ground, NewAudit},
    changes::PartReader,
    gate,
    revisions::{self, RevisionState},
    snapshots::{self, Snapshot, SnapshotState},
    stocks,
    tasks::Task,
};
use worker::{Commit, Job, Running};

use crate::{context::Context, looking::Looking};

/// Revisions whose parts are written in one transaction.
const PAGE: u32 = 500;

pub(crate) struct Audit {
    pub(crate) context: Context,
}

/// An audit that is being made.
struct Begun {
    snapshot: Snapshot,
    audit: AuditId,
    policy: StockPolicy,
    /// Nodes of all revisions, as far as they are known.
    nodes: u64,
}

#[async_trait]
impl Job for Audit {
    type Message = AuditRequested;
    const KIND: &'static str = audits::AUDIT;

    async fn run(&self, running: &Running) -> Result<Commit, Failure> {
        let begun = self.begin(running).await?;
        let looking = Looking::prepare(begun.snapshot.stock, &begun.policy)?;
        let audit = begun.audit;
        let mut after = self.context.store.read(move |tx| audits::last_part(tx, audit)).await?;
        let mut done = 0;
        loop {
            running.check_cancelled()?;
            let (id, stock) = (begun.snapshot.id, begun.snapshot.stock);
            let page = self
                .context
                .store
                .read(move |tx| {
                    let page = revisions::of_snapshot(tx, id, Some(RevisionState::Analyzed), after, PAGE)?;
                    let of: Vec<_> = page.iter().map(|revision| revision.repository).collect();
                    let entries = stocks::entries_of(tx, stock, &of)?;
                    Ok((page, entries))
                })
                .await?;
            let (revisions, mut entries) = page;
            let Some(last) = revisions.last() else { break };
            after = Some(last.id);
            let mut parts = Vec::with_capacity(revisions.len());
            let (mut open, mut pairs) = (VecDeque::new(), VecDeque::new());
            for revision in revisions {
                let entry = entries.remove(&revision.repository);
                match compare::plan(&self.context, &begun, revision, entry).await? {
                    None => {}
                    Some((part, None)) => {
                        done += part.counts.compared();
                        parts.push(part);
                    }
                    Some((part, Some(pair))) => {
                        open.push_back(part);
                        pairs.push_back(pair);
                    }
                }
            }
            while !pairs.is_empty() {
                running.check_cancelled()?;
                let (readers, rest) = self
                    .context
                    .store
                    .read(move |tx| {
                        let mut pairs = pairs;
                        Ok((PartReader::open_first(tx, &mut pairs, PartReader::TOGETHER)?, pairs))
                    })
                    .await?;
                pairs = rest;
                for opened in open.drain(..readers.len()).collect::<Vec<_>>().into_iter().zip(readers) {
                    let part = compare::fill(&self.context, running, &looking, audit, opened).await?;
                    done += part.counts.compared();
                    running.advance(done, begun.nodes.max(done));
                    parts.push(part);
                }
            }
            running.advance(done, begun.nodes.max(done));
            running.commit(move |tx| Ok((audits::add_parts(tx, audit, &parts)?, Vec::new()))).await?;
            running.pass("audit.after_part")?;
            running.progress.report(progress(running, &begun, done, false)).await;
        }
        running.pass("audit.after_compare")?;
        running.progress.report(progress(running, &begun, done, true)).await;
        let now = running.now();
        Ok(Commit::save(move |tx| finish(tx, &begun, now)))
    }

    fn failed(&self, task: &Task, failure: &Failure) -> Commit {
        let state = match failure.kind {
            ErrorKind::Cancelled => AuditState::Cancelled,
            // What it was asked for cannot be audited: its snapshot is gone, its policy is none.
            ErrorKind::Invalid | ErrorKind::NotFound => AuditState::ErrorTrigger,
            _ => AuditState::ErrorRuntime,
        };
        let (task, failure) = (task.id, failure.clone());
        let now = jiff::Timestamp::now();
        Commit::save(move |tx| {
            if let Some(audit) = audits::by_task(tx, task)? {
                audits::break_off(tx, audit.id, state, Some(&failure), now)?;
            }
            // The snapshot stays as it is, and nothing of it enters the stock, until a person asks for another
            // audit: one that failed for good would fail for ever.
            Ok(Vec::new())
        })
    }
}

impl Audit {
    /// The audit is made against the stock's version and policy of this moment; the commit asks for the same.
    async fn begin(&self, running: &Running) -> Result<Begun, Failure> {
        let (task, snapshot) = (running.task.id, SnapshotId(running.task.subject));
        let now = running.now();
        running
            .commit(move |tx| {
                let gone =
                    || Failure::new(ErrorKind::NotFound, format!("the audit of snapshot {snapshot} is gone"));
                let snapshot = snapshots::get(tx, snapshot)?.ok_or_else(gone)?;
                let stock = stocks::get(tx, snapshot.stock)?.ok_or_else(gone)?;
                let ground = Ground {
                    stock_version: stock.version,
                    policy: stock.policy,
                    policy_version: stock.policy_version,
                    analyzers: analysis::fingerprint(),
                    auditor: format!("stocktake {}", env!("CARGO_PKG_VERSION")),
                };
                let mut audit = audits::by_task(tx, task)?.ok_or_else(gone)?.id;
                if !audits::begin(tx, audit, &ground)? {
                    // The task is run again after its audit ended: that is another audit.
                    let stock_version = ground.stock_version;
                    let new = NewAudit { snapshot: snapshot.id, stock: stock.id, stock_version, task };
                    audit = audits::create(tx, &new, now)?;
                    audits::begin(tx, audit, &ground)?;
                }
                let nodes = snapshots::progress(tx, snapshot.id)?.nodes;
                Ok((Begun { snapshot, audit, policy: ground.policy, nodes }, Vec::new()))
            })
            .await
    }
}

/// Sums the audit up, and asks for the commit of a snapshot that commits by itself when nothing is in its way. What
/// does not go by itself waits for a person.
fn finish(tx: &mut Tx, begun: &Begun, now: jiff::Timestamp) -> Result<Vec<Outgoing>, Failure> {
    let (snapshot, audit) = (begun.snapshot.id, begun.audit);
    let failed = revisions::count(tx, snapshot, RevisionState::Failed)?;
    let found = audits::tally(tx, audit, failed)?;
    audits::finish(tx, audit, &found, now)?;
    snapshots::set_state(tx, snapshot, &[SnapshotState::Auditing], SnapshotState::Audited, now)?;
    let mut outgoing = vec![Outgoing::new(&audited(snapshot, audit, &found))];
    if begun.snapshot.auto_commit {
        let answer = gate::ask(tx, snapshot, false)?;
        let by_itself = answer.stock.policy.commit == CommitBy::Itself
            && answer.lacks.iter().all(gate::Lack::is_out_of_date);
        if by_itself {
            outgoing.push(Outgoing::new(&CommitRequested { snapshot, without_failed: false }));
        } else {
            snapshots::wait_for_person(tx, snapshot)?;
        }
    }
    Ok(outgoing)
}

fn audited(snapshot: SnapshotId, audit: AuditId, found: &AuditResult) -> SnapshotAudited {
    let counts = found.counts;
    SnapshotAudited {
        snapshot,
        audit,
        new: counts.new,
        modified: counts.modified,
        removed: counts.removed,
        moved: counts.moved,
        attributes: counts.attributes,
        kept: counts.kept,
        unchanged: counts.unchanged,
        blocking: found.findings.block,
    }
}

fn progress(running: &Running, begun: &Begun, done: u64, ended: bool) -> ProgressReported {
    ProgressReported {
        snapshot: begun.snapshot.id,
        subject: running.task.label.clone(),
        stage: Stage::Audit,
        done,
        total: Some(if ended { done } else { begun.nodes.max(done) }),
        bytes: 0,
        ended,
    }
}
