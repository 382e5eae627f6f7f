-- +goose Up
-- The click index: encoded visits by id, and how far into the log they reach. Ids
-- are time-ordered, so inserts append and the oldest rows come first.

CREATE TABLE clicks (
  id    BYTEA NOT NULL PRIMARY KEY,
  at    BIGINT NOT NULL,
  visit BYTEA NOT NULL
);

CREATE TABLE click_position (
  id     BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  stream TEXT COLLATE "C" NOT NULL,
  seq    BIGINT NOT NULL
);
INSERT INTO click_position (id, stream, seq) VALUES (1, '', 0);
