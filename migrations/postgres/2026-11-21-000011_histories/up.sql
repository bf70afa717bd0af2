-- Histories: the commits of repositories, without their contents. And what folders lie in, so that those can be
-- collected that lie in nothing any more.

-- Whether the commits of what a source finds are taken in too.
ALTER TABLE source_states ADD COLUMN history boolean NOT NULL DEFAULT false;

CREATE TABLE histories (
    repository_id uuid PRIMARY KEY,
    -- The newest commit; none until everything before it is taken in.
    tip bytea,
    -- Commits up to this position count; those behind it are of a visit that is under way, or that died.
    commits bigint NOT NULL,
    -- Whether the server itself has not everything that came before.
    is_cut boolean NOT NULL,
    merges bigint NOT NULL,
    features bigint NOT NULL,
    fixes bigint NOT NULL,
    configs bigint NOT NULL,
    unclassified bigint NOT NULL,
    -- Sums over all messages.
    chars bigint NOT NULL,
    words bigint NOT NULL,
    fog double precision NOT NULL,
    -- The task that writes, or wrote last: whoever finds another one here writes nothing more.
    writer uuid,
    -- Why the newest commits could not be taken in.
    error_kind text,
    error_reason text,
    updated_at timestamptz NOT NULL
);

CREATE TABLE commits (
    repository_id uuid NOT NULL,
    -- From 1; a commit comes behind its parents.
    position bigint NOT NULL,
    oid bytea NOT NULL,
    -- The ids of its parents, one behind the other, of as many as are kept.
    parents bytea NOT NULL,
    parent_count bigint NOT NULL,
    author_name text NOT NULL,
    author_email text NOT NULL,
    -- Seconds since 1970 and minutes east of Greenwich as the commit says, however absurd.
    authored_at bigint,
    author_offset integer NOT NULL,
    committer_name text NOT NULL,
    committer_email text NOT NULL,
    committed_at bigint,
    committer_offset integer NOT NULL,
    message text NOT NULL,
    -- Bytes of the whole message, of which the first are kept.
    message_bytes bigint NOT NULL,
    kind text NOT NULL,
    chars bigint NOT NULL,
    words bigint NOT NULL,
    mean_word_length double precision NOT NULL,
    fog double precision NOT NULL,
    PRIMARY KEY (repository_id, position)
);
CREATE UNIQUE INDEX commits_of_oid ON commits (repository_id, oid);

-- Of older folders nobody knows what lies in them. They only save a transfer: whoever lacks them fetches once more.
DELETE FROM folders;

-- Which folder lies in which.
CREATE TABLE folder_links (
    child bytea NOT NULL,
    parent bytea NOT NULL,
    PRIMARY KEY (child, parent)
);
CREATE INDEX folder_links_of_parent ON folder_links (parent);

-- Folders that perhaps lie in nothing any more: the next collection looks.
CREATE TABLE folders_going (
    oid bytea PRIMARY KEY
);
