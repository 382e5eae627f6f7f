-- +goose Up
-- Advertisers who pay ahead, and payments of all of them.

ALTER TABLE advertisers ADD COLUMN prepaid BOOLEAN NOT NULL DEFAULT FALSE;
-- In whole units of the currency of each of its balances.
ALTER TABLE advertisers ADD COLUMN prepay_warn BIGINT NOT NULL DEFAULT 0;

CREATE TABLE advertiser_payments (
  id         TEXT   NOT NULL PRIMARY KEY,
  workspace  TEXT   NOT NULL CHECK (workspace <> ''),
  key        TEXT   NOT NULL,
  advertiser TEXT   NOT NULL CHECK (advertiser <> ''),
  kind       TEXT   NOT NULL, -- ahead, owed
  currency   TEXT   NOT NULL,
  amount     BIGINT NOT NULL CHECK (amount <> 0), -- minor units; negative: paid back
  reference  TEXT   NOT NULL,
  reason     TEXT   NOT NULL,
  actor      TEXT   NOT NULL,
  at         BIGINT NOT NULL,
  recorded   BIGINT NOT NULL
);
CREATE UNIQUE INDEX advertiser_payments_key ON advertiser_payments (workspace, key);
CREATE INDEX advertiser_payments_advertiser ON advertiser_payments (workspace, advertiser, id);
