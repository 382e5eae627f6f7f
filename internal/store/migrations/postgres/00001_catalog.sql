-- +goose Up
-- The catalog: one table per kind. Rows are never deleted, only archived. Every
-- write takes the next revision, so "what changed since" is an index range.

CREATE TABLE catalog_revision (
  id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  revision BIGINT NOT NULL
);
INSERT INTO catalog_revision (id, revision) VALUES (1, 0);

CREATE TABLE workspaces (
  id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  workspace    TEXT COLLATE "C" NOT NULL,
  created      BIGINT NOT NULL,
  updated      BIGINT NOT NULL,
  version      BIGINT NOT NULL,
  revision     BIGINT NOT NULL,
  archived     BOOLEAN NOT NULL,
  search       TEXT COLLATE "C" NOT NULL, -- name and id in lower case, for substring search
  name         TEXT COLLATE "C" NOT NULL,
  currency     TEXT COLLATE "C" NOT NULL,
  time_zone    TEXT COLLATE "C" NOT NULL,
  fallback_url TEXT COLLATE "C" NOT NULL,
  CHECK (workspace = id)
);
CREATE INDEX workspaces_revision ON workspaces (revision);
CREATE UNIQUE INDEX workspaces_name ON workspaces (name);

CREATE TABLE advertisers (
  id             TEXT COLLATE "C" NOT NULL,
  workspace      TEXT COLLATE "C" NOT NULL,
  created        BIGINT NOT NULL,
  updated        BIGINT NOT NULL,
  version        BIGINT NOT NULL,
  revision       BIGINT NOT NULL,
  archived       BOOLEAN NOT NULL,
  search         TEXT COLLATE "C" NOT NULL,
  name           TEXT COLLATE "C" NOT NULL,
  type           TEXT COLLATE "C" NOT NULL,
  token          TEXT COLLATE "C" NOT NULL,
  token_old      TEXT COLLATE "C" NOT NULL,
  token_required BOOLEAN NOT NULL,
  click_param    TEXT COLLATE "C" NOT NULL,
  notes          TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX advertisers_revision ON advertisers (revision);
CREATE UNIQUE INDEX advertisers_token ON advertisers (token) WHERE token <> '';

CREATE TABLE offers (
  id                 TEXT COLLATE "C" NOT NULL,
  workspace          TEXT COLLATE "C" NOT NULL,
  created            BIGINT NOT NULL,
  updated            BIGINT NOT NULL,
  version            BIGINT NOT NULL,
  revision           BIGINT NOT NULL,
  archived           BOOLEAN NOT NULL,
  search             TEXT COLLATE "C" NOT NULL,
  name               TEXT COLLATE "C" NOT NULL,
  advertiser         TEXT COLLATE "C" NOT NULL, -- '' = none
  url                TEXT COLLATE "C" NOT NULL,
  status             TEXT COLLATE "C" NOT NULL,
  key                TEXT COLLATE "C" NOT NULL,
  currency           TEXT COLLATE "C" NOT NULL,
  payout_kind        TEXT COLLATE "C" NOT NULL,
  payout             BIGINT NOT NULL,
  payout_percent     TEXT COLLATE "C" NOT NULL,
  precedence         TEXT COLLATE "C" NOT NULL,
  commission_kind    TEXT COLLATE "C" NOT NULL,
  commission         BIGINT NOT NULL,
  commission_percent TEXT COLLATE "C" NOT NULL,
  append_click_id    BOOLEAN NOT NULL,
  cookie_days        BIGINT NOT NULL,
  window_days        BIGINT NOT NULL,
  initial_status     TEXT COLLATE "C" NOT NULL,
  require_order      BOOLEAN NOT NULL,
  deep_links         TEXT COLLATE "C" NOT NULL, -- JSON array
  fallback_url       TEXT COLLATE "C" NOT NULL,
  tags               TEXT COLLATE "C" NOT NULL, -- JSON array
  notes              TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX offers_revision ON offers (revision);
CREATE INDEX offers_advertiser ON offers (workspace, advertiser, id);
CREATE UNIQUE INDEX offers_key ON offers (key) WHERE key <> '';

CREATE TABLE goals (
  id                 TEXT COLLATE "C" NOT NULL,
  workspace          TEXT COLLATE "C" NOT NULL,
  created            BIGINT NOT NULL,
  updated            BIGINT NOT NULL,
  version            BIGINT NOT NULL,
  revision           BIGINT NOT NULL,
  archived           BOOLEAN NOT NULL,
  search             TEXT COLLATE "C" NOT NULL,
  offer              TEXT COLLATE "C" NOT NULL,
  key                TEXT COLLATE "C" NOT NULL,
  name               TEXT COLLATE "C" NOT NULL,
  is_default         BOOLEAN NOT NULL,
  payout_kind        TEXT COLLATE "C" NOT NULL,
  payout             BIGINT NOT NULL,
  payout_percent     TEXT COLLATE "C" NOT NULL,
  precedence         TEXT COLLATE "C" NOT NULL,
  commission_kind    TEXT COLLATE "C" NOT NULL,
  commission         BIGINT NOT NULL,
  commission_percent TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX goals_revision ON goals (revision);
CREATE UNIQUE INDEX goals_key ON goals (workspace, offer, key);

CREATE TABLE publishers (
  id           TEXT COLLATE "C" NOT NULL,
  workspace    TEXT COLLATE "C" NOT NULL,
  created      BIGINT NOT NULL,
  updated      BIGINT NOT NULL,
  version      BIGINT NOT NULL,
  revision     BIGINT NOT NULL,
  archived     BOOLEAN NOT NULL,
  search       TEXT COLLATE "C" NOT NULL,
  name         TEXT COLLATE "C" NOT NULL,
  email        TEXT COLLATE "C" NOT NULL,
  status       TEXT COLLATE "C" NOT NULL,
  postback_url TEXT COLLATE "C" NOT NULL,
  notes        TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX publishers_revision ON publishers (revision);
CREATE UNIQUE INDEX publishers_email ON publishers (workspace, email) WHERE email <> '';

CREATE TABLE enrollments (
  id                 TEXT COLLATE "C" NOT NULL,
  workspace          TEXT COLLATE "C" NOT NULL,
  created            BIGINT NOT NULL,
  updated            BIGINT NOT NULL,
  version            BIGINT NOT NULL,
  revision           BIGINT NOT NULL,
  archived           BOOLEAN NOT NULL,
  search             TEXT COLLATE "C" NOT NULL,
  offer              TEXT COLLATE "C" NOT NULL,
  publisher          TEXT COLLATE "C" NOT NULL,
  status             TEXT COLLATE "C" NOT NULL,
  reason             TEXT COLLATE "C" NOT NULL,
  commission_kind    TEXT COLLATE "C" NOT NULL,
  commission         BIGINT NOT NULL,
  commission_percent TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX enrollments_revision ON enrollments (revision);
CREATE INDEX enrollments_publisher ON enrollments (workspace, publisher, id);
CREATE UNIQUE INDEX enrollments_pair ON enrollments (workspace, offer, publisher);

CREATE TABLE links (
  id        TEXT COLLATE "C" NOT NULL,
  workspace TEXT COLLATE "C" NOT NULL,
  created   BIGINT NOT NULL,
  updated   BIGINT NOT NULL,
  version   BIGINT NOT NULL,
  revision  BIGINT NOT NULL,
  archived  BOOLEAN NOT NULL,
  search    TEXT COLLATE "C" NOT NULL,
  key       TEXT COLLATE "C" NOT NULL,
  offer     TEXT COLLATE "C" NOT NULL,
  publisher TEXT COLLATE "C" NOT NULL, -- '' = house link
  name      TEXT COLLATE "C" NOT NULL,
  status    TEXT COLLATE "C" NOT NULL,
  source    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX links_revision ON links (revision);
CREATE INDEX links_offer ON links (workspace, offer, id);
CREATE INDEX links_publisher ON links (workspace, publisher, id);
CREATE UNIQUE INDEX links_key ON links (key);

CREATE TABLE audit (
  id          BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  workspace   TEXT COLLATE "C" NOT NULL,
  at          BIGINT NOT NULL,
  actor       TEXT COLLATE "C" NOT NULL,
  action      TEXT COLLATE "C" NOT NULL,
  kind        TEXT COLLATE "C" NOT NULL,
  subject     TEXT COLLATE "C" NOT NULL,
  reason      TEXT COLLATE "C" NOT NULL,
  before_json TEXT COLLATE "C" NOT NULL,
  after_json  TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_workspace ON audit (workspace, id);
CREATE INDEX audit_subject ON audit (workspace, subject, id);

CREATE TABLE idempotency (
  workspace TEXT COLLATE "C" NOT NULL,
  key       TEXT COLLATE "C" NOT NULL,
  hash      TEXT COLLATE "C" NOT NULL,
  kind      TEXT COLLATE "C" NOT NULL,
  owner     TEXT COLLATE "C" NOT NULL, -- workspace of the row that was made
  subject   TEXT COLLATE "C" NOT NULL, -- its id
  PRIMARY KEY (workspace, key)
);
