-- +goose Up
-- Payouts: how publishers are paid, runs, their lines, and what each line is made of.

CREATE TABLE payout_settings (
  workspace     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  holding_days  BIGINT NOT NULL,
  method_days   BIGINT NOT NULL,
  second_person BOOLEAN NOT NULL,
  minimums      TEXT COLLATE "C" NOT NULL, -- JSON: minor units by currency
  updated       BIGINT NOT NULL,
  version       BIGINT NOT NULL
);

-- Keys that seal the details of methods.
CREATE TABLE payout_keys (
  id     BIGINT NOT NULL PRIMARY KEY CHECK (id BETWEEN 1 AND 255),
  secret BYTEA NOT NULL
);

CREATE TABLE payout_methods (
  workspace  TEXT COLLATE "C" NOT NULL,
  publisher  TEXT COLLATE "C" NOT NULL,
  kind       TEXT COLLATE "C" NOT NULL, -- bank, paypal, wise, other, none
  currency   TEXT COLLATE "C" NOT NULL, -- the only one it takes, '' = any
  exchanges  BOOLEAN NOT NULL, -- other currencies into the one it takes
  sealed     BYTEA NOT NULL,
  masked     TEXT COLLATE "C" NOT NULL,
  changed    BIGINT NOT NULL,
  changed_by TEXT COLLATE "C" NOT NULL,
  version    BIGINT NOT NULL,
  PRIMARY KEY (workspace, publisher)
);

CREATE TABLE payout_runs (
  id          TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  workspace   TEXT COLLATE "C" NOT NULL,
  state       TEXT COLLATE "C" NOT NULL, -- draft, approved, done, discarded
  note        TEXT COLLATE "C" NOT NULL,
  publishers  TEXT COLLATE "C" NOT NULL, -- JSON; [] = all
  currencies  TEXT COLLATE "C" NOT NULL, -- JSON; [] = all
  cutoff      BIGINT NOT NULL,
  made        BIGINT NOT NULL,
  made_by     TEXT COLLATE "C" NOT NULL,
  approved    BIGINT NOT NULL,
  approved_by TEXT COLLATE "C" NOT NULL,
  ended       BIGINT NOT NULL,
  exported    BIGINT NOT NULL,
  exported_by TEXT COLLATE "C" NOT NULL,
  left_out    TEXT COLLATE "C" NOT NULL, -- JSON
  version     BIGINT NOT NULL
);
CREATE INDEX payout_runs_workspace ON payout_runs (workspace, id);

CREATE TABLE payout_lines (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  workspace  TEXT COLLATE "C" NOT NULL,
  run        TEXT COLLATE "C" NOT NULL REFERENCES payout_runs (id),
  publisher  TEXT COLLATE "C" NOT NULL,
  currency   TEXT COLLATE "C" NOT NULL,
  amount     BIGINT NOT NULL CHECK (amount > 0),
  pay_currency TEXT COLLATE "C" NOT NULL, -- in which it is paid
  pay_amount BIGINT NOT NULL CHECK (pay_amount > 0),
  rate       TEXT COLLATE "C" NOT NULL, -- '' = in its own currency
  rate_date  TEXT COLLATE "C" NOT NULL,
  rate_source TEXT COLLATE "C" NOT NULL,
  state      TEXT COLLATE "C" NOT NULL, -- draft, approved, paid, failed, discarded
  method     TEXT COLLATE "C" NOT NULL,
  masked     TEXT COLLATE "C" NOT NULL,
  method_no  BIGINT NOT NULL,
  sealed     BYTEA NOT NULL,
  reference  TEXT COLLATE "C" NOT NULL,
  reason     TEXT COLLATE "C" NOT NULL,
  settled    BIGINT NOT NULL,
  settled_by TEXT COLLATE "C" NOT NULL,
  version    BIGINT NOT NULL
);
CREATE UNIQUE INDEX payout_lines_run ON payout_lines (run, publisher, currency);
CREATE INDEX payout_lines_publisher ON payout_lines (workspace, publisher, id);

CREATE TABLE payout_items (
  line       TEXT COLLATE "C" NOT NULL REFERENCES payout_lines (id),
  kind       TEXT COLLATE "C" NOT NULL, -- conversion, correction, adjustment
  cause_kind TEXT COLLATE "C" NOT NULL,
  cause      TEXT COLLATE "C" NOT NULL,
  workspace  TEXT COLLATE "C" NOT NULL,
  publisher  TEXT COLLATE "C" NOT NULL,
  currency   TEXT COLLATE "C" NOT NULL,
  amount     BIGINT NOT NULL CHECK (amount <> 0),
  taken      BOOLEAN NOT NULL, -- its line is approved or paid
  PRIMARY KEY (line, kind, cause_kind, cause)
);
-- A conversion is in one line at most that did not fail.
CREATE UNIQUE INDEX payout_items_conversion ON payout_items (workspace, cause) WHERE taken AND kind = 'conversion';
CREATE INDEX payout_items_taken ON payout_items (workspace) WHERE taken;
