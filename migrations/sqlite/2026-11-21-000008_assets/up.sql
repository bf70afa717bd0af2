-- As in ../../postgres: uuids are 16 bytes, times are microseconds since 1970.

CREATE TABLE asset_submissions (
    id BLOB PRIMARY KEY NOT NULL,
    -- What the caller chose so that a request which is sent twice counts once.
    key TEXT UNIQUE,
    -- SHA-256 of what was asked for: the same key with another request is refused.
    digest BLOB NOT NULL,
    assets INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE assets (
    id BLOB PRIMARY KEY NOT NULL,
    submission_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    -- What its bytes are found by: local, object, web or upload.
    provider TEXT NOT NULL,
    path TEXT NOT NULL,
    on_start TEXT,
    on_success TEXT,
    on_failure TEXT,
    state TEXT NOT NULL CHECK (state IN ('queued', 'in_progress', 'complete', 'failed')),
    -- {"key": ["text", ...]}
    errors TEXT,
    warnings TEXT,
    sha256 BLOB,
    size INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    announced_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX assets_of_submission ON assets (submission_id, id);
CREATE INDEX assets_owed ON assets (announced_at) WHERE ended_at IS NULL;
CREATE INDEX assets_digest ON assets (sha256, id) WHERE sha256 IS NOT NULL;
