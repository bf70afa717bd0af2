DROP TABLE folders_going;
DROP TABLE folder_links;
DROP TABLE commits;
DROP TABLE histories;
ALTER TABLE source_states DROP COLUMN history;
