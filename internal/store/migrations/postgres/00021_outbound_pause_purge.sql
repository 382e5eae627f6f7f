-- +goose Up
-- Postbacks that fail for long are paused by themselves, and what they would have told is
-- held; what is old is purged.

ALTER TABLE postbacks ADD COLUMN paused_for TEXT COLLATE "C" NOT NULL DEFAULT ''; -- why it was paused by itself, '' = it was not

-- What a postback's calls came to since one was taken; a row is there while they fail.
CREATE TABLE postback_failures (
  workspace TEXT COLLATE "C" NOT NULL,
  postback  TEXT COLLATE "C" NOT NULL,
  since     BIGINT NOT NULL, -- µs, of the first failure
  tries     BIGINT NOT NULL, -- calls that failed
  dead      BIGINT NOT NULL, -- deliveries that were given up
  PRIMARY KEY (workspace, postback)
);
CREATE INDEX deliveries_held ON deliveries (workspace, publisher, postback, id) WHERE state = 'held';

-- Keys of before the upgrade are as old as the upgrade.
ALTER TABLE idempotency ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
UPDATE idempotency SET created = CAST(extract(epoch FROM now()) * 1000000 AS BIGINT);
CREATE INDEX idempotency_created ON idempotency (created);
CREATE INDEX mails_created ON mails (created) WHERE state <> 'queued';
CREATE INDEX tokens_expires ON tokens (expires);
CREATE INDEX sessions_expires ON sessions (expires);
