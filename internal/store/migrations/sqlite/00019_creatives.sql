-- +goose Up
-- Creatives: what publishers show for an offer. The bytes of banners are kept once per
-- workspace under their SHA-256, apart from the rows, which every catalog load reads.

CREATE TABLE creatives (
  id             TEXT NOT NULL,
  workspace      TEXT NOT NULL,
  created        BIGINT NOT NULL,
  updated        BIGINT NOT NULL,
  version        BIGINT NOT NULL,
  revision       BIGINT NOT NULL,
  archived       BOOLEAN NOT NULL,
  search         TEXT NOT NULL,
  offer          TEXT NOT NULL,
  name           TEXT NOT NULL,
  type           TEXT NOT NULL, -- banner, text
  image          TEXT NOT NULL, -- hash of a banner's image, '' = a text
  image_type     TEXT NOT NULL, -- media type
  image_width    BIGINT NOT NULL, -- pixels
  image_height   BIGINT NOT NULL,
  image_size     BIGINT NOT NULL, -- bytes
  alt            TEXT NOT NULL,
  headline       TEXT NOT NULL,
  body           TEXT NOT NULL,
  call_to_action TEXT NOT NULL,
  url            TEXT NOT NULL, -- landing page, '' = the offer's
  status         TEXT NOT NULL, -- active, paused
  notes          TEXT NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX creatives_revision ON creatives (revision);
CREATE INDEX creatives_offer ON creatives (workspace, offer, id);
CREATE INDEX creatives_image ON creatives (workspace, image);

CREATE TABLE images (
  workspace TEXT NOT NULL,
  hash      TEXT NOT NULL, -- SHA-256 of data, hex
  type      TEXT NOT NULL, -- media type
  width     BIGINT NOT NULL,
  height    BIGINT NOT NULL,
  size      BIGINT NOT NULL,
  created   BIGINT NOT NULL, -- when it was last uploaded, µs
  data      BLOB NOT NULL,
  PRIMARY KEY (workspace, hash)
);
