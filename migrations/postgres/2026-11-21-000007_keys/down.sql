DROP INDEX contents_sha256;
DROP TABLE events;
DROP TABLE idempotency;
DROP TABLE api_keys;
