-- +goose Up
-- Tracking domains. A host belongs to one live domain of the installation; an archived one
-- gives it free.

CREATE TABLE domains (
  id          TEXT NOT NULL,
  workspace   TEXT NOT NULL,
  created     BIGINT NOT NULL,
  updated     BIGINT NOT NULL,
  version     BIGINT NOT NULL,
  revision    BIGINT NOT NULL,
  archived    BOOLEAN NOT NULL,
  search      TEXT NOT NULL,
  host        TEXT NOT NULL, -- lower-case ASCII
  advertiser  TEXT NOT NULL, -- '' = all of the workspace
  root_url    TEXT NOT NULL, -- '' = the 404 page
  unknown_url TEXT NOT NULL,
  by_default  BOOLEAN NOT NULL,
  token       TEXT NOT NULL, -- proves that it is us who answer
  status      TEXT NOT NULL, -- unverified, verified, failing
  verified    BIGINT NOT NULL, -- µs of the first time, 0 = not yet
  PRIMARY KEY (workspace, id)
);
CREATE INDEX domains_revision ON domains (revision);
CREATE UNIQUE INDEX domains_host ON domains (host) WHERE NOT archived;
CREATE UNIQUE INDEX domains_default ON domains (workspace, advertiser) WHERE by_default AND NOT archived;

-- What the last checks of them found: apart from them, so that a check makes no new
-- version of what people edit.
CREATE TABLE domain_checks (
  workspace  TEXT NOT NULL,
  domain     TEXT NOT NULL,
  at         BIGINT NOT NULL, -- µs of the last check, 0 = none yet
  code       TEXT NOT NULL, -- '' = all is well
  detail     TEXT NOT NULL, -- in a sentence
  fails      BIGINT NOT NULL, -- in a row
  next       BIGINT NOT NULL, -- µs when it is checked again
  cert_until BIGINT NOT NULL, -- µs, 0 = no certificate
  cert_error TEXT NOT NULL, -- why the last attempt to get one failed
  PRIMARY KEY (workspace, domain)
);
