-- +goose Up
-- What an advertiser sees in its portal, newest first.
CREATE INDEX conversions_advertiser ON conversions (workspace, advertiser, id) WHERE advertiser <> '';
