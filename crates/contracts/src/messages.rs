//! The messages, in the order in which one repository's way meets them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AssetId, AuditId, BatchId, DestinationId, ErrorKind, Message, Oid, RepairId, RevisionId, SnapshotId,
    StockId, TaskId,
    repair::{RepairAction, RepairSubject},
    route,
};

/// Run a source. Wakes the index task that was created with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRequested {
    /// The index task.
    pub task: TaskId,
}

impl Message for RunRequested {
    const KIND: &'static str = route::RUN_REQUESTED;
}

/// Someone knows of a repository. Anyone may publish this, as bare JSON too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepositoryDiscovered {
    /// Where it can be cloned from: an `https`, `http`, `ssh`, `git` or, where allowed, `file` URL.
    pub url: String,
    /// A name for people; taken from the URL when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name of the stock it is meant for; the default stock when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<String>,
}

impl Message for RepositoryDiscovered {
    const KIND: &'static str = route::REPOSITORY_DISCOVERED;
}

/// Visit a repository. Wakes the process task that was created with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VisitRequested {
    /// The process task.
    pub task: TaskId,
}

impl Message for VisitRequested {
    const KIND: &'static str = route::VISIT_REQUESTED;
}

/// Look after the depot: collect what is of no use, write anew what is mostly of no use. Wakes the depot task
/// that was created with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UpkeepRequested {
    /// The depot task.
    pub task: TaskId,
}

impl Message for UpkeepRequested {
    const KIND: &'static str = route::UPKEEP_REQUESTED;
}

/// A group of contents is in the depot and waits for analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BatchStored {
    /// The batch.
    pub batch: BatchId,
}

impl Message for BatchStored {
    const KIND: &'static str = route::BATCH_STORED;
}

/// Every content of one repository's part of a snapshot is analysed, or has failed for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RevisionAnalyzed {
    /// The part.
    pub revision: RevisionId,
    /// The snapshot it is part of.
    pub snapshot: SnapshotId,
}

impl Message for RevisionAnalyzed {
    const KIND: &'static str = route::REVISION_ANALYZED;
}

/// Every part of a snapshot is done: analysed, or failed for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotReady {
    /// The snapshot.
    pub snapshot: SnapshotId,
}

impl Message for SnapshotReady {
    const KIND: &'static str = route::SNAPSHOT_READY;
}

/// Audit a snapshot. Wakes the audit task that was created with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRequested {
    /// The audit task.
    pub task: TaskId,
}

impl Message for AuditRequested {
    const KIND: &'static str = route::AUDIT_REQUESTED;
}

/// A snapshot's audit has finished.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotAudited {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The audit.
    pub audit: AuditId,
    /// Nodes whose name the stock does not hold.
    pub new: u64,
    /// Nodes whose name the stock holds with other bytes.
    pub modified: u64,
    /// Nodes that the stock holds and the snapshot's revision of the repository has no longer.
    pub removed: u64,
    /// Nodes that the stock holds under another name of the same repository, which is gone.
    #[serde(default)]
    pub moved: u64,
    /// Nodes whose name the stock holds with the same bytes, but in another mode or analysed otherwise.
    #[serde(default)]
    pub attributes: u64,
    /// Nodes that the repository has no longer and the stock keeps.
    #[serde(default)]
    pub kept: u64,
    /// Nodes that the stock holds just so.
    pub unchanged: u64,
    /// Findings that forbid the commit until a person overrides them.
    #[serde(default)]
    pub blocking: u64,
}

impl Message for SnapshotAudited {
    const KIND: &'static str = route::SNAPSHOT_AUDITED;
}

/// Commit a snapshot to its stock, as its newest audit saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CommitRequested {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Whether repositories that failed are left out, where the stock's policy wants to be told.
    #[serde(default)]
    pub without_failed: bool,
}

impl Message for CommitRequested {
    const KIND: &'static str = route::COMMIT_REQUESTED;
}

/// A wish to commit was refused; the snapshot is as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CommitRefused {
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// The stock.
    pub stock: StockId,
    /// What is missing for the commit, each in words that a person can act on.
    pub missing: Vec<String>,
}

impl Message for CommitRefused {
    const KIND: &'static str = route::COMMIT_REFUSED;
}

/// Make a snapshot of these repositories. Anyone may publish this, as bare JSON too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotRequested {
    /// The name of the stock it is meant for; the default stock when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock: Option<String>,
    /// Its repositories.
    pub repositories: Vec<ManifestEntry>,
    /// Whether it waits for a person once it is audited, whatever the stock's policy.
    #[serde(default)]
    pub wait: bool,
}

impl Message for SnapshotRequested {
    const KIND: &'static str = route::SNAPSHOT_REQUESTED;
}

/// Stop something that is under way. Anyone may publish this, as bare JSON too. What has ended is left as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CancelRequested {
    /// What is to stop.
    pub subject: CancelSubject,
}

/// What is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelSubject {
    /// A task.
    Task(TaskId),
    /// The newest audit of this snapshot.
    AuditOf(SnapshotId),
    /// Everything about a snapshot: it is aborted and enters no stock.
    Snapshot(SnapshotId),
}

impl Message for CancelRequested {
    const KIND: &'static str = route::CANCEL_REQUESTED;
}

/// A repository of a snapshot that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestEntry {
    /// Where it can be cloned from.
    pub url: String,
    /// The commit that is wanted; the newest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Oid>,
    /// Its nodes, instead of a visit. Their contents must be held already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<Vec<ManifestNode>>,
}

/// A node of a snapshot that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ManifestNode {
    /// Its path within the repository, in UTF-8, with `/` between folders; each once.
    pub path: String,
    /// Its content: a git blob id, a `SWHID` (`swh:1:cnt:…`), or `sha256:` and the SHA-256 of its bytes. Of a
    /// submodule the commit.
    pub digest: String,
    /// How many bytes that is, to be compared with what is held; not compared when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Its mode as git has it: `100644` when absent, `100755`, `120000` or `160000`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// A stock has a new version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotCommitted {
    /// The snapshot that made it.
    pub snapshot: SnapshotId,
    /// The stock.
    pub stock: StockId,
    /// The stock's version since this commit.
    pub version: i64,
}

impl Message for SnapshotCommitted {
    const KIND: &'static str = route::SNAPSHOT_COMMITTED;
}

/// Make one wrong thing right. Anyone may publish this, as bare JSON too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepairRequested {
    /// What is to be done again.
    pub action: RepairAction,
    /// To what.
    pub subject: RepairSubject,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Message for RepairRequested {
    const KIND: &'static str = route::REPAIR_REQUESTED;
}

/// The last content that a repair wanted analysed again is analysed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReanalysisFinished {
    /// The repair.
    pub repair: RepairId,
}

impl Message for ReanalysisFinished {
    const KIND: &'static str = route::REANALYSIS_FINISHED;
}

/// A repair has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepairDone {
    /// The repair.
    pub repair: RepairId,
    /// Whether what was wrong is right again.
    pub repaired: bool,
    /// Why it is not, when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Message for RepairDone {
    const KIND: &'static str = route::REPAIR_DONE;
}

/// A task has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskEnded {
    /// The task.
    pub task: TaskId,
    /// What it was: `index`, `process`, `audit`.
    pub kind: String,
    /// How it ended: `finished`, `error_trigger`, `error_runtime` or `cancelled`.
    pub state: String,
    /// What kind of thing went wrong, when something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorKind>,
    /// The reason for people, when something went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Message for TaskEnded {
    const KIND: &'static str = route::TASK_ENDED;
}

/// A task failed in a way that may pass, and will be tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskDelayed {
    /// The task.
    pub task: TaskId,
    /// What it is: `index`, `process`, `audit`.
    pub kind: String,
    /// What it is about: a repository's URL, a source's or a stock's name.
    pub subject: String,
    /// How often it was tried.
    pub tried: u32,
    /// How often it is tried at the most.
    pub tries: u32,
    /// In how many seconds it is tried again.
    pub seconds: u64,
    /// What kind of thing went wrong.
    pub error: ErrorKind,
    /// The reason for people.
    pub reason: String,
}

impl Message for TaskDelayed {
    const KIND: &'static str = route::TASK_DELAYED;
}

/// Assets wait for their checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AssetsSubmitted {
    /// Up to 100 of them.
    pub assets: Vec<AssetId>,
}

impl Message for AssetsSubmitted {
    const KIND: &'static str = route::ASSETS_SUBMITTED;
}

/// Assets have been checked: each is complete or failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AssetsEnded {
    /// Up to 100 of them.
    pub assets: Vec<AssetId>,
}

impl Message for AssetsEnded {
    const KIND: &'static str = route::ASSETS_ENDED;
}

/// There is something to be sent to these destinations. Wakes the courier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WebhooksQueued {
    /// The destinations.
    pub destinations: Vec<DestinationId>,
}

impl Message for WebhooksQueued {
    const KIND: &'static str = route::WEBHOOKS_QUEUED;
}

/// A stage of the way, as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Repositories are being found.
    Index,
    /// A repository is being fetched; counts bytes.
    Fetch,
    /// Its nodes are being written and its contents put into packs; counts files.
    Store,
    /// Contents are being analysed; counts contents.
    Analyze,
    /// A snapshot is being compared with its stock; counts nodes.
    Audit,
}

/// How far something has come. Absolute figures, so that a lost one costs nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProgressReported {
    /// The snapshot that it belongs to.
    pub snapshot: SnapshotId,
    /// What is being worked on: a repository's URL, a source's or a stock's name.
    pub subject: String,
    /// The stage.
    pub stage: Stage,
    /// How much is done, in the stage's unit.
    pub done: u64,
    /// How much there is, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Bytes that went with it, where the stage moves bytes.
    #[serde(default)]
    pub bytes: u64,
    /// Whether this stage of this subject is over.
    #[serde(default)]
    pub ended: bool,
}

impl Message for ProgressReported {
    const KIND: &'static str = route::PROGRESS_REPORTED;
}
