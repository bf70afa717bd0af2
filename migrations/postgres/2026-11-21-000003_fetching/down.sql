DROP TABLE repository_failures;
DROP TABLE lfs_pointers;
DROP INDEX revisions_of_commit;
DROP TABLE held_heads;
DROP TABLE folders;
