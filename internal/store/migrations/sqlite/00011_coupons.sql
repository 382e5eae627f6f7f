-- +goose Up
-- Coupons: codes that speak for a publisher. Codes are unique within the advertiser
-- (advertiser '' are the offers without one), whatever case they are typed in.

CREATE TABLE coupons (
  id          TEXT NOT NULL,
  workspace   TEXT NOT NULL,
  created     BIGINT NOT NULL,
  updated     BIGINT NOT NULL,
  version     BIGINT NOT NULL,
  revision    BIGINT NOT NULL,
  archived    BOOLEAN NOT NULL,
  search      TEXT NOT NULL,
  offer       TEXT NOT NULL,
  publisher   TEXT NOT NULL,
  advertiser  TEXT NOT NULL, -- the offer's, '' = it has none
  code        TEXT NOT NULL, -- as it was typed
  code_key    TEXT NOT NULL, -- as it is compared
  valid_from  TEXT NOT NULL, -- YYYY-MM-DD, '' = open
  valid_until TEXT NOT NULL, -- inclusive, '' = open
  status      TEXT NOT NULL, -- active, paused
  notes       TEXT NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX coupons_revision ON coupons (revision);
CREATE INDEX coupons_offer ON coupons (workspace, offer, id);
CREATE INDEX coupons_publisher ON coupons (workspace, publisher, id);
CREATE UNIQUE INDEX coupons_code ON coupons (workspace, advertiser, code_key);

ALTER TABLE offers ADD COLUMN coupon_precedence TEXT NOT NULL DEFAULT 'click_wins';

-- What the coupon that was sent decided, or why it decided nothing, in a sentence.
ALTER TABLE conversions ADD COLUMN coupon_note TEXT NOT NULL DEFAULT '';
