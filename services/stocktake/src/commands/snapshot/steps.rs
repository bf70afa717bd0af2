//! A snapshot's way: audited, committed, visited again, aborted.

use std::process::ExitCode;

use contracts::{ErrorKind, Failure, Outgoing, SnapshotId, messages::CommitRequested};
use store::{
    StoreError, Tx,
    audits::{self, AuditState},
    findings, gate,
    snapshots::{self, SnapshotState},
};

use super::{Step, Which, look::SNAPSHOT};
use crate::{
    cli::Global,
    commands::{listing, work},
    output::{self, TableFormat},
};

/// When a person has stopped the wait.
pub(super) const INTERRUPTED: u8 = 130;

/// Prints what came of a step, and says whether it came to what was wanted.
pub(super) fn told(
    global: &Global,
    format: TableFormat,
    id: SnapshotId,
    went_well: Option<bool>,
) -> Result<ExitCode, Failure> {
    let Some(went_well) = went_well else {
        output::note("stopped waiting; `stocktake snapshot show` says how far it is");
        return Ok(ExitCode::from(INTERRUPTED));
    };
    work::looking(global, async |store| {
        let shown = store.read(move |tx| gateway::shown::snapshot_detail(tx, id)).await?;
        listing::one(format, &shown.unwrap_or_default(), SNAPSHOT)?;
        Ok(if went_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

fn find(global: &Global, which: Which) -> Result<SnapshotId, Failure> {
    work::looking(global, async |store| which.find(store).await)
}

/// Ends well when the audit has finished and nothing that it found forbids the commit.
pub(super) fn audit(global: &Global, step: &Step) -> Result<ExitCode, Failure> {
    let id = find(global, step.snapshot)?;
    let ask = move |tx: &mut Tx, now| Ok(audits::plan(tx, id, now)?.outgoing);
    let over = move |tx: &mut Tx| {
        let Some(audit) = audits::latest_of_snapshot(tx, id)? else { return Ok(None) };
        if audit.finished_at.is_none() {
            return Ok(None);
        }
        let open = findings::count_open_blocking(tx, audit.id)?;
        Ok(Some(audit.state == AuditState::Finished && open == 0))
    };
    let went_well = work::asking(global, step.quiet, id, ask, over)?;
    told(global, step.format, id, went_well)
}

pub(super) fn commit(global: &Global, step: &Step, without_failed: bool) -> Result<ExitCode, Failure> {
    let id = find(global, step.snapshot)?;
    let ask = move |tx: &mut Tx, _| {
        let answer = gate::ask(tx, id, without_failed)?;
        if answer.lacks.is_empty() {
            return Ok(vec![Outgoing::new(&CommitRequested { snapshot: id, without_failed })]);
        }
        let lacks: Vec<String> = answer.lacks.iter().map(ToString::to_string).collect();
        let text = format!("snapshot {id} cannot be committed: {}", lacks.join("; "));
        Err(Failure::new(ErrorKind::Conflict, text))
    };
    let over = move |tx: &mut Tx| {
        let state = state(tx, id)?;
        if state == SnapshotState::Committed {
            return Ok(Some(true));
        }
        // Somebody else was quicker: what was missing for nothing at first is missing for something now.
        let lacks = gate::ask(tx, id, without_failed)?.lacks;
        Ok((!lacks.is_empty()).then_some(false))
    };
    let went_well = work::asking(global, step.quiet, id, ask, over)?;
    told(global, step.format, id, went_well)
}

/// Ends well when everything that was visited again came to something, and the snapshot is audited.
pub(super) fn retry(global: &Global, step: &Step) -> Result<ExitCode, Failure> {
    let id = find(global, step.snapshot)?;
    let ask = move |tx: &mut Tx, now| Ok(snapshots::retry_failed(tx, id, now)?.1);
    let over = move |tx: &mut Tx| {
        let waits = matches!(
            state(tx, id)?,
            SnapshotState::Indexing
                | SnapshotState::Processing
                | SnapshotState::Ready
                | SnapshotState::Auditing
        );
        if waits {
            return Ok(None);
        }
        Ok(Some(snapshots::progress(tx, id)?.failed == 0))
    };
    let went_well = work::asking(global, step.quiet, id, ask, over)?;
    told(global, step.format, id, went_well)
}

pub(super) fn abort(global: &Global, which: Which) -> Result<ExitCode, Failure> {
    let id = find(global, which)?;
    work::working(global, async |engine| gateway::steer::end_snapshot(engine, id, engine.clock.now()).await)?;
    output::line(format_args!("snapshot {id} is aborted"))?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn state(tx: &mut Tx, id: SnapshotId) -> Result<SnapshotState, StoreError> {
    let missing = || StoreError::NotFound(format!("snapshot {id} is gone"));
    Ok(snapshots::get(tx, id)?.ok_or_else(missing)?.state)
}
