-- +goose Up
-- Who may do what. Secrets are stored only as hashes.

CREATE TABLE users (
  id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  email         TEXT COLLATE "C" NOT NULL,
  name          TEXT COLLATE "C" NOT NULL,
  password_hash TEXT COLLATE "C" NOT NULL,
  owner         BOOLEAN NOT NULL,
  workspaces    TEXT COLLATE "C" NOT NULL, -- JSON array
  created       BIGINT NOT NULL,
  disabled      BOOLEAN NOT NULL,
  version       BIGINT NOT NULL
);
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE sessions (
  hash    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  user_id TEXT COLLATE "C" NOT NULL,
  created BIGINT NOT NULL,
  seen    BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE api_keys (
  id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  workspace TEXT COLLATE "C" NOT NULL, -- '' = every workspace
  name      TEXT COLLATE "C" NOT NULL,
  prefix    TEXT COLLATE "C" NOT NULL,
  hash      TEXT COLLATE "C" NOT NULL,
  scope     TEXT COLLATE "C" NOT NULL,
  created   BIGINT NOT NULL,
  used      BIGINT NOT NULL,
  expires   BIGINT NOT NULL,
  revoked   BOOLEAN NOT NULL,
  version   BIGINT NOT NULL
);
CREATE INDEX api_keys_workspace ON api_keys (workspace, id);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);
