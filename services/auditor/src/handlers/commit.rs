//! Takes `commit.requested.v1`.
//! Reads the snapshot's newest audit with what it found, its revisions, and the stock's version and policy.
//! Writes the stock's next version, and that the snapshot is committed.
//! Emits `snapshot.committed.v1`; `audit.requested.v1` when the audit of a snapshot that commits by itself is out
//! of date; `commit.refused.v1` when something else is missing.

use async_trait::async_trait;
use contracts::{
    ErrorKind, Failure, Outgoing, SnapshotId,
    messages::{CommitRefused, CommitRequested, SnapshotCommitted},
};
use jiff::Timestamp;
use store::{
    Tx, audits,
    gate::{self, Answer, Lack},
    snapshots, stocks,
};
use worker::{Commit, Handler, Meta};

pub(crate) struct CommitSnapshot;

#[async_trait]
impl Handler for CommitSnapshot {
    type Message = CommitRequested;

    async fn handle(&self, message: CommitRequested, meta: &Meta) -> Result<Commit, Failure> {
        let now = meta.now;
        Ok(Commit::save(move |tx| commit(tx, message.snapshot, message.without_failed, now)))
    }
}

/// What is to be done about a wish to commit.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Commit,
    AuditAgain,
    /// Said twice, aborted meanwhile, or an audit is under way that will ask for the commit again.
    Nothing,
    Refuse,
}

fn decide(commits_by_itself: bool, lacks: &[Lack]) -> Next {
    match lacks {
        [] => Next::Commit,
        [Lack::Committed | Lack::Aborted, ..] => Next::Nothing,
        [Lack::Auditing, ..] if commits_by_itself => Next::Nothing,
        lacks if commits_by_itself && lacks.iter().all(Lack::is_out_of_date) => Next::AuditAgain,
        _ => Next::Refuse,
    }
}

fn commit(
    tx: &mut Tx,
    id: SnapshotId,
    without_failed: bool,
    now: Timestamp,
) -> Result<Vec<Outgoing>, Failure> {
    let missing = || Failure::new(ErrorKind::NotFound, format!("no snapshot has the id {id}"));
    let stock = snapshots::get(tx, id)?.ok_or_else(missing)?.stock;
    // The stock first, then the snapshot: the order in which everything locks.
    stocks::lock(tx, stock)?.ok_or_else(missing)?;
    snapshots::lock(tx, id)?.ok_or_else(missing)?;
    let Answer { snapshot, audit, lacks, .. } = gate::ask(tx, id, without_failed)?;
    match (decide(snapshot.auto_commit, &lacks), audit) {
        (Next::Nothing, _) => Ok(Vec::new()),
        (Next::AuditAgain, _) => Ok(audits::plan(tx, id, now)?.outgoing),
        (Next::Commit, Some(audit)) => {
            runtime::faults::point("commit.before_entries");
            let (version, _) = stocks::commit_audit(tx, &audit, now)?;
            snapshots::committed(tx, id, version, now)?;
            stocks::trim(tx, stock, now)?;
            Ok(vec![Outgoing::new(&SnapshotCommitted { snapshot: id, stock, version })])
        }
        (Next::Commit | Next::Refuse, _) => {
            let missing = lacks.iter().map(ToString::to_string).collect();
            Ok(vec![Outgoing::new(&CommitRefused { snapshot: id, stock, missing })])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_granted_refused_or_put_off() {
        let moved = || Lack::StockMoved { audited: 1, current: 2 };
        for (by_itself, lacks, next) in [
            (true, vec![], Next::Commit),
            (false, vec![], Next::Commit),
            (true, vec![Lack::Committed], Next::Nothing),
            (false, vec![Lack::Aborted], Next::Nothing),
            (true, vec![Lack::Auditing], Next::Nothing),
            (false, vec![Lack::Auditing], Next::Refuse),
            (true, vec![moved(), Lack::PolicyChanged], Next::AuditAgain),
            (false, vec![moved()], Next::Refuse),
            (true, vec![moved(), Lack::Blocked { findings: 1 }], Next::Refuse),
            (true, vec![Lack::NotAudited], Next::Refuse),
        ] {
            assert_eq!(decide(by_itself, &lacks), next, "{by_itself} {lacks:?}");
        }
    }
}
