-- Single files that are checked for fitness, and the requests that brought them.

CREATE TABLE asset_submissions (
    id uuid PRIMARY KEY,
    -- What the caller chose so that a request which is sent twice counts once.
    key text COLLATE "C" UNIQUE,
    -- SHA-256 of what was asked for: the same key with another request is refused.
    digest bytea NOT NULL,
    assets bigint NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE assets (
    id uuid PRIMARY KEY,
    submission_id uuid NOT NULL,
    kind text NOT NULL,
    -- What its bytes are found by: local, object, web or upload.
    provider text NOT NULL,
    path text NOT NULL,
    on_start text,
    on_success text,
    on_failure text,
    state text NOT NULL CHECK (state IN ('queued', 'in_progress', 'complete', 'failed')),
    -- {"key": ["text", ...]}
    errors text,
    warnings text,
    sha256 bytea,
    size bigint,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    announced_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX assets_of_submission ON assets (submission_id, id);
CREATE INDEX assets_owed ON assets (announced_at) WHERE ended_at IS NULL;
CREATE INDEX assets_digest ON assets (sha256, id) WHERE sha256 IS NOT NULL;
