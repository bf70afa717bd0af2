DROP TABLE tree_pages;
DROP TABLE stock_versions;
DROP TABLE finding_overrides;
DROP TABLE findings;
DROP TABLE audit_parts;

ALTER TABLE audits
    DROP COLUMN moved,
    DROP COLUMN attributes,
    DROP COLUMN kept,
    DROP COLUMN repositories,
    DROP COLUMN repositories_failed,
    DROP COLUMN findings_info,
    DROP COLUMN findings_warn,
    DROP COLUMN findings_block,
    DROP COLUMN policy,
    DROP COLUMN policy_version,
    DROP COLUMN analyzers,
    DROP COLUMN auditor,
    DROP COLUMN report_digest,
    DROP COLUMN error_kind,
    DROP COLUMN error_reason;

ALTER TABLE snapshots DROP COLUMN origin;

ALTER TABLE stocks
    DROP COLUMN policy,
    DROP COLUMN policy_version,
    DROP COLUMN oldest_version;
