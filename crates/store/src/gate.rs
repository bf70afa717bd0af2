//! The gate: what a snapshot lacks for its commit.

use contracts::{SnapshotId, policy::FailedRepositories};
use serde::Serialize;

use crate::{
    StoreError, Tx,
    audits::{self, Audit, AuditState},
    findings,
    revisions::{self, RevisionState},
    snapshots::{self, Snapshot, SnapshotState},
    stocks::{self, Stock},
};

/// Something that forbids a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "lack", rename_all = "snake_case")]
pub enum Lack {
    /// It is part of its stock already.
    Committed,
    /// It was aborted.
    Aborted,
    /// Its repositories are still being found or visited.
    NotReady {
        /// How many of those that are known are not done.
        open: u64,
    },
    /// Nobody has audited it.
    NotAudited,
    /// Its newest audit has not ended.
    Auditing,
    /// Its newest audit broke off.
    AuditBrokeOff {
        /// How.
        state: &'static str,
        /// Why, where there is a reason.
        reason: Option<String>,
    },
    /// The stock has moved on since its newest audit.
    StockMoved {
        /// The version that the audit saw.
        audited: i64,
        /// The version that the stock has.
        current: i64,
    },
    /// The stock's policy was changed since its newest audit.
    PolicyChanged,
    /// Findings forbid it.
    Blocked {
        /// How many that nobody has overridden.
        findings: u64,
    },
    /// Repositories of it failed, and the stock's policy wants a person to decide.
    Failed {
        /// How many.
        repositories: u64,
    },
}

impl Lack {
    /// Whether another audit, and nothing else, helps.
    pub const fn is_out_of_date(&self) -> bool {
        matches!(self, Self::StockMoved { .. } | Self::PolicyChanged)
    }
}

/// In words that a person can act on.
impl std::fmt::Display for Lack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Committed => f.write_str("it is committed already"),
            Self::Aborted => f.write_str("it was aborted"),
            Self::NotReady { open: 0 } => f.write_str("its repositories are still being looked for"),
            Self::NotReady { open } => {
                write!(f, "{open} of its repositories are not done, and it is not audited")
            }
            Self::NotAudited => f.write_str("it has no finished audit; audit it first"),
            Self::Auditing => f.write_str("it has no finished audit; the newest one is under way"),
            Self::AuditBrokeOff { state, reason } => {
                write!(f, "its newest audit has not finished well: {state}")?;
                if let Some(reason) = reason {
                    write!(f, " ({reason})")?;
                }
                f.write_str("; audit it again")
            }
            Self::StockMoved { audited, current } => write!(
                f,
                "the stock has moved on from version {audited} to {current} since the audit; audit it again"
            ),
            Self::PolicyChanged => {
                f.write_str("the stock's policy was changed since the audit; audit it again")
            }
            Self::Blocked { findings } => {
                write!(
                    f,
                    "{findings} findings forbid it; mend what they name, or override them with a reason"
                )
            }
            Self::Failed { repositories } => write!(
                f,
                "{repositories} of its repositories failed; visit them again, or commit without them"
            ),
        }
    }
}

/// What the gate looks at.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The snapshot.
    pub snapshot: &'a Snapshot,
    /// Its stock.
    pub stock: &'a Stock,
    /// Its newest audit.
    pub audit: Option<&'a Audit>,
    /// Revisions of it that are not done.
    pub open: u64,
    /// Findings of the audit that forbid the commit and were not overridden.
    pub blocking: u64,
    /// Revisions of it that failed.
    pub failed: u64,
    /// Whether whoever asks has said that failed repositories are left out.
    pub without_failed: bool,
}

/// What this snapshot lacks for its commit; nothing when it may enter its stock. Everything that a person can do
/// something about at the same time is named at once.
pub fn decide(case: &Case<'_>) -> Vec<Lack> {
    match case.snapshot.state {
        SnapshotState::Committed => return vec![Lack::Committed],
        SnapshotState::Aborted => return vec![Lack::Aborted],
        SnapshotState::Indexing => return vec![Lack::NotReady { open: 0 }],
        SnapshotState::Processing => return vec![Lack::NotReady { open: case.open }],
        SnapshotState::Ready | SnapshotState::Auditing | SnapshotState::Audited => {}
    }
    let Some(audit) = case.audit else { return vec![Lack::NotAudited] };
    let mut lacks = Vec::new();
    match audit.state {
        AuditState::Finished if case.snapshot.state == SnapshotState::Audited => {
            if audit.stock_version != case.stock.version {
                let (audited, current) = (audit.stock_version, case.stock.version);
                lacks.push(Lack::StockMoved { audited, current });
            }
            if audit.policy_version != case.stock.policy_version {
                lacks.push(Lack::PolicyChanged);
            }
            if case.blocking > 0 {
                lacks.push(Lack::Blocked { findings: case.blocking });
            }
        }
        // Something of it was visited again since.
        AuditState::Finished if case.snapshot.state == SnapshotState::Ready => lacks.push(Lack::NotAudited),
        AuditState::Finished | AuditState::Created | AuditState::Running => lacks.push(Lack::Auditing),
        state => {
            let reason = audit.failure.as_ref().map(|failure| failure.reason.clone());
            lacks.push(Lack::AuditBrokeOff { state: state.as_str(), reason });
        }
    }
    if case.failed > 0 && !case.without_failed && case.stock.policy.failed == FailedRepositories::Ask {
        lacks.push(Lack::Failed { repositories: case.failed });
    }
    lacks
}

/// What the gate says of a snapshot, and what it looked at.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Its stock.
    pub stock: Stock,
    /// Its newest audit.
    pub audit: Option<Audit>,
    /// What it lacks; nothing when it may be committed.
    pub lacks: Vec<Lack>,
}

/// Asks the gate. It holds until the transaction ends only when the caller has locked the stock and the snapshot,
/// in this order.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such snapshot; when the database does not answer.
pub fn ask(tx: &mut Tx, id: SnapshotId, without_failed: bool) -> Result<Answer, StoreError> {
    let missing = || StoreError::NotFound(format!("there is no snapshot {id}"));
    let snapshot = snapshots::get(tx, id)?.ok_or_else(missing)?;
    let stock = stocks::get(tx, snapshot.stock)?.ok_or_else(missing)?;
    let audit = audits::latest_of_snapshot(tx, id)?;
    let open = revisions::count_open(tx, id)?;
    let failed = revisions::count(tx, id, RevisionState::Failed)?;
    let blocking = match &audit {
        Some(audit) if audit.findings.block > 0 => findings::count_open_blocking(tx, audit.id)?,
        _ => 0,
    };
    let case = Case {
        snapshot: &snapshot,
        stock: &stock,
        audit: audit.as_ref(),
        open,
        blocking,
        failed,
        without_failed,
    };
    let lacks = decide(&case);
    Ok(Answer { snapshot, stock, audit, lacks })
}
