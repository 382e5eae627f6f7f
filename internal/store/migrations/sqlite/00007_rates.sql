-- +goose Up
-- Exchange rates. A row says that one unit of from_currency is value units of
-- to_currency. Imported rows belong to the whole installation (workspace '') and hold
-- until the next day that has one; manual rows belong to a workspace and hold from day
-- to until. Values are exact decimals, so they are text.

CREATE TABLE rates (
  workspace     TEXT   NOT NULL, -- '' = the whole installation
  from_currency TEXT   NOT NULL,
  to_currency   TEXT   NOT NULL,
  day           TEXT   NOT NULL, -- YYYY-MM-DD
  source        TEXT   NOT NULL, -- ecb, manual
  value         TEXT   NOT NULL, -- decimal, > 0
  until         TEXT   NOT NULL, -- manual: the last day it holds, '' = open
  previous      TEXT   NOT NULL, -- what value was before its last correction, '' = never corrected
  actor         TEXT   NOT NULL, -- user or key that wrote it, '' = the daily fetch
  changed       BIGINT NOT NULL, -- µs
  PRIMARY KEY (workspace, from_currency, to_currency, day, source)
);
CREATE INDEX rates_day ON rates (workspace, source, day DESC, from_currency, to_currency);

-- One row: what is known of the table as a whole. A new revision tells processes to read
-- the imported or the manual rows again.
CREATE TABLE rates_state (
  id       BIGINT NOT NULL PRIMARY KEY,
  revision BIGINT NOT NULL, -- of the imported rows
  manual   BIGINT NOT NULL, -- revision of the manual rows
  imported BIGINT NOT NULL, -- µs of the last import that went through, 0 = never
  fetched  BIGINT NOT NULL, -- µs of the last fetch, 0 = never
  failure  TEXT   NOT NULL  -- why the last fetch failed, '' = it did not
);
INSERT INTO rates_state (id, revision, manual, imported, fetched, failure) VALUES (1, 0, 0, 0, 0, '');
