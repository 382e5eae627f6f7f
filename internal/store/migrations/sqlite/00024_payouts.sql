-- +goose Up
-- Payouts: how publishers are paid, runs, their lines, and what each line is made of.

CREATE TABLE payout_settings (
  workspace     TEXT NOT NULL PRIMARY KEY,
  holding_days  BIGINT NOT NULL,
  method_days   BIGINT NOT NULL,
  second_person BOOLEAN NOT NULL,
  minimums      TEXT NOT NULL, -- JSON: minor units by currency
  updated       BIGINT NOT NULL,
  version       BIGINT NOT NULL
);

-- Keys that seal the details of methods.
CREATE TABLE payout_keys (
  id     BIGINT NOT NULL PRIMARY KEY CHECK (id BETWEEN 1 AND 255),
  secret BLOB NOT NULL
);

CREATE TABLE payout_methods (
  workspace  TEXT NOT NULL,
  publisher  TEXT NOT NULL,
  kind       TEXT NOT NULL, -- bank, paypal, wise, other, none
  currency   TEXT NOT NULL, -- the only one it takes, '' = any
  exchanges  BOOLEAN NOT NULL, -- other currencies into the one it takes
  sealed     BLOB NOT NULL,
  masked     TEXT NOT NULL,
  changed    BIGINT NOT NULL,
  changed_by TEXT NOT NULL,
  version    BIGINT NOT NULL,
  PRIMARY KEY (workspace, publisher)
);

CREATE TABLE payout_runs (
  id          TEXT NOT NULL PRIMARY KEY,
  workspace   TEXT NOT NULL,
  state       TEXT NOT NULL, -- draft, approved, done, discarded
  note        TEXT NOT NULL,
  publishers  TEXT NOT NULL, -- JSON; [] = all
  currencies  TEXT NOT NULL, -- JSON; [] = all
  cutoff      BIGINT NOT NULL,
  made        BIGINT NOT NULL,
  made_by     TEXT NOT NULL,
  approved    BIGINT NOT NULL,
  approved_by TEXT NOT NULL,
  ended       BIGINT NOT NULL,
  exported    BIGINT NOT NULL,
  exported_by TEXT NOT NULL,
  left_out    TEXT NOT NULL, -- JSON
  version     BIGINT NOT NULL
);
CREATE INDEX payout_runs_workspace ON payout_runs (workspace, id);

CREATE TABLE payout_lines (
  id         TEXT NOT NULL PRIMARY KEY,
  workspace  TEXT NOT NULL,
  run        TEXT NOT NULL REFERENCES payout_runs (id),
  publisher  TEXT NOT NULL,
  currency   TEXT NOT NULL,
  amount     BIGINT NOT NULL CHECK (amount > 0),
  pay_currency TEXT NOT NULL, -- in which it is paid
  pay_amount BIGINT NOT NULL CHECK (pay_amount > 0),
  rate       TEXT NOT NULL, -- '' = in its own currency
  rate_date  TEXT NOT NULL,
  rate_source TEXT NOT NULL,
  state      TEXT NOT NULL, -- draft, approved, paid, failed, discarded
  method     TEXT NOT NULL,
  masked     TEXT NOT NULL,
  method_no  BIGINT NOT NULL,
  sealed     BLOB NOT NULL,
  reference  TEXT NOT NULL,
  reason     TEXT NOT NULL,
  settled    BIGINT NOT NULL,
  settled_by TEXT NOT NULL,
  version    BIGINT NOT NULL
);
CREATE UNIQUE INDEX payout_lines_run ON payout_lines (run, publisher, currency);
CREATE INDEX payout_lines_publisher ON payout_lines (workspace, publisher, id);

CREATE TABLE payout_items (
  line       TEXT NOT NULL REFERENCES payout_lines (id),
  kind       TEXT NOT NULL, -- conversion, correction, adjustment
  cause_kind TEXT NOT NULL,
  cause      TEXT NOT NULL,
  workspace  TEXT NOT NULL,
  publisher  TEXT NOT NULL,
  currency   TEXT NOT NULL,
  amount     BIGINT NOT NULL CHECK (amount <> 0),
  taken      BOOLEAN NOT NULL, -- its line is approved or paid
  PRIMARY KEY (line, kind, cause_kind, cause)
);
-- A conversion is in one line at most that did not fail.
CREATE UNIQUE INDEX payout_items_conversion ON payout_items (workspace, cause) WHERE taken AND kind = 'conversion';
CREATE INDEX payout_items_taken ON payout_items (workspace) WHERE taken;
