-- Who may use the gateway, what it answered before, and what happened, numbered.

CREATE TABLE api_keys (
    id BLOB PRIMARY KEY NOT NULL,
    -- The SHA-256 of the key's text, which is kept nowhere.
    digest BLOB NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Names with commas between them.
    scopes TEXT NOT NULL,
    rate_per_minute INTEGER,
    daily_quota INTEGER,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    -- The key that a session was made of.
    parent_id BLOB REFERENCES api_keys (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_of_parent ON api_keys (parent_id);

CREATE TABLE idempotency (
    key_id BLOB NOT NULL,
    token TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    -- Null while the request is being answered.
    status INTEGER,
    headers TEXT NOT NULL,
    body BLOB NOT NULL,
    begun_at INTEGER NOT NULL,
    PRIMARY KEY (key_id, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_begun_at ON idempotency (begun_at);

CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    time INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Contents are asked for by their SHA-256, too.
CREATE INDEX contents_sha256 ON contents (sha256);
