-- Policies of stocks, what an audit found, who decided about it, and what made each version of a stock.

-- JSON. What is not said in it has its default.
ALTER TABLE stocks ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
-- Rises with every change of the policy. An audit made under another policy is out of date.
ALTER TABLE stocks ADD COLUMN policy_version INTEGER NOT NULL DEFAULT 0;
-- The oldest version that can still be read.
ALTER TABLE stocks ADD COLUMN oldest_version INTEGER NOT NULL DEFAULT 0;

ALTER TABLE snapshots ADD COLUMN origin TEXT NOT NULL DEFAULT 'run';

ALTER TABLE audits ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audits ADD COLUMN attributes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audits ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audits ADD COLUMN repositories INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audits ADD COLUMN repositories_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audits ADD COLUMN findings_info INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audits ADD COLUMN findings_warn INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audits ADD COLUMN findings_block INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audits ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
ALTER TABLE audits ADD COLUMN policy_version INTEGER NOT NULL DEFAULT 0;
-- The analyzers and their versions whose results were looked at.
ALTER TABLE audits ADD COLUMN analyzers TEXT NOT NULL DEFAULT '';
-- The version of the auditor that made it.
ALTER TABLE audits ADD COLUMN auditor TEXT NOT NULL DEFAULT '';
-- SHA-256 of everything that it found, in the order of reports, in hexadecimal.
ALTER TABLE audits ADD COLUMN report_digest TEXT;
ALTER TABLE audits ADD COLUMN error_kind TEXT;
ALTER TABLE audits ADD COLUMN error_reason TEXT;

-- What an audit says of one repository. Its changes are not stored: both trees are, and they never change.
CREATE TABLE audit_parts (
    audit_id BLOB NOT NULL,
    url TEXT NOT NULL,
    repository_id BLOB NOT NULL,
    revision_id BLOB NOT NULL,
    -- What the stock held, and since which version.
    old_tree INTEGER,
    since INTEGER,
    new_tree INTEGER NOT NULL,
    -- What the stock holds after a commit; another than the new tree where removed nodes are kept.
    result_tree INTEGER NOT NULL,
    new INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    moved INTEGER NOT NULL,
    attributes INTEGER NOT NULL,
    kept INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    -- Of the changes and findings of this repository.
    digest BLOB NOT NULL,
    PRIMARY KEY (audit_id, url)
) STRICT, WITHOUT ROWID;

CREATE TABLE findings (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    audit_id BLOB NOT NULL,
    repository_id BLOB NOT NULL,
    url TEXT NOT NULL,
    path BLOB NOT NULL,
    oid BLOB NOT NULL,
    check_id TEXT NOT NULL,
    -- Which of the things that this check can find.
    code TEXT NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('info', 'warn', 'block')),
    message TEXT NOT NULL,
    line INTEGER,
    -- Names the same finding in every audit of the same snapshot.
    key BLOB NOT NULL
) STRICT;
CREATE INDEX findings_of_audit ON findings (audit_id, id);
CREATE INDEX findings_by_level ON findings (audit_id, level, id);

-- A person's decision that a finding does not forbid the commit.
CREATE TABLE finding_overrides (
    snapshot_id BLOB NOT NULL,
    key BLOB NOT NULL,
    reason TEXT NOT NULL,
    person TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (snapshot_id, key)
) STRICT, WITHOUT ROWID;

-- What made a version of a stock.
CREATE TABLE stock_versions (
    stock_id BLOB NOT NULL REFERENCES stocks (id),
    version INTEGER NOT NULL,
    snapshot_id BLOB NOT NULL,
    audit_id BLOB NOT NULL,
    auditor TEXT NOT NULL,
    analyzers TEXT NOT NULL,
    report_digest TEXT NOT NULL,
    -- Repositories whose entry changed.
    entries INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    PRIMARY KEY (stock_id, version)
) STRICT, WITHOUT ROWID;

-- The nodes of a complete tree again, some hundred to a row in the order of their paths, for readers that
-- compare. Where a row ends is decided by the names in it alone, so trees that are alike have rows that are
-- alike, known by their digests.
CREATE TABLE tree_pages (
    tree_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    first_path BLOB NOT NULL,
    nodes INTEGER NOT NULL,
    digest BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (tree_id, seq)
) STRICT;
