//! Audits as the API shows them.

use jiff::Timestamp;
use serde::Serialize;
use store::{
    audits::{self, AuditState},
    tasks,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{api::BASE, routes::Failed};

/// A comparison of a snapshot with its stock.
#[derive(Serialize, ToSchema)]
pub(crate) struct Audit {
    id: Uuid,
    /// The id of the snapshot.
    snapshot: Uuid,
    /// The id of the stock.
    stock: Uuid,
    /// `created`, `running`, `finished`, `error_trigger`, `error_runtime` or `cancelled`.
    #[schema(example = "finished")]
    state: &'static str,
    /// How far it has come, in nodes.
    progress: Progress,
    /// The version of the stock that it was compared with.
    stock_version: i64,
    /// Which of the stock's policies it was made under.
    policy_version: i64,
    /// The id of the task that does it.
    task: Uuid,
    /// Nodes whose name the stock does not hold.
    new: u64,
    /// Nodes whose name the stock holds with other bytes.
    modified: u64,
    /// Nodes that the stock holds and the repository has no longer.
    removed: u64,
    /// Nodes that the stock holds under another name of the same repository, which is gone.
    moved: u64,
    /// Nodes whose name the stock holds with the same bytes, in another mode or analysed otherwise.
    attributes: u64,
    /// Nodes that the repository has no longer and the stock keeps.
    kept: u64,
    /// Nodes that the stock holds just so.
    unchanged: u64,
    findings: FindingCounts,
    /// Repositories that were compared.
    repositories: u64,
    /// Repositories that had failed and were not.
    repositories_failed: u64,
    /// The version of the auditor that made it.
    auditor: String,
    /// The analyzers and versions whose results were looked at.
    analyzers: String,
    /// SHA-256 of everything that it found; null before it is finished.
    report_digest: Option<String>,
    /// Why it broke off.
    error: Option<Failed>,
    created_at: Timestamp,
    finished_at: Option<Timestamp>,
}

/// How far an audit has come.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditProgress)]
struct Progress {
    done: u64,
    /// Null while it is not known.
    #[schema(required)]
    total: Option<u64>,
}

/// How many findings there are of each level.
#[derive(Serialize, ToSchema)]
struct FindingCounts {
    info: u64,
    warn: u64,
    /// Those that forbid the commit, whether they were overridden or not.
    block: u64,
}

impl From<(audits::Audit, Option<tasks::Task>)> for Audit {
    fn from((row, task): (audits::Audit, Option<tasks::Task>)) -> Self {
        let compared = row.counts.compared();
        let progress = match (row.state, task) {
            (AuditState::Created | AuditState::Running, Some(task)) => Progress {
                done: task.progress_done,
                total: (task.progress_total > 0).then_some(task.progress_total),
            },
            (AuditState::Finished, _) => Progress { done: compared, total: Some(compared) },
            _ => Progress { done: 0, total: None },
        };
        let counts = row.counts;
        Self {
            id: row.id.0,
            snapshot: row.snapshot.0,
            stock: row.stock.0,
            state: row.state.as_str(),
            progress,
            stock_version: row.stock_version,
            policy_version: row.policy_version,
            task: row.task.0,
            new: counts.new,
            modified: counts.modified,
            removed: counts.removed,
            moved: counts.moved,
            attributes: counts.attributes,
            kept: counts.kept,
            unchanged: counts.unchanged,
            findings: FindingCounts {
                info: row.findings.info,
                warn: row.findings.warn,
                block: row.findings.block,
            },
            repositories: row.repositories,
            repositories_failed: row.repositories_failed,
            auditor: row.auditor,
            analyzers: row.analyzers,
            report_digest: row.report_digest,
            error: row.failure.map(Failed::from),
            created_at: row.created_at,
            finished_at: row.finished_at,
        }
    }
}

/// An audit as a job: what started it, and what came of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditTask {
    /// The audit's id.
    id: Uuid,
    /// The id of the snapshot.
    snapshot_id: Uuid,
    /// Where that which is compared is listed: the snapshot's repositories.
    trigger_blob_path: String,
    /// Where the report is; null before the audit is finished.
    #[schema(required)]
    output_blob_path: Option<String>,
    /// `Created`, `Running`, `Finished`, `Error_Trigger`, `Error_Runtime` or `Cancelled`.
    #[schema(example = "Created")]
    status: &'static str,
}

impl From<audits::Audit> for AuditTask {
    fn from(row: audits::Audit) -> Self {
        let status = match row.state {
            AuditState::Created => "Created",
            AuditState::Running => "Running",
            AuditState::Finished => "Finished",
            AuditState::ErrorTrigger => "Error_Trigger",
            AuditState::ErrorRuntime => "Error_Runtime",
            AuditState::Cancelled => "Cancelled",
        };
        let output = format!("{BASE}/audits/{}/report", row.id);
        Self {
            id: row.id.0,
            snapshot_id: row.snapshot.0,
            trigger_blob_path: format!("{BASE}/snapshots/{}/repositories", row.snapshot),
            output_blob_path: (row.state == AuditState::Finished).then_some(output),
            status,
        }
    }
}
