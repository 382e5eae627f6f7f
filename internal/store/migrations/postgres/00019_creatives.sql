-- +goose Up
-- Creatives: what publishers show for an offer. The bytes of banners are kept once per
-- workspace under their SHA-256, apart from the rows, which every catalog load reads.

CREATE TABLE creatives (
  id             TEXT COLLATE "C" NOT NULL,
  workspace      TEXT COLLATE "C" NOT NULL,
  created        BIGINT NOT NULL,
  updated        BIGINT NOT NULL,
  version        BIGINT NOT NULL,
  revision       BIGINT NOT NULL,
  archived       BOOLEAN NOT NULL,
  search         TEXT COLLATE "C" NOT NULL,
  offer          TEXT COLLATE "C" NOT NULL,
  name           TEXT COLLATE "C" NOT NULL,
  type           TEXT COLLATE "C" NOT NULL, -- banner, text
  image          TEXT COLLATE "C" NOT NULL, -- hash of a banner's image, '' = a text
  image_type     TEXT COLLATE "C" NOT NULL, -- media type
  image_width    BIGINT NOT NULL, -- pixels
  image_height   BIGINT NOT NULL,
  image_size     BIGINT NOT NULL, -- bytes
  alt            TEXT COLLATE "C" NOT NULL,
  headline       TEXT COLLATE "C" NOT NULL,
  body           TEXT COLLATE "C" NOT NULL,
  call_to_action TEXT COLLATE "C" NOT NULL,
  url            TEXT COLLATE "C" NOT NULL, -- landing page, '' = the offer's
  status         TEXT COLLATE "C" NOT NULL, -- active, paused
  notes          TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX creatives_revision ON creatives (revision);
CREATE INDEX creatives_offer ON creatives (workspace, offer, id);
CREATE INDEX creatives_image ON creatives (workspace, image);

CREATE TABLE images (
  workspace TEXT COLLATE "C" NOT NULL,
  hash      TEXT COLLATE "C" NOT NULL, -- SHA-256 of data, hex
  type      TEXT COLLATE "C" NOT NULL, -- media type
  width     BIGINT NOT NULL,
  height    BIGINT NOT NULL,
  size      BIGINT NOT NULL,
  created   BIGINT NOT NULL, -- when it was last uploaded, µs
  data      BYTEA NOT NULL,
  PRIMARY KEY (workspace, hash)
);
