-- +goose Up
-- The books: what was decided about what the world sent.

CREATE TABLE signals (
  id         TEXT   NOT NULL PRIMARY KEY,
  workspace  TEXT   NOT NULL, -- '' while unknown
  at         BIGINT NOT NULL,
  seq        BIGINT NOT NULL,
  kind       TEXT   NOT NULL,
  raw        BLOB   NOT NULL,
  verdict    TEXT   NOT NULL,
  detail     TEXT   NOT NULL,
  field      TEXT   NOT NULL,
  click      TEXT   NOT NULL,
  offer      TEXT   NOT NULL,
  order_no   TEXT   NOT NULL,
  conversion TEXT   NOT NULL,
  tries      BIGINT NOT NULL,
  retry_at   BIGINT NOT NULL,
  judged_at  BIGINT NOT NULL
);
CREATE INDEX signals_workspace ON signals (workspace, id);
CREATE INDEX signals_verdict ON signals (workspace, verdict, id);
CREATE INDEX signals_click ON signals (workspace, click, id) WHERE click <> '';
CREATE INDEX signals_conversion ON signals (workspace, conversion, id) WHERE conversion <> '';
CREATE INDEX signals_retry ON signals (retry_at, id) WHERE retry_at > 0;

CREATE TABLE conversions (
  id          TEXT    NOT NULL PRIMARY KEY,
  workspace   TEXT    NOT NULL,
  dedup_key   TEXT    NOT NULL,
  click       TEXT    NOT NULL,
  signal      TEXT    NOT NULL,
  at          BIGINT  NOT NULL,
  click_at    BIGINT  NOT NULL,
  recorded    BIGINT  NOT NULL,
  advertiser  TEXT    NOT NULL,
  offer       TEXT    NOT NULL,
  goal        TEXT    NOT NULL,
  goal_key    TEXT    NOT NULL,
  publisher   TEXT    NOT NULL,
  link        TEXT    NOT NULL,
  order_no    TEXT    NOT NULL,
  method      TEXT    NOT NULL,
  source      TEXT    NOT NULL,
  status      TEXT    NOT NULL,
  currency    TEXT    NOT NULL,
  revenue     BIGINT  NOT NULL,
  commission  BIGINT  NOT NULL,
  sale_amount BIGINT  NOT NULL,
  has_sale    BOOLEAN NOT NULL,
  sent        TEXT    NOT NULL,
  country     TEXT    NOT NULL,
  coupon      TEXT    NOT NULL,
  test        BOOLEAN NOT NULL,
  payout_rule TEXT    NOT NULL,
  comm_rule   TEXT    NOT NULL,
  warning     TEXT    NOT NULL,
  revision    BIGINT  NOT NULL,
  dims        BLOB    NOT NULL,
  version     BIGINT  NOT NULL
);
CREATE UNIQUE INDEX conversions_dedup ON conversions (workspace, dedup_key);
CREATE INDEX conversions_workspace ON conversions (workspace, id);
CREATE INDEX conversions_click ON conversions (workspace, click, id);
CREATE INDEX conversions_offer ON conversions (workspace, offer, id);
CREATE INDEX conversions_publisher ON conversions (workspace, publisher, id) WHERE publisher <> '';
CREATE INDEX conversions_order ON conversions (workspace, order_no, id) WHERE order_no <> '';

CREATE TABLE conversion_changes (
  id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  conversion  TEXT    NOT NULL,
  at          BIGINT  NOT NULL,
  from_status TEXT    NOT NULL,
  to_status   TEXT    NOT NULL,
  actor       TEXT    NOT NULL,
  reason      TEXT    NOT NULL
);
CREATE INDEX conversion_changes_conversion ON conversion_changes (conversion, id);

CREATE TABLE deliveries (
  id         TEXT   NOT NULL PRIMARY KEY,
  workspace  TEXT   NOT NULL,
  publisher  TEXT   NOT NULL,
  conversion TEXT   NOT NULL,
  url        TEXT   NOT NULL,
  method     TEXT   NOT NULL,
  state      TEXT   NOT NULL,
  tries      BIGINT NOT NULL,
  created    BIGINT NOT NULL,
  next_at    BIGINT NOT NULL,
  status     BIGINT NOT NULL,
  answer     TEXT   NOT NULL,
  error      TEXT   NOT NULL,
  done_at    BIGINT NOT NULL
);
CREATE INDEX deliveries_workspace ON deliveries (workspace, id);
CREATE INDEX deliveries_conversion ON deliveries (workspace, conversion, id);
CREATE INDEX deliveries_due ON deliveries (next_at, id) WHERE state = 'waiting';

-- no is 0 until the relay numbers the row. The counters live in outbox_state, so
-- that numbering stays gapless when every row has been published and dropped.
CREATE TABLE outbox (
  id   INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  no   BIGINT  NOT NULL,
  fact BLOB    NOT NULL
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE no = 0;
CREATE UNIQUE INDEX outbox_no ON outbox (no) WHERE no > 0;
CREATE TABLE outbox_state (
  id        BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  numbered  BIGINT NOT NULL,
  published BIGINT NOT NULL
);
INSERT INTO outbox_state (id, numbered, published) VALUES (1, 0, 0);

CREATE TABLE positions (
  consumer TEXT   NOT NULL PRIMARY KEY,
  stream   TEXT   NOT NULL,
  seq      BIGINT NOT NULL
);

CREATE TABLE leases (
  name   TEXT   NOT NULL PRIMARY KEY,
  holder TEXT   NOT NULL,
  until  BIGINT NOT NULL
);

CREATE TABLE node_leases (
  node   BIGINT NOT NULL PRIMARY KEY,
  holder TEXT   NOT NULL,
  until  BIGINT NOT NULL
);

CREATE TABLE click_keys (
  id     BIGINT NOT NULL PRIMARY KEY,
  secret BLOB   NOT NULL
);

CREATE TABLE settings (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
