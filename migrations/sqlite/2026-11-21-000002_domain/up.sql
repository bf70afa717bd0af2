-- What Stocktake keeps of the world: where repositories come from, what was seen in them, what their
-- contents are and measure, and which of it stands in a stock.
--
-- Ids are blobs of 16 bytes, times microseconds since 1970, JSON is text. Tables with a key of our own
-- have no rowid: the row then lies in the key's tree and is found in one step. Rows that come in
-- millions (nodes, metrics) carry no foreign keys: each would cost a look-up per row, and their parents
-- are never deleted before them.

CREATE TABLE stocks (
    id BLOB PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sources (
    id BLOB PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    params TEXT NOT NULL,
    stock_id BLOB NOT NULL REFERENCES stocks (id),
    state TEXT NOT NULL CHECK (state IN ('active', 'paused')),
    cursor TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE repositories (
    id BLOB PRIMARY KEY NOT NULL,
    url TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    -- Of the newest visit that succeeded.
    last_revision_id BLOB,
    last_commit BLOB,
    last_tree_id INTEGER,
    last_visited_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshots (
    id BLOB PRIMARY KEY NOT NULL,
    stock_id BLOB NOT NULL REFERENCES stocks (id),
    source_id BLOB REFERENCES sources (id),
    state TEXT NOT NULL CHECK (state IN
        ('indexing', 'processing', 'ready', 'auditing', 'audited', 'committed', 'aborted')),
    auto_commit INTEGER NOT NULL,
    repair_id BLOB,
    created_at INTEGER NOT NULL,
    indexed_at INTEGER,
    ready_at INTEGER,
    audited_at INTEGER,
    ended_at INTEGER,
    -- The stock's version since this snapshot was committed.
    stock_version INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX snapshots_open ON snapshots (source_id, id) WHERE ended_at IS NULL;

CREATE TABLE revisions (
    id BLOB PRIMARY KEY NOT NULL,
    snapshot_id BLOB NOT NULL REFERENCES snapshots (id),
    repository_id BLOB NOT NULL REFERENCES repositories (id),
    state TEXT NOT NULL CHECK (state IN ('pending', 'fetching', 'stored', 'analyzed', 'failed')),
    force INTEGER NOT NULL,
    pinned_commit BLOB,
    commit_id BLOB,
    tree_id INTEGER,
    unchanged INTEGER NOT NULL,
    error_kind TEXT,
    error_reason TEXT,
    nodes INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    contents INTEGER NOT NULL,
    -- Contents put into batches, and what became of them.
    to_analyze INTEGER NOT NULL,
    analyzed INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    batches_total INTEGER NOT NULL,
    batches_done INTEGER NOT NULL,
    repair_id BLOB,
    created_at INTEGER NOT NULL,
    fetched_at INTEGER,
    ended_at INTEGER,
    UNIQUE (snapshot_id, repository_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX revisions_of_repository ON revisions (repository_id, id);
CREATE INDEX revisions_open ON revisions (snapshot_id) WHERE ended_at IS NULL;

-- A tree that is being written. It gives the id under which the nodes are written; only a complete
-- tree has a row in trees, so that two revisions may write the same tree at once without waiting for
-- each other: the first to complete wins and the other's nodes are dropped.
CREATE TABLE tree_drafts (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    oid BLOB NOT NULL,
    revision_id BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tree_drafts_of_revision ON tree_drafts (revision_id);

CREATE TABLE trees (
    id INTEGER PRIMARY KEY NOT NULL,
    oid BLOB NOT NULL UNIQUE,
    nodes INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    -- Distinct contents.
    contents INTEGER NOT NULL
) STRICT;

CREATE TABLE nodes (
    tree_id INTEGER NOT NULL,
    path BLOB NOT NULL,
    mode INTEGER NOT NULL,
    oid BLOB NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (tree_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX nodes_of_content ON nodes (oid);

CREATE TABLE tree_summaries (
    tree_id INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (tree_id, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE packs (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    contents INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE contents (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    oid BLOB NOT NULL UNIQUE,
    sha256 BLOB,
    size INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('stored', 'too_large', 'unreadable')),
    pack_id INTEGER,
    pack_offset INTEGER NOT NULL,
    pack_length INTEGER NOT NULL
) STRICT;

CREATE TABLE metrics (
    content_id INTEGER NOT NULL,
    -- The part of a name that decides what a content is taken for.
    hint TEXT NOT NULL,
    analyzer TEXT NOT NULL,
    version INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('ok', 'failed', 'skipped')),
    reason TEXT,
    result TEXT,
    PRIMARY KEY (content_id, hint, analyzer, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE batches (
    id BLOB PRIMARY KEY NOT NULL,
    revision_id BLOB,
    repair_id BLOB,
    state TEXT NOT NULL CHECK (state IN ('stored', 'analyzed')),
    force INTEGER NOT NULL,
    -- [[content id, "hint"], ...]
    items TEXT NOT NULL,
    contents INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    lane TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    announced_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX batches_of_revision ON batches (revision_id, ended_at);
CREATE INDEX batches_of_repair ON batches (repair_id, ended_at);
CREATE INDEX batches_owed ON batches (announced_at) WHERE ended_at IS NULL;

-- The stock at version v is the rows with since <= v and (until is null or until > v).
CREATE TABLE stock_entries (
    stock_id BLOB NOT NULL REFERENCES stocks (id),
    repository_id BLOB NOT NULL REFERENCES repositories (id),
    since INTEGER NOT NULL,
    until INTEGER,
    revision_id BLOB NOT NULL,
    tree_id INTEGER NOT NULL,
    PRIMARY KEY (stock_id, repository_id, since)
) STRICT, WITHOUT ROWID;
CREATE INDEX stock_entries_now ON stock_entries (stock_id, repository_id) WHERE until IS NULL;

CREATE TABLE audits (
    id BLOB PRIMARY KEY NOT NULL,
    snapshot_id BLOB NOT NULL REFERENCES snapshots (id),
    stock_id BLOB NOT NULL REFERENCES stocks (id),
    stock_version INTEGER NOT NULL,
    task_id BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('created', 'running', 'finished', 'error_trigger', 'error_runtime', 'cancelled')),
    new INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX audits_of_snapshot ON audits (snapshot_id, id);
CREATE INDEX audits_of_task ON audits (task_id);

CREATE TABLE repairs (
    id BLOB PRIMARY KEY NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    reason TEXT,
    note TEXT,
    requested_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE notifications (
    id BLOB PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    subject BLOB,
    text TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    read_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX notifications_unread ON notifications (id) WHERE read_at IS NULL;
