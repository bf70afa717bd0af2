//! An audit is asked for: its row, its task, and the message that wakes it.

use contracts::{AuditId, Outgoing, SnapshotId, TaskId, messages::AuditRequested};
use jiff::Timestamp;

use super::{NewAudit, create, latest_of_snapshot};
use crate::{
    StoreError, Tx,
    snapshots::{self, SnapshotState},
    stocks,
    tasks::{self, NewTask},
};

/// The kind of the tasks that make audits.
pub const AUDIT: &str = "audit";

/// An audit that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// The audit.
    pub audit: AuditId,
    /// The task that makes it.
    pub task: TaskId,
    /// What is to be said.
    pub outgoing: Vec<Outgoing>,
}

/// Asks for an audit of the snapshot against its stock as it is now. Every audit before it stays in the history.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such snapshot; [`StoreError::Conflict`] when it is not ready, has
/// ended, or is being audited; when the database does not answer.
pub fn plan(tx: &mut Tx, id: SnapshotId, now: Timestamp) -> Result<Planned, StoreError> {
    let missing = || StoreError::NotFound(format!("there is no snapshot {id}"));
    let snapshot = snapshots::lock(tx, id)?.ok_or_else(missing)?;
    let stock = stocks::get(tx, snapshot.stock)?.ok_or_else(missing)?;
    let from = [SnapshotState::Ready, SnapshotState::Audited, SnapshotState::Auditing];
    if !from.contains(&snapshot.state) {
        let text = format!("snapshot {id} is {} and cannot be audited", snapshot.state);
        return Err(StoreError::Conflict(text));
    }
    let newest = latest_of_snapshot(tx, id)?;
    if let Some(open) = newest.filter(|audit| audit.finished_at.is_none()) {
        let text = format!("snapshot {id} is being audited: audit {} is {}", open.id, open.state);
        return Err(StoreError::Conflict(text));
    }
    let task = TaskId::new();
    let wake = Outgoing::new(&AuditRequested { task });
    let new = NewTask { id: task, kind: AUDIT, subject: id.0, label: &stock.name, wake: &wake };
    tasks::create(tx, new, now)?;
    let new = NewAudit { snapshot: id, stock: stock.id, stock_version: stock.version, task };
    let audit = create(tx, &new, now)?;
    snapshots::set_state(tx, id, &from, SnapshotState::Auditing, now)?;
    Ok(Planned { audit, task, outgoing: vec![wake] })
}
