-- How far what was analysed by older analyzers has been offered again to those that a fingerprint names.
CREATE TABLE back_fills (
    fingerprint text COLLATE "C" PRIMARY KEY,
    -- Contents up to this one were looked at.
    after_content bigint NOT NULL,
    begun_at timestamptz NOT NULL,
    ended_at timestamptz
);
