DROP TABLE back_fills;
