//! The names of all metrics, with what they mean.

use super::{
    Kind::{Counter, Gauge, Histogram},
    MetricDoc,
    Unit::{Bytes, Count, Seconds, Truth},
};

/// Declares names and the list of their documentation in one place, so that neither is without the other.
macro_rules! metrics {
    ($($name:ident = $text:literal, $kind:ident, $unit:ident, [$($label:literal),*], $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: &str = $text;)*

        /// Every metric, in the order of the documentation.
        pub const METRICS: &[MetricDoc] = &[$(MetricDoc {
            name: $name, kind: $kind, unit: $unit, labels: &[$($label),*], meaning: $meaning,
        }),*];
    };
}

metrics! {
    // The process.
    BUILD_INFO = "stocktake_build_info", Gauge, Truth, ["version", "commit"],
        "Which build runs; always 1.";
    PROBE_UP = "stocktake_probe_up", Gauge, Truth, ["probe"],
        "Whether what this process depends on answered its last probe in time.";

    // Each queue, in one process.
    MESSAGES_HANDLED = "stocktake_messages_handled_total", Counter, Count, ["queue", "kind", "outcome"],
        "Messages whose handling ended, by outcome: done, `seen_before`, again, `set_aside`.";
    MESSAGE_HANDLE_SECONDS = "stocktake_message_handle_seconds", Histogram, Seconds, ["queue", "kind"],
        "How long one message's handler worked, without waiting for its commit.";
    MESSAGE_WAIT_SECONDS = "stocktake_message_wait_seconds", Histogram, Seconds, ["queue"],
        "How long a message waited from when it was said to when it was taken.";
    MESSAGES_IN_FLIGHT = "stocktake_messages_in_flight", Gauge, Count, ["queue"],
        "Messages that this process has taken and that wait for a handler, a free job slot or their commit.";
    COMMIT_SECONDS = "stocktake_commit_seconds", Histogram, Seconds, ["queue"],
        "How long the transaction of a group of messages took.";
    COMMIT_MESSAGES = "stocktake_commit_messages", Histogram, Count, ["queue"],
        "How many messages were committed in one transaction.";
    QUEUE_READY = "stocktake_queue_ready", Gauge, Count, ["queue"],
        "Messages that wait in a queue of the bus for any process.";
    QUEUE_CONSUMERS = "stocktake_queue_consumers", Gauge, Count, ["queue"],
        "Consumers that a queue of the bus has in all processes; 0 means that nobody works on it.";
    OUTBOX_MESSAGES = "stocktake_outbox_messages", Gauge, Count, [],
        "Committed messages that are not published yet, those that wait for another try included.";
    SET_ASIDE_MESSAGES = "stocktake_set_aside_messages", Gauge, Count, [],
        "Messages that could not be handled and wait for a person; any is worth a look.";

    // The bus.
    BUS_PUBLISHED = "stocktake_bus_published_total", Counter, Count, ["queue"],
        "Messages accepted by the bus, per queue that took them.";
    BUS_CONSUMED = "stocktake_bus_consumed_total", Counter, Count, ["queue"],
        "Messages taken from a queue, counting every delivery.";
    BUS_ACKED = "stocktake_bus_acked_total", Counter, Count, ["queue"],
        "Messages acknowledged.";
    BUS_RETURNED = "stocktake_bus_returned_total", Counter, Count, ["queue"],
        "Messages handed back to be delivered again.";
    BUS_RECONNECTS = "stocktake_bus_reconnects_total", Counter, Count, [],
        "Connections to the broker that were lost and made again.";

    // The store.
    STORE_WAIT_SECONDS = "stocktake_store_wait_seconds", Histogram, Seconds, ["mode"],
        "How long a transaction waited for a connection; long waits ask for a larger store.pool.";
    STORE_TRANSACTION_SECONDS = "stocktake_store_transaction_seconds", Histogram, Seconds, ["mode"],
        "How long a transaction held its connection.";

    // Jobs.
    JOBS_RUNNING = "stocktake_jobs_running", Gauge, Count, ["kind"],
        "Long jobs that this process works on.";
    TASKS_ENDED = "stocktake_tasks_ended_total", Counter, Count, ["kind", "state"],
        "Tasks that ended, by how.";
    TASK_SECONDS = "stocktake_task_seconds", Histogram, Seconds, ["kind"],
        "How long a worker worked on a task, from its claim to its end or to when it was handed back.";
    LEASES_LOST = "stocktake_leases_lost_total", Counter, Count, ["kind"],
        "Jobs that were taken over by another process while this one still worked on them.";
    SWEPT = "stocktake_swept_total", Counter, Count, ["service"],
        "Things that a sweep found owed and offered again; few are normal, many mean that messages get lost.";

    // What the services do.
    FORGE_CALLS = "stocktake_forge_calls_total", Counter, Count, ["forge", "outcome"],
        "Calls of forges' APIs, by what came of them: ok, `not_modified`, limited, `bad_token`, failed.";
    FORGE_CALLS_LEFT = "stocktake_forge_calls_left", Gauge, Count, ["forge", "resource"],
        "Calls that a forge allows until its period ends, as its last answer to this process said.";
    SOURCE_RECORDS = "stocktake_source_records_total", Counter, Count, ["kind", "outcome"],
        "Records that sources showed, by kind of source: found, refused.";
    VISITS_PLANNED = "stocktake_visits_planned_total", Counter, Count, ["lane"],
        "Visits put on their way by plan: asked, fresh, due.";
    VISITS = "stocktake_visits_total", Counter, Count, ["outcome"],
        "Visits of repositories that went well: stored, unchanged. Those that failed are ended tasks.";
    FETCH_SECONDS = "stocktake_fetch_seconds", Histogram, Seconds, [],
        "How long fetching one repository took.";
    FETCHED_BYTES = "stocktake_fetched_bytes_total", Counter, Bytes, [],
        "Bytes that came over the network.";
    NODES_STORED = "stocktake_nodes_stored_total", Counter, Count, [],
        "Nodes written.";
    COMMITS_STORED = "stocktake_commits_stored_total", Counter, Count, [],
        "Commits that histories were extended by.";
    CONTENTS_STORED = "stocktake_contents_stored_total", Counter, Count, ["state"],
        "Contents met for the first time: stored, `too_large`, unreadable.";
    PACKED_BYTES = "stocktake_packed_bytes_total", Counter, Bytes, [],
        "Compressed bytes written to the depot.";
    CONTENTS_ANALYZED = "stocktake_contents_analyzed_total", Counter, Count, ["analyzer", "outcome"],
        "Contents that an analyzer went through, by outcome: ok, failed, skipped.";
    ANALYZED_BYTES = "stocktake_analyzed_bytes_total", Counter, Bytes, [],
        "Bytes of the contents that were analysed.";
    BATCH_SECONDS = "stocktake_batch_seconds", Histogram, Seconds, [],
        "How long the analysis of one batch took, reading it from the depot included.";

    ASSETS_CHECKED = "stocktake_assets_checked_total", Counter, Count, ["kind", "state"],
        "Assets that went through their checks, by what came of it: complete, failed.";
    ASSET_SECONDS = "stocktake_asset_seconds", Histogram, Seconds, ["kind"],
        "How long an asset took from its submission to the end of its checks.";
    ASSET_FINDINGS = "stocktake_asset_findings_total", Counter, Count, ["level", "key"],
        "What was wrong (error) or odd (warning) about assets, by the key that it is told under.";

    // The depot and its upkeep.
    DEPOT_PACKS = "stocktake_depot_packs", Gauge, Count, ["state"],
        "Packs when the upkeep last counted them, by state: kept, condemned, deleting.";
    DEPOT_BYTES = "stocktake_depot_bytes", Gauge, Bytes, ["state"],
        "Bytes of those packs as they are stored.";
    DEPOT_DEAD_BYTES = "stocktake_depot_dead_bytes", Gauge, Bytes, [],
        "Bytes in kept packs, before compression, that nothing referred to when the upkeep last looked.";
    DEPOT_DAMAGED_PACKS = "stocktake_depot_damaged_packs", Gauge, Count, [],
        "Packs that were damaged when they were last verified; any is worth a look.";
    DEPOT_COLLECTED_PACKS = "stocktake_depot_collected_packs_total", Counter, Count, [],
        "Packs that nothing referred to and that were removed.";
    DEPOT_COLLECTED_BYTES = "stocktake_depot_collected_bytes_total", Counter, Bytes, [],
        "Bytes of those packs.";
    DEPOT_KEPT_AFTER_ALL = "stocktake_depot_kept_after_all_total", Counter, Count, [],
        "Packs that were marked to go and kept, because something referred to them when their time came.";
    DEPOT_COMPACTED_PACKS = "stocktake_depot_compacted_packs_total", Counter, Count, [],
        "Packs that were mostly of no use and whose rest was written anew.";
    DEPOT_COMPACTED_BYTES = "stocktake_depot_compacted_bytes_total", Counter, Bytes, [],
        "Bytes of those packs.";
    DEPOT_VERIFIED_BYTES = "stocktake_depot_verified_bytes_total", Counter, Bytes, [],
        "Bytes of packs that were read again and hashed.";

    // Webhooks.
    WEBHOOK_TRIES = "stocktake_webhook_tries_total", Counter, Count, ["outcome"],
        "Requests that told a webhook something, by outcome: delivered, again, failed.";
    WEBHOOK_SECONDS = "stocktake_webhook_try_seconds", Histogram, Seconds, [],
        "How long one such request took.";
    WEBHOOK_WAIT_SECONDS = "stocktake_webhook_wait_seconds", Histogram, Seconds, [],
        "How long a delivery waited from when it was due to when its request began.";
    WEBHOOK_DESTINATIONS = "stocktake_webhook_destinations", Gauge, Count, [],
        "Destinations that this process sends to at the moment.";

    // HTTP.
    HTTP_REQUESTS = "stocktake_http_requests_total", Counter, Count, ["method", "route", "status"],
        "Requests answered, by route and status.";
    HTTP_REQUEST_SECONDS = "stocktake_http_request_seconds", Histogram, Seconds, ["method", "route"],
        "How long an answer took until its head was sent.";
    HTTP_IN_FLIGHT = "stocktake_http_requests_in_flight", Gauge, Count, [],
        "Requests being answered.";
    LIMITED_REQUESTS = "stocktake_limited_requests_total", Counter, Count, ["by"],
        "Requests refused because a key or an address had used up its limit.";
    LIMITS_SHARED = "stocktake_limits_shared", Gauge, Truth, [],
        "Whether limits are counted in Redis; 0 while it does not answer and this process counts by itself.";
    SPOOLED = "stocktake_spooled_submissions", Gauge, Count, [],
        "Submissions that neither the database nor the broker took yet and that lie on this machine's disk.";
    EVENT_LISTENERS = "stocktake_event_listeners", Gauge, Count, ["protocol"],
        "Clients that listen to the event stream.";
}
