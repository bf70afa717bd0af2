-- What makes a visit cost what has changed, and what is known of a repository beside its files.

-- Git's tree objects, each once, as git has them: the folders of every tree that was walked. With them the
-- next visit compares before it transfers or walks.
CREATE TABLE folders (
    oid bytea PRIMARY KEY,
    data bytea NOT NULL
);

-- The commit that the newest visit of a repository saw. Whoever fetches the repository, or one that
-- goes by the same name, says that this is held already.
CREATE TABLE held_heads (
    repository_id uuid PRIMARY KEY,
    -- The last part of the repository's path: what forks and copies share.
    slug text COLLATE "C" NOT NULL,
    commit_id bytea NOT NULL,
    tree_id bigint NOT NULL,
    tree_oid bytea NOT NULL,
    seen_at timestamptz NOT NULL
);
CREATE INDEX held_heads_of_slug ON held_heads (slug, seen_at);
CREATE INDEX revisions_of_commit ON revisions (commit_id);

-- Contents that stand for something larger kept elsewhere. What they stand for is never fetched.
CREATE TABLE lfs_pointers (
    oid bytea PRIMARY KEY,
    -- The algorithm and the digest, as the pointer has them.
    target text NOT NULL,
    size bigint NOT NULL
);

-- Repositories whose newest visits failed for good, one after the other.
CREATE TABLE repository_failures (
    repository_id uuid PRIMARY KEY,
    in_a_row bigint NOT NULL,
    error_kind text NOT NULL,
    error_reason text NOT NULL,
    failed_at timestamptz NOT NULL,
    -- Until then it is not visited again by itself.
    rests_until timestamptz
);
