-- +goose Up
-- Coupons: codes that speak for a publisher. Codes are unique within the advertiser
-- (advertiser '' are the offers without one), whatever case they are typed in.

CREATE TABLE coupons (
  id          TEXT COLLATE "C" NOT NULL,
  workspace   TEXT COLLATE "C" NOT NULL,
  created     BIGINT NOT NULL,
  updated     BIGINT NOT NULL,
  version     BIGINT NOT NULL,
  revision    BIGINT NOT NULL,
  archived    BOOLEAN NOT NULL,
  search      TEXT COLLATE "C" NOT NULL,
  offer       TEXT COLLATE "C" NOT NULL,
  publisher   TEXT COLLATE "C" NOT NULL,
  advertiser  TEXT COLLATE "C" NOT NULL, -- the offer's, '' = it has none
  code        TEXT COLLATE "C" NOT NULL, -- as it was typed
  code_key    TEXT COLLATE "C" NOT NULL, -- as it is compared
  valid_from  TEXT COLLATE "C" NOT NULL, -- YYYY-MM-DD, '' = open
  valid_until TEXT COLLATE "C" NOT NULL, -- inclusive, '' = open
  status      TEXT COLLATE "C" NOT NULL, -- active, paused
  notes       TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX coupons_revision ON coupons (revision);
CREATE INDEX coupons_offer ON coupons (workspace, offer, id);
CREATE INDEX coupons_publisher ON coupons (workspace, publisher, id);
CREATE UNIQUE INDEX coupons_code ON coupons (workspace, advertiser, code_key);

ALTER TABLE offers ADD COLUMN coupon_precedence TEXT COLLATE "C" NOT NULL DEFAULT 'click_wins';

-- What the coupon that was sent decided, or why it decided nothing, in a sentence.
ALTER TABLE conversions ADD COLUMN coupon_note TEXT COLLATE "C" NOT NULL DEFAULT '';
