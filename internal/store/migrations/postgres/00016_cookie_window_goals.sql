-- +goose Up
-- Cookie life of advertisers and offers (0 on an offer = its advertiser's), which click
-- earns, how soon one may convert, and what a click hands out. Offers of before keep the
-- life that they have.

ALTER TABLE advertisers ADD COLUMN cookie_days BIGINT NOT NULL DEFAULT 30;
ALTER TABLE offers ADD COLUMN min_seconds BIGINT NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN attribution TEXT COLLATE "C" NOT NULL DEFAULT 'last_click'; -- last_click, first_click
ALTER TABLE offers ADD COLUMN tracking TEXT COLLATE "C" NOT NULL DEFAULT 'any'; -- any, postback, pixel

-- What a goal is; an event pays nothing and makes no conversions.
ALTER TABLE goals ADD COLUMN type TEXT COLLATE "C" NOT NULL DEFAULT 'sale';
ALTER TABLE goals ADD COLUMN require_order BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE goals ADD COLUMN every_fire BOOLEAN NOT NULL DEFAULT FALSE;

-- On-site events that were counted. Their facts say what they were; this says that they
-- were counted, and that they are counted once.
CREATE TABLE onsite_events (
  workspace TEXT COLLATE "C" NOT NULL,
  dedup_key TEXT COLLATE "C" NOT NULL, -- as a conversion's, or the signal's own where every fire counts
  signal    TEXT COLLATE "C" NOT NULL,
  at        BIGINT NOT NULL, -- µs
  offer     TEXT COLLATE "C" NOT NULL,
  goal      TEXT COLLATE "C" NOT NULL, -- key
  publisher TEXT COLLATE "C" NOT NULL, -- '' = nobody
  click     TEXT COLLATE "C" NOT NULL, -- hex
  PRIMARY KEY (workspace, dedup_key)
);
