-- How far what was analysed by older analyzers has been offered again to those that a fingerprint names.
CREATE TABLE back_fills (
    fingerprint TEXT PRIMARY KEY NOT NULL,
    -- Contents up to this one were looked at.
    after_content INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;
