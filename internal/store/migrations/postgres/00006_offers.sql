-- +goose Up
-- Offers in full: network macros, payouts by country, keywords, caps, targeting, and what
-- a conversion keeps of exchange rates and caps. Lists are JSON arrays.

ALTER TABLE workspaces ADD COLUMN ip_mode TEXT COLLATE "C" NOT NULL DEFAULT 'truncated';
ALTER TABLE workspaces ADD COLUMN salt TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE workspaces SET salt = replace(gen_random_uuid()::text, '-', '');

ALTER TABLE advertisers ADD COLUMN template TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN click_macro TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN payout_macro TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN amount_macro TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN currency_macro TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN txid_macro TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN status_macro TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN goal_macro TEXT COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE offers ADD COLUMN geo_payouts TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE offers ADD COLUMN geo_source TEXT COLLATE "C" NOT NULL DEFAULT 'click';
ALTER TABLE offers ADD COLUMN direct BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE offers ADD COLUMN static_url TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN fallback_offer TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN countries TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE offers ADD COLUMN devices TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE offers ADD COLUMN keywords TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE offers ADD COLUMN caps TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE offers ADD COLUMN cap_time_zone TEXT COLLATE "C" NOT NULL DEFAULT 'UTC';
ALTER TABLE offers ADD COLUMN cap_states TEXT COLLATE "C" NOT NULL DEFAULT '["pending","approved"]';
ALTER TABLE offers ADD COLUMN cap_warn BIGINT NOT NULL DEFAULT 80;
ALTER TABLE offers ADD COLUMN over_cap TEXT COLLATE "C" NOT NULL DEFAULT 'pay';
ALTER TABLE offers ADD COLUMN caps_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE offers ADD COLUMN description TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN category TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN preview_url TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE offers ADD COLUMN traffic TEXT COLLATE "C" NOT NULL DEFAULT '[]';

CREATE INDEX offers_fallback ON offers (workspace, fallback_offer, id) WHERE fallback_offer <> '';

ALTER TABLE goals ADD COLUMN geo_payouts TEXT COLLATE "C" NOT NULL DEFAULT '[]';

-- Of the currency the signal spoke in: '' = the conversion's own.
ALTER TABLE conversions ADD COLUMN sent_currency TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN sent_sale TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN rate TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN rate_date TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN rate_source TEXT COLLATE "C" NOT NULL DEFAULT '';
-- To the workspace's reporting currency; report_rate '' = no rate was known.
ALTER TABLE conversions ADD COLUMN report_currency TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN report_rate TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN report_rate_date TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN report_rate_source TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN geo TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN params TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN hold TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE conversions ADD COLUMN over_cap TEXT COLLATE "C" NOT NULL DEFAULT '';
-- Kind of the signal that brought the payout in sent, '' = none did.
ALTER TABLE conversions ADD COLUMN sent_by TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE conversions SET sent_by = source WHERE sent <> '';
CREATE INDEX conversions_offer_at ON conversions (workspace, offer, at);
CREATE INDEX conversions_hold ON conversions (workspace, id) WHERE hold <> '';
