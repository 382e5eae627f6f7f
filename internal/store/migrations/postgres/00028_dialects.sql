-- +goose Up
-- The wire dialects that a tracking domain speaks at its root, a JSON array of names.
ALTER TABLE domains ADD COLUMN dialects TEXT COLLATE "C" NOT NULL DEFAULT '[]';
