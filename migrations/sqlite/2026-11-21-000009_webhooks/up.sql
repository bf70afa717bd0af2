-- As in ../../postgres: uuids are 16 bytes, times are microseconds since 1970.

-- One row for each origin that anything is sent to. Whoever holds its lease sends to it, and nobody else.
CREATE TABLE webhook_destinations (
    id BLOB PRIMARY KEY NOT NULL,
    origin TEXT NOT NULL UNIQUE,
    -- When there is something to send next; null when nothing is pending.
    next_due_at INTEGER,
    leased_until INTEGER,
    fence INTEGER NOT NULL,
    -- Failures since the last success, and since when.
    failures INTEGER NOT NULL,
    failing_since INTEGER,
    -- The circuit is open until then: nothing is sent.
    open_until INTEGER,
    switched_off_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_destinations_due ON webhook_destinations (next_due_at) WHERE next_due_at IS NOT NULL;

CREATE TABLE webhooks (
    id BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    -- Empty for the one that the hooks of assets are signed by: each of those has its own.
    url TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'switched_off')),
    -- ["snapshot.committed", "task.*", ...]
    events TEXT NOT NULL,
    -- {"field": ["value", ...], ...}
    filters TEXT NOT NULL,
    -- [{"key": "whsec_...", "until": null or microseconds}, ...], newest first
    secrets TEXT NOT NULL,
    reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_deliveries (
    -- Part of the header webhook-id: the same at every try.
    id BLOB PRIMARY KEY NOT NULL,
    destination_id BLOB NOT NULL,
    webhook_id BLOB NOT NULL,
    -- The asset or whatever else it is about.
    subject BLOB,
    event TEXT NOT NULL,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    tries INTEGER NOT NULL,
    reason TEXT,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (destination_id, due_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id, id);
CREATE INDEX webhook_deliveries_of_subject ON webhook_deliveries (subject) WHERE subject IS NOT NULL;

CREATE TABLE webhook_attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    delivery_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    micros INTEGER NOT NULL,
    status INTEGER,
    error TEXT,
    answer TEXT NOT NULL
) STRICT;
CREATE INDEX webhook_attempts_of_delivery ON webhook_attempts (delivery_id, id);
