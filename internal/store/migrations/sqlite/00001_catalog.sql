-- +goose Up
-- The catalog: one table per kind. Rows are never deleted, only archived. Every
-- write takes the next revision, so "what changed since" is an index range.

CREATE TABLE catalog_revision (
  id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  revision BIGINT NOT NULL
);
INSERT INTO catalog_revision (id, revision) VALUES (1, 0);

CREATE TABLE workspaces (
  id           TEXT    NOT NULL PRIMARY KEY,
  workspace    TEXT    NOT NULL,
  created      BIGINT  NOT NULL,
  updated      BIGINT  NOT NULL,
  version      BIGINT  NOT NULL,
  revision     BIGINT  NOT NULL,
  archived     BOOLEAN NOT NULL,
  search       TEXT    NOT NULL, -- name and id in lower case, for substring search
  name         TEXT    NOT NULL,
  currency     TEXT    NOT NULL,
  time_zone    TEXT    NOT NULL,
  fallback_url TEXT    NOT NULL,
  CHECK (workspace = id)
);
CREATE INDEX workspaces_revision ON workspaces (revision);
CREATE UNIQUE INDEX workspaces_name ON workspaces (name);

CREATE TABLE advertisers (
  id             TEXT    NOT NULL,
  workspace      TEXT    NOT NULL,
  created        BIGINT  NOT NULL,
  updated        BIGINT  NOT NULL,
  version        BIGINT  NOT NULL,
  revision       BIGINT  NOT NULL,
  archived       BOOLEAN NOT NULL,
  search         TEXT    NOT NULL,
  name           TEXT    NOT NULL,
  type           TEXT    NOT NULL,
  token          TEXT    NOT NULL,
  token_old      TEXT    NOT NULL,
  token_required BOOLEAN NOT NULL,
  click_param    TEXT    NOT NULL,
  notes          TEXT    NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX advertisers_revision ON advertisers (revision);
CREATE UNIQUE INDEX advertisers_token ON advertisers (token) WHERE token <> '';

CREATE TABLE offers (
  id                 TEXT    NOT NULL,
  workspace          TEXT    NOT NULL,
  created            BIGINT  NOT NULL,
  updated            BIGINT  NOT NULL,
  version            BIGINT  NOT NULL,
  revision           BIGINT  NOT NULL,
  archived           BOOLEAN NOT NULL,
  search             TEXT    NOT NULL,
  name               TEXT    NOT NULL,
  advertiser         TEXT    NOT NULL, -- '' = none
  url                TEXT    NOT NULL,
  status             TEXT    NOT NULL,
  key                TEXT    NOT NULL,
  currency           TEXT    NOT NULL,
  payout_kind        TEXT    NOT NULL,
  payout             BIGINT  NOT NULL,
  payout_percent     TEXT    NOT NULL,
  precedence         TEXT    NOT NULL,
  commission_kind    TEXT    NOT NULL,
  commission         BIGINT  NOT NULL,
  commission_percent TEXT    NOT NULL,
  append_click_id    BOOLEAN NOT NULL,
  cookie_days        BIGINT  NOT NULL,
  window_days        BIGINT  NOT NULL,
  initial_status     TEXT    NOT NULL,
  require_order      BOOLEAN NOT NULL,
  deep_links         TEXT    NOT NULL, -- JSON array
  fallback_url       TEXT    NOT NULL,
  tags               TEXT    NOT NULL, -- JSON array
  notes              TEXT    NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX offers_revision ON offers (revision);
CREATE INDEX offers_advertiser ON offers (workspace, advertiser, id);
CREATE UNIQUE INDEX offers_key ON offers (key) WHERE key <> '';

CREATE TABLE goals (
  id                 TEXT    NOT NULL,
  workspace          TEXT    NOT NULL,
  created            BIGINT  NOT NULL,
  updated            BIGINT  NOT NULL,
  version            BIGINT  NOT NULL,
  revision           BIGINT  NOT NULL,
  archived           BOOLEAN NOT NULL,
  search             TEXT    NOT NULL,
  offer              TEXT    NOT NULL,
  key                TEXT    NOT NULL,
  name               TEXT    NOT NULL,
  is_default         BOOLEAN NOT NULL,
  payout_kind        TEXT    NOT NULL,
  payout             BIGINT  NOT NULL,
  payout_percent     TEXT    NOT NULL,
  precedence         TEXT    NOT NULL,
  commission_kind    TEXT    NOT NULL,
  commission         BIGINT  NOT NULL,
  commission_percent TEXT    NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX goals_revision ON goals (revision);
CREATE UNIQUE INDEX goals_key ON goals (workspace, offer, key);

CREATE TABLE publishers (
  id           TEXT    NOT NULL,
  workspace    TEXT    NOT NULL,
  created      BIGINT  NOT NULL,
  updated      BIGINT  NOT NULL,
  version      BIGINT  NOT NULL,
  revision     BIGINT  NOT NULL,
  archived     BOOLEAN NOT NULL,
  search       TEXT    NOT NULL,
  name         TEXT    NOT NULL,
  email        TEXT    NOT NULL,
  status       TEXT    NOT NULL,
  postback_url TEXT    NOT NULL,
  notes        TEXT    NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX publishers_revision ON publishers (revision);
CREATE UNIQUE INDEX publishers_email ON publishers (workspace, email) WHERE email <> '';

CREATE TABLE enrollments (
  id                 TEXT    NOT NULL,
  workspace          TEXT    NOT NULL,
  created            BIGINT  NOT NULL,
  updated            BIGINT  NOT NULL,
  version            BIGINT  NOT NULL,
  revision           BIGINT  NOT NULL,
  archived           BOOLEAN NOT NULL,
  search             TEXT    NOT NULL,
  offer              TEXT    NOT NULL,
  publisher          TEXT    NOT NULL,
  status             TEXT    NOT NULL,
  reason             TEXT    NOT NULL,
  commission_kind    TEXT    NOT NULL,
  commission         BIGINT  NOT NULL,
  commission_percent TEXT    NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX enrollments_revision ON enrollments (revision);
CREATE INDEX enrollments_publisher ON enrollments (workspace, publisher, id);
CREATE UNIQUE INDEX enrollments_pair ON enrollments (workspace, offer, publisher);

CREATE TABLE links (
  id        TEXT    NOT NULL,
  workspace TEXT    NOT NULL,
  created   BIGINT  NOT NULL,
  updated   BIGINT  NOT NULL,
  version   BIGINT  NOT NULL,
  revision  BIGINT  NOT NULL,
  archived  BOOLEAN NOT NULL,
  search    TEXT    NOT NULL,
  key       TEXT    NOT NULL,
  offer     TEXT    NOT NULL,
  publisher TEXT    NOT NULL, -- '' = house link
  name      TEXT    NOT NULL,
  status    TEXT    NOT NULL,
  source    TEXT    NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX links_revision ON links (revision);
CREATE INDEX links_offer ON links (workspace, offer, id);
CREATE INDEX links_publisher ON links (workspace, publisher, id);
CREATE UNIQUE INDEX links_key ON links (key);

CREATE TABLE audit (
  id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  workspace   TEXT    NOT NULL,
  at          BIGINT  NOT NULL,
  actor       TEXT    NOT NULL,
  action      TEXT    NOT NULL,
  kind        TEXT    NOT NULL,
  subject     TEXT    NOT NULL,
  reason      TEXT    NOT NULL,
  before_json TEXT    NOT NULL,
  after_json  TEXT    NOT NULL
);
CREATE INDEX audit_workspace ON audit (workspace, id);
CREATE INDEX audit_subject ON audit (workspace, subject, id);

CREATE TABLE idempotency (
  workspace TEXT NOT NULL,
  key       TEXT NOT NULL,
  hash      TEXT NOT NULL,
  kind      TEXT NOT NULL,
  owner     TEXT NOT NULL, -- workspace of the row that was made
  subject   TEXT NOT NULL, -- its id
  PRIMARY KEY (workspace, key)
);
