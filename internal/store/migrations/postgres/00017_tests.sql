-- +goose Up
-- The two test conversions before an offer goes live. What comes of a test link's clicks
-- is kept beside the real conversions: no report, ledger, cap or delivery ever meets it.

ALTER TABLE links ADD COLUMN test BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE signals ADD COLUMN test BOOLEAN NOT NULL DEFAULT FALSE;

-- Workspaces that exist go on as they did; new ones ask for tests.
ALTER TABLE workspaces ADD COLUMN require_tests BOOLEAN NOT NULL DEFAULT FALSE;
-- When an offer first took visitors (µs, 0 = never), and why it might.
ALTER TABLE offers ADD COLUMN live_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN live_reason TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE offers SET live_since = created WHERE status IN ('active', 'paused');

CREATE TABLE test_conversions (
  id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  workspace TEXT COLLATE "C" NOT NULL,
  run       TEXT COLLATE "C" NOT NULL, -- id of the test link: each run has its own
  dedup_key TEXT COLLATE "C" NOT NULL,
  click     TEXT COLLATE "C" NOT NULL, -- hex
  version   BIGINT NOT NULL,
  doc       BYTEA NOT NULL  -- the conversion, JSON
);
CREATE UNIQUE INDEX test_conversions_dedup ON test_conversions (workspace, run, dedup_key);
CREATE INDEX test_conversions_click ON test_conversions (workspace, click);

CREATE TABLE test_runs (
  id          TEXT COLLATE "C" NOT NULL,
  workspace   TEXT COLLATE "C" NOT NULL,
  offer       TEXT COLLATE "C" NOT NULL,
  link        TEXT COLLATE "C" NOT NULL, -- the test link
  state       TEXT COLLATE "C" NOT NULL, -- running, passed, failed, ended
  fingerprint TEXT COLLATE "C" NOT NULL, -- of the configuration that was tested
  version     BIGINT NOT NULL,
  doc         BYTEA NOT NULL, -- steps and result, JSON
  PRIMARY KEY (workspace, id)
);
CREATE INDEX test_runs_offer ON test_runs (workspace, offer, id);
CREATE INDEX test_runs_state ON test_runs (state, id);
