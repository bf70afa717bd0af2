DROP TABLE folders_going;
DROP TABLE folder_links;
ALTER TABLE folders DROP COLUMN is_linked;
DROP TABLE commits;
DROP TABLE histories;
ALTER TABLE source_states DROP COLUMN history;
