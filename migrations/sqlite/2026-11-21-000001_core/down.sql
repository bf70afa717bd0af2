DROP TABLE schedules;
DROP TABLE set_aside;
DROP TABLE tasks;
DROP TABLE outbox;
DROP TABLE inbox;
