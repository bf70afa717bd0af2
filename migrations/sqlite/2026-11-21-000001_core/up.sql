-- What makes messages effective once, and long work survive its worker.
-- Ids are 16 bytes, times microseconds since 1970, bools 0 and 1.

-- Messages that a service has handled.
CREATE TABLE inbox (
    service TEXT NOT NULL,
    message_id TEXT NOT NULL,
    handled_at INTEGER NOT NULL,
    PRIMARY KEY (service, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX inbox_handled_at ON inbox (handled_at);

-- Messages that are committed and not yet confirmed by the bus.
CREATE TABLE outbox (
    -- Numbers are not used again, so that a late deletion cannot meet a new row.
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    message_id TEXT NOT NULL,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    time INTEGER NOT NULL,
    traceparent TEXT,
    lane TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    body BLOB NOT NULL,
    -- When any relay may publish it: the end of a claim, or of the pause before another try.
    due_at INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due_at ON outbox (due_at, id);

-- Long jobs that a person can watch, cancel and run again.
CREATE TABLE tasks (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject BLOB NOT NULL,
    label TEXT NOT NULL,
    lane TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    -- Rises with every claim; a write with an older one is refused.
    fence INTEGER NOT NULL,
    owner TEXT,
    lease_until INTEGER,
    not_before INTEGER,
    progress_done INTEGER NOT NULL,
    -- 0 while it is not known.
    progress_total INTEGER NOT NULL,
    cancel_requested INTEGER NOT NULL,
    error_kind TEXT,
    error_reason TEXT,
    wake_kind TEXT NOT NULL,
    wake_body TEXT NOT NULL,
    woken_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER
) STRICT;
CREATE INDEX tasks_subject ON tasks (subject);
CREATE INDEX tasks_unfinished ON tasks (kind, woken_at) WHERE state IN ('created', 'running');

-- Messages that could not be handled and wait for a person.
CREATE TABLE set_aside (
    id BLOB NOT NULL PRIMARY KEY,
    service TEXT NOT NULL,
    message_key TEXT NOT NULL,
    queue TEXT NOT NULL,
    message_id TEXT NOT NULL,
    routing_key TEXT NOT NULL,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    error_kind TEXT NOT NULL,
    error_reason TEXT NOT NULL,
    tries INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    UNIQUE (service, message_key)
) STRICT;

-- When what happens once in a period last happened.
CREATE TABLE schedules (
    name TEXT NOT NULL PRIMARY KEY,
    taken_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
