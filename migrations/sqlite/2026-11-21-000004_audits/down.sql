DROP TABLE tree_pages;
DROP TABLE stock_versions;
DROP TABLE finding_overrides;
DROP TABLE findings;
DROP TABLE audit_parts;

ALTER TABLE audits DROP COLUMN moved;
ALTER TABLE audits DROP COLUMN attributes;
ALTER TABLE audits DROP COLUMN kept;
ALTER TABLE audits DROP COLUMN repositories;
ALTER TABLE audits DROP COLUMN repositories_failed;
ALTER TABLE audits DROP COLUMN findings_info;
ALTER TABLE audits DROP COLUMN findings_warn;
ALTER TABLE audits DROP COLUMN findings_block;
ALTER TABLE audits DROP COLUMN policy;
ALTER TABLE audits DROP COLUMN policy_version;
ALTER TABLE audits DROP COLUMN analyzers;
ALTER TABLE audits DROP COLUMN auditor;
ALTER TABLE audits DROP COLUMN report_digest;
ALTER TABLE audits DROP COLUMN error_kind;
ALTER TABLE audits DROP COLUMN error_reason;

ALTER TABLE snapshots DROP COLUMN origin;

ALTER TABLE stocks DROP COLUMN policy;
ALTER TABLE stocks DROP COLUMN policy_version;
ALTER TABLE stocks DROP COLUMN oldest_version;
