-- What may be thrown away: packs that nothing refers to, and how it is known that nobody is about to.

-- 'kept' may be relied on. 'condemned': nothing referred to it; who needs its contents stores them again. 'deleting':
-- its contents are forgotten, the object is being removed; the name is never used again.
ALTER TABLE packs ADD COLUMN content_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE packs ADD COLUMN state TEXT NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'condemned', 'deleting'));
ALTER TABLE packs ADD COLUMN round_id INTEGER;
ALTER TABLE packs ADD COLUMN condemned_at INTEGER;
ALTER TABLE packs ADD COLUMN verified_at INTEGER;
-- What the last verification found wrong; none when it found nothing.
ALTER TABLE packs ADD COLUMN damage TEXT;
UPDATE packs SET content_bytes = COALESCE((SELECT sum(size) FROM contents WHERE pack_id = packs.id), 0);
CREATE INDEX packs_going ON packs (id) WHERE state <> 'kept';

-- Is anything of a pack, or a tree, referred to? Asked of every pack, so each answer is a look into an index.
CREATE INDEX contents_of_pack ON contents (pack_id);
CREATE INDEX stock_entries_of_tree ON stock_entries (tree_id);
CREATE INDEX revisions_of_tree ON revisions (tree_id);
CREATE INDEX repositories_of_tree ON repositories (last_tree_id);

-- Who this store is, for a depot that must have one store only: one row at the most.
CREATE TABLE depot_owner (
    only_one INTEGER PRIMARY KEY NOT NULL CHECK (only_one = 1),
    id BLOB NOT NULL
) STRICT;

-- One round of condemning. It is sealed when it has been noted who was at work after its last mark.
CREATE TABLE depot_rounds (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    sealed INTEGER NOT NULL,
    begun_at INTEGER NOT NULL
) STRICT;

-- Work that was under way when a round was sealed: it may rely on what the round condemned.
CREATE TABLE depot_waits (
    round_id INTEGER NOT NULL,
    task_id BLOB NOT NULL,
    fence INTEGER NOT NULL,
    PRIMARY KEY (round_id, task_id)
) STRICT, WITHOUT ROWID;
