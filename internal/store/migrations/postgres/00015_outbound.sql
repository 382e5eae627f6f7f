-- +goose Up
-- Postbacks to publishers: a kind of their own in place of one URL for each publisher, the
-- log of every try, and what a delivery is about.

CREATE TABLE postbacks (
  id        TEXT COLLATE "C" NOT NULL,
  workspace TEXT COLLATE "C" NOT NULL,
  created   BIGINT NOT NULL,
  updated   BIGINT NOT NULL,
  version   BIGINT NOT NULL,
  revision  BIGINT NOT NULL,
  archived  BOOLEAN NOT NULL,
  search    TEXT COLLATE "C" NOT NULL,
  publisher TEXT COLLATE "C" NOT NULL,
  name      TEXT COLLATE "C" NOT NULL,
  offer     TEXT COLLATE "C" NOT NULL, -- '' = all
  goal      TEXT COLLATE "C" NOT NULL, -- key, '' = all
  states    TEXT COLLATE "C" NOT NULL, -- JSON array of texts
  preset    TEXT COLLATE "C" NOT NULL,
  method    TEXT COLLATE "C" NOT NULL,
  url       TEXT COLLATE "C" NOT NULL, -- template
  body_kind TEXT COLLATE "C" NOT NULL, -- '', form, json
  body      TEXT COLLATE "C" NOT NULL, -- template
  replaces  BOOLEAN NOT NULL,
  status    TEXT COLLATE "C" NOT NULL, -- active, paused
  notes     TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX postbacks_revision ON postbacks (revision);
CREATE INDEX postbacks_publisher ON postbacks (workspace, publisher, id);
CREATE INDEX postbacks_offer ON postbacks (workspace, offer, id);

-- What a publisher's one URL was called on: each conversion once, when it was accepted.
INSERT INTO postbacks (id, workspace, created, updated, version, revision, archived, search, publisher, name, offer, goal, states, preset,
  method, url, body_kind, body, replaces, status, notes)
SELECT 'pbk_' || substr(p.id, 5), p.workspace, p.updated, p.updated, 1, (SELECT revision FROM catalog_revision WHERE id = 1) + ROW_NUMBER() OVER (ORDER BY p.workspace, p.id),
  FALSE, lower(p.postback_url) || ' pbk_' || substr(p.id, 5), p.id, '', '', '', '["accepted"]', '', 'GET', p.postback_url, '', '', FALSE, 'active', ''
FROM publishers p WHERE p.postback_url <> '';
UPDATE catalog_revision SET revision = revision + (SELECT count(*) FROM postbacks) WHERE id = 1;
ALTER TABLE publishers DROP COLUMN postback_url;

ALTER TABLE deliveries ADD COLUMN postback TEXT COLLATE "C" NOT NULL DEFAULT '';   -- id, '' = made before there were any
ALTER TABLE deliveries ADD COLUMN offer TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN tells TEXT COLLATE "C" NOT NULL DEFAULT '';      -- the conversion's state
ALTER TABLE deliveries ADD COLUMN body_kind TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN body TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE deliveries ADD COLUMN macros TEXT COLLATE "C" NOT NULL DEFAULT '';     -- values by name, a JSON object
ALTER TABLE deliveries ADD COLUMN resends TEXT COLLATE "C" NOT NULL DEFAULT '';    -- the delivery it repeats
ALTER TABLE deliveries ADD COLUMN resent_as TEXT COLLATE "C" NOT NULL DEFAULT '';  -- the delivery that repeats it
ALTER TABLE deliveries ADD COLUMN actor TEXT COLLATE "C" NOT NULL DEFAULT '';      -- who asked for it, '' = the books
ALTER TABLE deliveries ADD COLUMN search TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE deliveries SET search = lower(url) || ' ' || conversion || ' ' || id,
  offer = COALESCE((SELECT c.offer FROM conversions c WHERE c.workspace = deliveries.workspace AND c.id = deliveries.conversion), '');
CREATE INDEX deliveries_publisher ON deliveries (workspace, publisher, id);
CREATE INDEX deliveries_state ON deliveries (workspace, state, id);
CREATE INDEX deliveries_final ON deliveries (done_at, id) WHERE state <> 'waiting';

CREATE TABLE delivery_tries (
  delivery TEXT COLLATE "C"   NOT NULL,
  n        BIGINT NOT NULL, -- 1, 2, …
  at       BIGINT NOT NULL, -- µs, when it began
  took     BIGINT NOT NULL, -- µs
  status   BIGINT NOT NULL, -- HTTP, 0 = none
  headers  TEXT COLLATE "C"   NOT NULL, -- as sent, a line each
  answer   TEXT COLLATE "C"   NOT NULL, -- its beginning
  error    TEXT COLLATE "C"   NOT NULL, -- '' = none
  PRIMARY KEY (delivery, n)
);
