-- +goose Up
-- Preset sub ids of a link: a JSON list, the first is sub1, '' = none.
ALTER TABLE links ADD COLUMN subs TEXT COLLATE "C" NOT NULL DEFAULT '[]';
