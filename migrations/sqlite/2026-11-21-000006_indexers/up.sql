-- What indexers keep: how sources are run and how far they are, what forges say, what calls are left, and
-- when repositories are visited. Rows that come in millions carry no foreign keys.

CREATE TABLE source_states (
    source_id BLOB PRIMARY KEY NOT NULL REFERENCES sources (id),
    -- 'at_once': a run visits all that it finds. 'planned': visits are planned one by one.
    visits TEXT NOT NULL CHECK (visits IN ('at_once', 'planned')),
    every_seconds INTEGER,
    freshness_seconds INTEGER,
    priority INTEGER NOT NULL,
    next_run_at INTEGER,
    -- It sleeps until then, for this reason, and goes on with this snapshot or source.
    waiting_until INTEGER,
    waiting_reason TEXT,
    waiting_subject BLOB,
    -- The pass that is under way.
    pass_began_at INTEGER,
    pass_calls INTEGER NOT NULL,
    pass_found INTEGER NOT NULL,
    pass_refused INTEGER NOT NULL,
    -- The last pass that was completed.
    last_began_at INTEGER,
    last_ended_at INTEGER,
    last_calls INTEGER,
    last_found INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX source_states_due ON source_states (next_run_at);

-- What a source showed and could not be understood; the newest of each source.
CREATE TABLE source_failures (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    source_id BLOB NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX source_failures_of_source ON source_failures (source_id, id);

-- A page as it was when the forge gave it a tag: what was on it, and where the next one was.
CREATE TABLE page_tags (
    source_id BLOB NOT NULL,
    request TEXT NOT NULL,
    tag TEXT NOT NULL,
    repositories TEXT NOT NULL,
    next_cursor TEXT,
    PRIMARY KEY (source_id, request)
) STRICT, WITHOUT ROWID;

CREATE TABLE call_budgets (
    forge TEXT NOT NULL,
    -- A fingerprint; never the token itself.
    token TEXT NOT NULL,
    resource TEXT NOT NULL,
    calls_limit INTEGER,
    -- What is left of it, less what processes have leased.
    remaining INTEGER,
    reset_at INTEGER,
    blocked_until INTEGER,
    blocked_reason TEXT,
    -- How often it was passed in a row.
    strikes INTEGER NOT NULL,
    -- Why the token is set aside.
    bad_reason TEXT,
    calls INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (forge, token, resource)
) STRICT, WITHOUT ROWID;

-- What forges say of repositories. What we saw of them is in repositories.
CREATE TABLE forge_facts (
    repository_id BLOB PRIMARY KEY NOT NULL,
    source_id BLOB,
    forge TEXT NOT NULL,
    forge_id TEXT,
    state TEXT NOT NULL CHECK (state IN ('present', 'private', 'moved', 'gone')),
    reason TEXT,
    moved_to BLOB,
    archived INTEGER NOT NULL,
    pushed_at INTEGER,
    facts TEXT NOT NULL,
    raw TEXT,
    digest BLOB NOT NULL,
    first_seen_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX forge_facts_by_forge_id ON forge_facts (forge, forge_id);
CREATE INDEX forge_facts_seen ON forge_facts (source_id, seen_at);

CREATE TABLE visit_plans (
    repository_id BLOB NOT NULL,
    stock_id BLOB NOT NULL,
    source_id BLOB,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'queued', 'off')),
    -- 0: somebody waits for it; 1: it was never visited; 2: its time has come.
    lane INTEGER NOT NULL,
    next_at INTEGER NOT NULL,
    -- Somebody asked for it while it was queued.
    asked_again INTEGER NOT NULL,
    revision_id BLOB,
    queued_at INTEGER,
    visited_at INTEGER,
    pause_seconds INTEGER NOT NULL,
    changed_at INTEGER,
    failures INTEGER NOT NULL,
    permanent INTEGER NOT NULL,
    visits INTEGER NOT NULL,
    reason TEXT,
    PRIMARY KEY (repository_id, stock_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_plans_due ON visit_plans (lane, next_at) WHERE state = 'waiting';
CREATE INDEX visit_plans_queued ON visit_plans (queued_at) WHERE state = 'queued';
