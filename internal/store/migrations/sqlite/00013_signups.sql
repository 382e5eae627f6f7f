-- +goose Up
-- Publishers and advertisers as parties with people: groups, managers and states; how they
-- sign up and are invited; single-use tokens; mails.

CREATE TABLE publisher_groups (
  id        TEXT NOT NULL,
  workspace TEXT NOT NULL,
  created   BIGINT NOT NULL,
  updated   BIGINT NOT NULL,
  version   BIGINT NOT NULL,
  revision  BIGINT NOT NULL,
  archived  BOOLEAN NOT NULL,
  search    TEXT NOT NULL,
  name      TEXT NOT NULL,
  notes     TEXT NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX publisher_groups_revision ON publisher_groups (revision);
CREATE UNIQUE INDEX publisher_groups_name ON publisher_groups (workspace, name);

ALTER TABLE publishers ADD COLUMN reason TEXT NOT NULL DEFAULT ''; -- of its status
ALTER TABLE publishers ADD COLUMN group_id TEXT NOT NULL DEFAULT ''; -- '' = none
ALTER TABLE publishers ADD COLUMN manager TEXT NOT NULL DEFAULT ''; -- user of staff, '' = none
ALTER TABLE publishers ADD COLUMN website TEXT NOT NULL DEFAULT '';
ALTER TABLE publishers ADD COLUMN promotion TEXT NOT NULL DEFAULT ''; -- how it brings visitors
CREATE INDEX publishers_group ON publishers (workspace, group_id, id);

ALTER TABLE advertisers ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
ALTER TABLE advertisers ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN manager TEXT NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN website TEXT NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN contact_email TEXT NOT NULL DEFAULT '';

-- The public sign-up page of one kind of party.
CREATE TABLE signup_settings (
  workspace     TEXT NOT NULL,
  kind          TEXT NOT NULL, -- publisher, advertiser
  open          BOOLEAN NOT NULL,
  intro         TEXT NOT NULL,
  questions     TEXT NOT NULL, -- JSON
  terms         TEXT NOT NULL,
  terms_version BIGINT NOT NULL, -- +1 whenever the terms change; 0 = never had any
  group_id      TEXT NOT NULL, -- of publishers who sign up
  manager       TEXT NOT NULL, -- of parties that sign up
  updated       BIGINT NOT NULL,
  version       BIGINT NOT NULL,
  PRIMARY KEY (workspace, kind)
);

CREATE TABLE signups (
  id            TEXT NOT NULL PRIMARY KEY,
  workspace     TEXT NOT NULL,
  kind          TEXT NOT NULL,
  created       BIGINT NOT NULL,
  updated       BIGINT NOT NULL,
  version       BIGINT NOT NULL,
  state         TEXT NOT NULL, -- unconfirmed, pending, approved, rejected, banned, refused
  code          TEXT NOT NULL, -- why it was refused
  email         TEXT NOT NULL,
  person        TEXT NOT NULL,
  name          TEXT NOT NULL, -- of the publisher or the advertiser
  website       TEXT NOT NULL,
  promotion     TEXT NOT NULL,
  answers       TEXT NOT NULL, -- JSON, with the questions as they were asked
  terms_version BIGINT NOT NULL, -- that were accepted, 0 = none
  addr          TEXT NOT NULL, -- where from, without its last part
  password_hash TEXT NOT NULL, -- until it is the user's
  party         TEXT NOT NULL, -- what was made of it, '' = nothing yet
  user_id       TEXT NOT NULL,
  confirmed     BIGINT NOT NULL,
  decided       BIGINT NOT NULL,
  decided_by    TEXT NOT NULL,
  reason        TEXT NOT NULL
);
CREATE INDEX signups_state ON signups (workspace, state, id);
CREATE INDEX signups_workspace ON signups (workspace, id);

CREATE TABLE invitations (
  id         TEXT NOT NULL PRIMARY KEY,
  workspace  TEXT NOT NULL, -- the party's; '' = of a colleague
  party_kind TEXT NOT NULL,
  party      TEXT NOT NULL,
  created    BIGINT NOT NULL,
  updated    BIGINT NOT NULL,
  version    BIGINT NOT NULL,
  email      TEXT NOT NULL,
  name       TEXT NOT NULL,
  workspaces TEXT NOT NULL, -- JSON; of a colleague
  owner      BOOLEAN NOT NULL,
  state      TEXT NOT NULL, -- open, accepted, revoked
  expires    BIGINT NOT NULL,
  made_by    TEXT NOT NULL,
  user_id    TEXT NOT NULL -- who came of it
);
CREATE INDEX invitations_party ON invitations (workspace, party, id);
CREATE INDEX invitations_workspace ON invitations (workspace, id);

-- Tokens of links in mails: each opens one door, once.
CREATE TABLE tokens (
  hash    TEXT NOT NULL PRIMARY KEY,
  purpose TEXT NOT NULL, -- confirm, invite, reset
  subject TEXT NOT NULL, -- id of what it opens
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used    BIGINT NOT NULL
);
CREATE INDEX tokens_subject ON tokens (subject, purpose);

-- Mails waiting to be sent, and the log of those that were.
CREATE TABLE mails (
  id        TEXT NOT NULL PRIMARY KEY,
  workspace TEXT NOT NULL, -- '' = of the installation
  created   BIGINT NOT NULL,
  version   BIGINT NOT NULL,
  purpose   TEXT NOT NULL,
  about     TEXT NOT NULL, -- id of what it is about
  recipient TEXT NOT NULL,
  subject   TEXT NOT NULL,
  body      TEXT NOT NULL, -- without its link once it was sent
  link      TEXT NOT NULL,
  state     TEXT NOT NULL, -- queued, sent, failed, dropped
  attempts  BIGINT NOT NULL,
  next_at   BIGINT NOT NULL,
  expires   BIGINT NOT NULL,
  sent      BIGINT NOT NULL,
  problem   TEXT NOT NULL
);
CREATE INDEX mails_due ON mails (state, next_at);
CREATE INDEX mails_workspace ON mails (workspace, id);
CREATE INDEX mails_about ON mails (about);

-- The mail server; one row, id 1.
CREATE TABLE mail_settings (
  id       BIGINT NOT NULL PRIMARY KEY,
  host     TEXT NOT NULL,
  port     BIGINT NOT NULL,
  username TEXT NOT NULL,
  password TEXT NOT NULL,
  security TEXT NOT NULL, -- tls, starttls, none
  sender   TEXT NOT NULL,
  updated  BIGINT NOT NULL,
  version  BIGINT NOT NULL
);
