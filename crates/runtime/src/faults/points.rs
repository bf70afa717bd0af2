//! The names of all fault points, in the order in which one message's way comes to them.

/// Every fault point.
pub const POINTS: &[&str] = &[
    // The worker, around one group of deliveries.
    "worker.before_commit",
    "worker.after_commit",
    "worker.before_ack",
    "worker.after_ack",
    // From the outbox to the bus.
    "outbox.after_claim",
    "outbox.after_publish",
    "outbox.after_delete",
    // A long job, around its lease and its transactions.
    "job.after_claim",
    "job.before_commit",
    "job.after_commit",
    "job.before_finish",
    "job.after_finish",
    // The search for what is owed.
    "sweep.before_commit",
    "sweep.after_commit",
    // One visit of a repository.
    "visit.after_resolve",
    "visit.after_commits",
    "visit.after_fetch",
    "visit.after_pack",
    "visit.after_nodes",
    "visit.before_clean",
    // The upkeep of the depot: collection, compaction, verification.
    "depot.after_forget",
    "depot.after_nodes",
    "depot.after_folders",
    "depot.after_mark",
    "depot.after_condemn",
    "depot.after_seal",
    "depot.after_give_up",
    "depot.after_remove",
    "depot.after_figures",
    "depot.after_announce",
    "depot.after_copy",
    "depot.after_move",
    "depot.after_verify",
    // One audit, one commit of a snapshot.
    "audit.after_part",
    "audit.after_compare",
    "commit.before_entries",
    // The checks of a group of assets.
    "assets.after_begin",
    "assets.after_examine",
    // Sending webhooks: around the request, and around the note of what became of it.
    "webhook.after_claim",
    "webhook.before_send",
    "webhook.after_send",
    "webhook.before_record",
    "webhook.after_record",
];
