-- +goose Up
-- Tracking domains. A host belongs to one live domain of the installation; an archived one
-- gives it free.

CREATE TABLE domains (
  id          TEXT COLLATE "C" NOT NULL,
  workspace   TEXT COLLATE "C" NOT NULL,
  created     BIGINT NOT NULL,
  updated     BIGINT NOT NULL,
  version     BIGINT NOT NULL,
  revision    BIGINT NOT NULL,
  archived    BOOLEAN NOT NULL,
  search      TEXT COLLATE "C" NOT NULL,
  host        TEXT COLLATE "C" NOT NULL, -- lower-case ASCII
  advertiser  TEXT COLLATE "C" NOT NULL, -- '' = all of the workspace
  root_url    TEXT COLLATE "C" NOT NULL, -- '' = the 404 page
  unknown_url TEXT COLLATE "C" NOT NULL,
  by_default  BOOLEAN NOT NULL,
  token       TEXT COLLATE "C" NOT NULL, -- proves that it is us who answer
  status      TEXT COLLATE "C" NOT NULL, -- unverified, verified, failing
  verified    BIGINT NOT NULL, -- µs of the first time, 0 = not yet
  PRIMARY KEY (workspace, id)
);
CREATE INDEX domains_revision ON domains (revision);
CREATE UNIQUE INDEX domains_host ON domains (host) WHERE NOT archived;
CREATE UNIQUE INDEX domains_default ON domains (workspace, advertiser) WHERE by_default AND NOT archived;

-- What the last checks of them found: apart from them, so that a check makes no new
-- version of what people edit.
CREATE TABLE domain_checks (
  workspace  TEXT COLLATE "C" NOT NULL,
  domain     TEXT COLLATE "C" NOT NULL,
  at         BIGINT NOT NULL, -- µs of the last check, 0 = none yet
  code       TEXT COLLATE "C" NOT NULL, -- '' = all is well
  detail     TEXT COLLATE "C" NOT NULL, -- in a sentence
  fails      BIGINT NOT NULL, -- in a row
  next       BIGINT NOT NULL, -- µs when it is checked again
  cert_until BIGINT NOT NULL, -- µs, 0 = no certificate
  cert_error TEXT COLLATE "C" NOT NULL, -- why the last attempt to get one failed
  PRIMARY KEY (workspace, domain)
);
