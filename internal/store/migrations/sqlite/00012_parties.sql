-- +goose Up
-- Users and keys that belong to a publisher or an advertiser: '' = staff.
ALTER TABLE users ADD COLUMN party_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN party TEXT NOT NULL DEFAULT '';
CREATE INDEX users_party ON users (party, party_kind);
ALTER TABLE api_keys ADD COLUMN party_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN party TEXT NOT NULL DEFAULT '';
