-- What makes a visit cost what has changed, and what is known of a repository beside its files.

-- Git's tree objects, each once, as git has them: the folders of every tree that was walked. With them the
-- next visit compares before it transfers or walks.
CREATE TABLE folders (
    oid BLOB PRIMARY KEY NOT NULL,
    data BLOB NOT NULL
) STRICT;

-- The commit that the newest visit of a repository saw. Whoever fetches the repository, or one that
-- goes by the same name, says that this is held already.
CREATE TABLE held_heads (
    repository_id BLOB PRIMARY KEY NOT NULL,
    -- The last part of the repository's path: what forks and copies share.
    slug TEXT NOT NULL,
    commit_id BLOB NOT NULL,
    tree_id INTEGER NOT NULL,
    tree_oid BLOB NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX held_heads_of_slug ON held_heads (slug, seen_at);
CREATE INDEX revisions_of_commit ON revisions (commit_id);

-- Contents that stand for something larger kept elsewhere. What they stand for is never fetched.
CREATE TABLE lfs_pointers (
    oid BLOB PRIMARY KEY NOT NULL,
    -- The algorithm and the digest, as the pointer has them.
    target TEXT NOT NULL,
    size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Repositories whose newest visits failed for good, one after the other.
CREATE TABLE repository_failures (
    repository_id BLOB PRIMARY KEY NOT NULL,
    in_a_row INTEGER NOT NULL,
    error_kind TEXT NOT NULL,
    error_reason TEXT NOT NULL,
    failed_at INTEGER NOT NULL,
    -- Until then it is not visited again by itself.
    rests_until INTEGER
) STRICT, WITHOUT ROWID;
