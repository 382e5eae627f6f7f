-- +goose Up
-- The life of a conversion after it was recorded: adjustments, holds, the validation period.

-- After how many days what is pending is approved by itself. Advertisers: 0 = never. Offers:
-- 0 = as the advertiser, -1 = never.
ALTER TABLE advertisers ADD COLUMN validation_days BIGINT NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN validation_days BIGINT NOT NULL DEFAULT 0;

-- What a conversion was worth before its first refund, of which each refund takes its share.
ALTER TABLE conversions ADD COLUMN adjusted BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE conversions ADD COLUMN base_sale BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversions ADD COLUMN base_revenue BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversions ADD COLUMN base_commission BIGINT NOT NULL DEFAULT 0;
-- Why somebody holds it, in their words; hold itself says who: staff, over_cap.
ALTER TABLE conversions ADD COLUMN hold_note TEXT NOT NULL DEFAULT '';

CREATE INDEX conversions_waiting ON conversions (offer, id) WHERE status = 'pending';

-- Changes of what a conversion is worth. Its amounts are the first ones plus all of these.
CREATE TABLE conversion_adjustments (
  id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  workspace  TEXT NOT NULL,
  conversion TEXT NOT NULL,
  key        TEXT NOT NULL, -- refund id or idempotency key
  kind       TEXT NOT NULL, -- refund, change
  asked      TEXT NOT NULL, -- what was asked for, to tell a repetition from another one
  currency   TEXT NOT NULL, -- of the differences
  sale       BIGINT NOT NULL,
  revenue    BIGINT NOT NULL,
  commission BIGINT NOT NULL,
  actor      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  at         BIGINT NOT NULL
);
CREATE UNIQUE INDEX conversion_adjustments_key ON conversion_adjustments (workspace, conversion, key);

-- Bonuses and corrections to publishers that belong to no conversion.
CREATE TABLE balance_adjustments (
  id        TEXT NOT NULL PRIMARY KEY,
  workspace TEXT NOT NULL,
  key       TEXT NOT NULL,
  publisher TEXT NOT NULL,
  currency  TEXT NOT NULL,
  amount    BIGINT NOT NULL CHECK (amount <> 0), -- in favour of the publisher
  actor     TEXT NOT NULL,
  reason    TEXT NOT NULL,
  at        BIGINT NOT NULL
);
CREATE UNIQUE INDEX balance_adjustments_key ON balance_adjustments (workspace, key);
CREATE INDEX balance_adjustments_publisher ON balance_adjustments (workspace, publisher, id);
