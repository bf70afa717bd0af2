//! Snapshots, their audits and their repositories as the API shows them.

use jiff::Timestamp;
use serde::Serialize;
use store::{
    revisions,
    snapshots::{self, SnapshotProgress},
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::routes::{Failed, audits::shape::Audit};

/// What one run produced, aimed at a stock.
#[derive(Serialize, ToSchema)]
pub(crate) struct Snapshot {
    pub(crate) id: Uuid,
    /// The id of the stock that it is meant for.
    stock: Uuid,
    /// The id of the source that was run; null for a repair's or a manifest's.
    source: Option<Uuid>,
    /// `indexing`, `processing`, `ready`, `auditing`, `audited`, `committed` or `aborted`.
    #[schema(example = "audited")]
    pub(crate) state: &'static str,
    /// What made it: `run`, `scan`, `manifest`, `message` or `repair`.
    #[schema(example = "run")]
    origin: &'static str,
    /// Whether it is committed as soon as it is audited.
    auto_commit: bool,
    /// The id of the repair that it was made for.
    repair: Option<Uuid>,
    pub(crate) created_at: Timestamp,
    /// When every repository was found.
    indexed_at: Option<Timestamp>,
    /// When every repository was analysed or had failed.
    ready_at: Option<Timestamp>,
    /// When its audit had finished.
    audited_at: Option<Timestamp>,
    /// When it was committed or aborted.
    ended_at: Option<Timestamp>,
    /// The stock's version since its commit.
    stock_version: Option<i64>,
}

impl From<snapshots::Snapshot> for Snapshot {
    fn from(row: snapshots::Snapshot) -> Self {
        Self {
            id: row.id.0,
            stock: row.stock.0,
            source: row.source.map(|id| id.0),
            state: row.state.as_str(),
            origin: row.origin.as_str(),
            auto_commit: row.auto_commit,
            repair: row.repair.map(|id| id.0),
            created_at: row.created_at,
            indexed_at: row.indexed_at,
            ready_at: row.ready_at,
            audited_at: row.audited_at,
            ended_at: row.ended_at,
            stock_version: row.stock_version,
        }
    }
}

/// A snapshot with how far it has come and what its audit found.
#[derive(Serialize, ToSchema)]
pub(crate) struct SnapshotDetail {
    #[serde(flatten)]
    pub(super) snapshot: Snapshot,
    pub(super) progress: Progress,
    /// The newest audit; null before there is one.
    #[schema(required)]
    pub(super) audit: Option<Audit>,
    /// What it lacks for its commit, in words; nothing when it may be committed.
    pub(super) lacks: Vec<String>,
}

/// How far a snapshot has come, summed over its repositories.
#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotProgress)]
pub(crate) struct Progress {
    /// Repositories in all, and of them: those that wait, are being fetched, whose contents are being
    /// analysed, are done, have failed for good.
    repositories: u64,
    pending: u64,
    fetching: u64,
    stored: u64,
    analyzed: u64,
    failed: u64,
    /// Of the done ones those that were as at the visit before.
    unchanged: u64,
    /// Contents that had to be analysed.
    contents_to_analyze: u64,
    /// Of them those that were.
    contents_analyzed: u64,
    /// Of them those that could not be.
    contents_failed: u64,
    /// Nodes of all repositories.
    nodes: u64,
    /// Bytes of all nodes.
    bytes: u64,
    /// Distinct contents, counted per repository.
    contents: u64,
}

impl From<SnapshotProgress> for Progress {
    fn from(row: SnapshotProgress) -> Self {
        Self {
            repositories: row.revisions,
            pending: row.pending,
            fetching: row.fetching,
            stored: row.stored,
            analyzed: row.analyzed,
            failed: row.failed,
            unchanged: row.unchanged,
            contents_to_analyze: row.contents_to_analyze,
            contents_analyzed: row.contents_analyzed,
            contents_failed: row.contents_failed,
            nodes: row.nodes,
            bytes: row.bytes,
            contents: row.contents,
        }
    }
}

/// One repository's part of one snapshot.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revision {
    id: Uuid,
    /// The snapshot's id.
    snapshot: Uuid,
    /// The repository's id.
    repository: Uuid,
    /// Its clone URL.
    url: String,
    /// `pending`, `fetching`, `stored`, `analyzed` or `failed`.
    #[schema(example = "analyzed")]
    state: &'static str,
    /// The git id of the commit; null before it is known, and for a plain directory.
    commit: Option<String>,
    /// Whether it was as at the visit before.
    unchanged: bool,
    /// Why it failed.
    error: Option<Failed>,
    nodes: u64,
    bytes: u64,
    /// Distinct contents.
    contents: u64,
    /// Contents that had to be analysed.
    to_analyze: u64,
    analyzed: u64,
    /// Contents that could not be analysed.
    failed: u64,
    created_at: Timestamp,
    fetched_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

impl From<revisions::Revision> for Revision {
    fn from(row: revisions::Revision) -> Self {
        Self {
            id: row.id.0,
            snapshot: row.snapshot.0,
            repository: row.repository.0,
            url: row.url,
            state: row.state.as_str(),
            commit: row.commit.map(|id| id.to_string()),
            unchanged: row.unchanged,
            error: row.failure.map(Failed::from),
            nodes: row.nodes,
            bytes: row.bytes,
            contents: row.contents,
            to_analyze: row.to_analyze,
            analyzed: row.analyzed,
            failed: row.failed,
            created_at: row.created_at,
            fetched_at: row.fetched_at,
            ended_at: row.ended_at,
        }
    }
}
