-- +goose Up
-- The inbox by advertiser and by what was sent; what an advertiser's signals must keep to.

ALTER TABLE signals ADD COLUMN advertiser TEXT NOT NULL DEFAULT '';
ALTER TABLE signals ADD COLUMN goal TEXT NOT NULL DEFAULT ''; -- key
-- What can be searched for, lower case: order number, click id and what was sent, without secrets.
ALTER TABLE signals ADD COLUMN search TEXT NOT NULL DEFAULT '';
UPDATE signals SET advertiser = (SELECT o.advertiser FROM offers o WHERE o.workspace = signals.workspace AND o.id = signals.offer)
WHERE offer <> '' AND EXISTS (SELECT 1 FROM offers o WHERE o.workspace = signals.workspace AND o.id = signals.offer);
UPDATE signals SET search = LOWER(order_no || ' ' || click);
CREATE INDEX signals_advertiser ON signals (workspace, advertiser, id) WHERE advertiser <> '';
-- Those that were not taken: refused, or waiting.
CREATE INDEX signals_open ON signals (workspace, id) WHERE verdict NOT IN ('accepted', 'updated', 'duplicate', 'event_recorded');
-- Those that may be dropped when they are old.
CREATE INDEX signals_old ON signals (at, id) WHERE conversion = '' AND retry_at = 0;

ALTER TABLE advertisers ADD COLUMN guards TEXT NOT NULL DEFAULT '{}'; -- catalog.Guards, JSON
-- What a goal does with a conversion that comes again: '' ignore, reject, add.
ALTER TABLE goals ADD COLUMN duplicates TEXT NOT NULL DEFAULT '';

-- Ids of signed messages, so that none is taken twice.
CREATE TABLE message_ids (
  advertiser TEXT NOT NULL,
  id         TEXT NOT NULL,
  signal     TEXT NOT NULL,
  at         BIGINT NOT NULL,
  PRIMARY KEY (advertiser, id)
);
CREATE INDEX message_ids_at ON message_ids (at);
