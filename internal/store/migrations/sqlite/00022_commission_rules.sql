-- +goose Up
-- Commission rules: conditions and pay are JSON, read as a whole.

CREATE TABLE commission_rules (
  id         TEXT NOT NULL,
  workspace  TEXT NOT NULL,
  created    BIGINT NOT NULL,
  updated    BIGINT NOT NULL,
  version    BIGINT NOT NULL,
  revision   BIGINT NOT NULL,
  archived   BOOLEAN NOT NULL,
  search     TEXT NOT NULL,
  name       TEXT NOT NULL,
  offer      TEXT NOT NULL, -- '' = every offer
  status     TEXT NOT NULL, -- active, paused
  priority   BIGINT NOT NULL,
  currency   TEXT NOT NULL, -- of its amounts
  conditions TEXT NOT NULL, -- JSON
  pay        TEXT NOT NULL, -- JSON
  over_100   BOOLEAN NOT NULL,
  notes      TEXT NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX commission_rules_revision ON commission_rules (revision);
CREATE INDEX commission_rules_offer ON commission_rules (workspace, offer, id);

-- By which rule a conversion was priced, what of the signal rules ask for, and the shares of
-- its item lines.
ALTER TABLE conversions ADD COLUMN rule TEXT NOT NULL DEFAULT '';         -- '' = none, or several: see lines
ALTER TABLE conversions ADD COLUMN rule_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversions ADD COLUMN commission_id TEXT NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN customer TEXT NOT NULL DEFAULT '';     -- hashed
ALTER TABLE conversions ADD COLUMN items TEXT NOT NULL DEFAULT '';        -- as sent
ALTER TABLE conversions ADD COLUMN comm_lines TEXT NOT NULL DEFAULT '';   -- JSON: what each line pays and why
ALTER TABLE conversions ADD COLUMN rule_tier BIGINT NOT NULL DEFAULT 0;   -- the lowest of retroactive rules
CREATE INDEX conversions_customer ON conversions (workspace, customer, goal_key) WHERE customer <> '';
CREATE INDEX conversions_volume ON conversions (workspace, offer, publisher, at);
