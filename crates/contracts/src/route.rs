//! Every route and queue of Stocktake. These strings stand here and nowhere else.
//!
//! The routing key of a message is its kind, with `.urgent` behind it in the urgent lane.

use crate::Lane;

/// The topic exchange that every message goes through.
pub const EXCHANGE: &str = "stocktake";
/// Where the broker puts what it had to give up on.
pub const DEAD: &str = "stocktake.dead";

/// Run a source: wakes an index task.
pub const RUN_REQUESTED: &str = "run.requested.v1";
/// Someone knows of a repository.
pub const REPOSITORY_DISCOVERED: &str = "repository.discovered.v1";
/// Visit a repository: wakes a process task.
pub const VISIT_REQUESTED: &str = "visit.requested.v1";
/// Look after the depot: wakes a depot task.
pub const UPKEEP_REQUESTED: &str = "upkeep.requested.v1";
/// A group of contents is in the depot and waits for analysis.
pub const BATCH_STORED: &str = "batch.stored.v1";
/// Every content of one repository's part of a snapshot is analysed.
pub const REVISION_ANALYZED: &str = "revision.analyzed.v1";
/// Every part of a snapshot is done.
pub const SNAPSHOT_READY: &str = "snapshot.ready.v1";
/// Audit a snapshot: wakes an audit task.
pub const AUDIT_REQUESTED: &str = "audit.requested.v1";
/// A snapshot's audit has ended.
pub const SNAPSHOT_AUDITED: &str = "snapshot.audited.v1";
/// Commit a snapshot to its stock, as one audit saw it.
pub const COMMIT_REQUESTED: &str = "commit.requested.v1";
/// A wish to commit was refused.
pub const COMMIT_REFUSED: &str = "commit.refused.v1";
/// Make a snapshot of these repositories.
pub const SNAPSHOT_REQUESTED: &str = "snapshot.requested.v1";
/// Stop something that is under way.
pub const CANCEL_REQUESTED: &str = "cancel.requested.v1";
/// A stock has a new version.
pub const SNAPSHOT_COMMITTED: &str = "snapshot.committed.v1";
/// Make one wrong thing right.
pub const REPAIR_REQUESTED: &str = "repair.requested.v1";
/// The last content that a repair wanted analysed again is analysed.
pub const REANALYSIS_FINISHED: &str = "reanalysis.finished.v1";
/// A repair has ended, well or not.
pub const REPAIR_DONE: &str = "repair.done.v1";
/// A task has ended, well or not.
pub const TASK_ENDED: &str = "task.ended.v1";
/// A task failed and is tried again; may be lost, is never stored.
pub const TASK_DELAYED: &str = "task.delayed.v1";
/// Assets wait for their checks.
pub const ASSETS_SUBMITTED: &str = "assets.submitted.v1";
/// Assets have been checked.
pub const ASSETS_ENDED: &str = "assets.ended.v1";
/// There is something to be sent to these destinations.
pub const WEBHOOKS_QUEUED: &str = "webhooks.queued.v1";
/// How far something has come; may be lost, is never stored.
pub const PROGRESS_REPORTED: &str = "progress.reported.v1";

/// A durable queue: what a service, or one lane of it, consumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The queue's name on the broker.
    pub name: &'static str,
    /// The service that consumes it.
    pub service: &'static str,
    /// The lane; a service without an urgent queue takes both lanes from its one queue.
    pub lane: Lane,
    /// The kinds of message that are put into it.
    pub kinds: &'static [&'static str],
}

const INDEXER: &[&str] = &[RUN_REQUESTED, REPOSITORY_DISCOVERED];
const REPO_PROCESSOR: &[&str] = &[VISIT_REQUESTED, UPKEEP_REQUESTED];
const ANALYZER: &[&str] = &[BATCH_STORED];
const AUDITOR: &[&str] = &[
    SNAPSHOT_READY,
    AUDIT_REQUESTED,
    COMMIT_REQUESTED,
    SNAPSHOT_REQUESTED,
    CANCEL_REQUESTED,
    REPAIR_REQUESTED,
    REVISION_ANALYZED,
    REANALYSIS_FINISHED,
    TASK_ENDED,
];
const ASSETS: &[&str] = &[ASSETS_SUBMITTED];
const COURIER: &[&str] = &[
    SNAPSHOT_AUDITED,
    SNAPSHOT_COMMITTED,
    COMMIT_REFUSED,
    REPAIR_DONE,
    REVISION_ANALYZED,
    SNAPSHOT_READY,
    TASK_ENDED,
    ASSETS_ENDED,
    WEBHOOKS_QUEUED,
];

/// Every durable queue.
pub const QUEUES: &[Queue] = &[
    Queue { name: "indexer", service: "indexer", lane: Lane::Normal, kinds: INDEXER },
    Queue { name: "repo-processor", service: "repo-processor", lane: Lane::Normal, kinds: REPO_PROCESSOR },
    Queue {
        name: "repo-processor.urgent",
        service: "repo-processor",
        lane: Lane::Urgent,
        kinds: REPO_PROCESSOR,
    },
    Queue { name: "analyzer", service: "analyzer", lane: Lane::Normal, kinds: ANALYZER },
    Queue { name: "analyzer.urgent", service: "analyzer", lane: Lane::Urgent, kinds: ANALYZER },
    Queue { name: "analyzer.assets", service: "analyzer", lane: Lane::Normal, kinds: ASSETS },
    Queue { name: "analyzer.assets.urgent", service: "analyzer", lane: Lane::Urgent, kinds: ASSETS },
    Queue { name: "auditor", service: "auditor", lane: Lane::Normal, kinds: AUDITOR },
    Queue { name: "courier", service: "courier", lane: Lane::Normal, kinds: COURIER },
];

/// What every gateway, and a program that shows progress, listens to.
pub const EVENTS: &[&str] = &[
    PROGRESS_REPORTED,
    REVISION_ANALYZED,
    SNAPSHOT_READY,
    SNAPSHOT_AUDITED,
    SNAPSHOT_COMMITTED,
    COMMIT_REFUSED,
    REPAIR_DONE,
    TASK_DELAYED,
    TASK_ENDED,
];

const URGENT_SUFFIX: &str = ".urgent";

impl Queue {
    /// The routing keys that are bound to this queue: a service with no urgent queue takes both lanes.
    pub fn routing_keys(&self) -> Vec<String> {
        let alone = !QUEUES.iter().any(|other| other.service == self.service && other.lane != self.lane);
        let lanes: &[Lane] = if alone { &[Lane::Normal, Lane::Urgent] } else { &[self.lane] };
        self.kinds.iter().flat_map(|kind| lanes.iter().map(|lane| key(kind, *lane))).collect()
    }
}

/// The queues of one service, urgent last.
pub fn queues_of(service: &str) -> impl Iterator<Item = &'static Queue> {
    QUEUES.iter().filter(move |queue| queue.service == service)
}

/// The routing key of `kind` in `lane`.
pub fn key(kind: &str, lane: Lane) -> String {
    match lane {
        Lane::Normal => kind.to_owned(),
        Lane::Urgent => format!("{kind}{URGENT_SUFFIX}"),
    }
}

/// The kind and lane that a routing key means.
pub fn parse_key(key: &str) -> (&str, Lane) {
    match key.strip_suffix(URGENT_SUFFIX) {
        Some(kind) => (kind, Lane::Urgent),
        None => (key, Lane::Normal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_without_urgent_queue_takes_both_lanes() {
        let keys = |name| QUEUES.iter().find(|queue| queue.name == name).unwrap().routing_keys();
        assert!(keys("indexer").contains(&"repository.discovered.v1.urgent".to_owned()));
        assert_eq!(keys("repo-processor"), ["visit.requested.v1", "upkeep.requested.v1"]);
        assert_eq!(
            keys("repo-processor.urgent"),
            ["visit.requested.v1.urgent", "upkeep.requested.v1.urgent"]
        );
    }

    #[test]
    fn keys_and_kinds_go_both_ways() {
        for lane in [Lane::Normal, Lane::Urgent] {
            assert_eq!(parse_key(&key(BATCH_STORED, lane)), (BATCH_STORED, lane));
        }
    }
}
