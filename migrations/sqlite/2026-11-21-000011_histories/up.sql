-- Histories: the commits of repositories, without their contents. And what folders lie in, so that those can be
-- collected that lie in nothing any more.

-- Whether the commits of what a source finds are taken in too.
ALTER TABLE source_states ADD COLUMN history INTEGER NOT NULL DEFAULT 0;

CREATE TABLE histories (
    repository_id BLOB PRIMARY KEY NOT NULL,
    -- The newest commit; none until everything before it is taken in.
    tip BLOB,
    -- Commits up to this position count; those behind it are of a visit that is under way, or that died.
    commits INTEGER NOT NULL,
    -- Whether the server itself has not everything that came before.
    is_cut INTEGER NOT NULL,
    merges INTEGER NOT NULL,
    features INTEGER NOT NULL,
    fixes INTEGER NOT NULL,
    configs INTEGER NOT NULL,
    unclassified INTEGER NOT NULL,
    -- Sums over all messages.
    chars INTEGER NOT NULL,
    words INTEGER NOT NULL,
    fog REAL NOT NULL,
    -- The task that writes, or wrote last: whoever finds another one here writes nothing more.
    writer BLOB,
    -- Why the newest commits could not be taken in.
    error_kind TEXT,
    error_reason TEXT,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE commits (
    repository_id BLOB NOT NULL,
    -- From 1; a commit comes behind its parents.
    position INTEGER NOT NULL,
    oid BLOB NOT NULL,
    -- The ids of its parents, one behind the other, of as many as are kept.
    parents BLOB NOT NULL,
    parent_count INTEGER NOT NULL,
    author_name TEXT NOT NULL,
    author_email TEXT NOT NULL,
    -- Seconds since 1970 and minutes east of Greenwich as the commit says, however absurd.
    authored_at INTEGER,
    author_offset INTEGER NOT NULL,
    committer_name TEXT NOT NULL,
    committer_email TEXT NOT NULL,
    committed_at INTEGER,
    committer_offset INTEGER NOT NULL,
    message TEXT NOT NULL,
    -- Bytes of the whole message, of which the first are kept.
    message_bytes INTEGER NOT NULL,
    kind TEXT NOT NULL,
    chars INTEGER NOT NULL,
    words INTEGER NOT NULL,
    mean_word_length REAL NOT NULL,
    fog REAL NOT NULL,
    PRIMARY KEY (repository_id, position)
) STRICT;
CREATE UNIQUE INDEX commits_of_oid ON commits (repository_id, oid);

-- Of older folders nobody knows what lies in them. They only save a transfer: whoever lacks them fetches once more.
DELETE FROM folders;

-- Which folder lies in which.
CREATE TABLE folder_links (
    child BLOB NOT NULL,
    parent BLOB NOT NULL,
    PRIMARY KEY (child, parent)
) STRICT, WITHOUT ROWID;
CREATE INDEX folder_links_of_parent ON folder_links (parent);

-- Folders that perhaps lie in nothing any more: the next collection looks.
CREATE TABLE folders_going (
    oid BLOB PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;
