-- +goose Up
-- Publishers and advertisers as parties with people: groups, managers and states; how they
-- sign up and are invited; single-use tokens; mails.

CREATE TABLE publisher_groups (
  id        TEXT COLLATE "C" NOT NULL,
  workspace TEXT COLLATE "C" NOT NULL,
  created   BIGINT NOT NULL,
  updated   BIGINT NOT NULL,
  version   BIGINT NOT NULL,
  revision  BIGINT NOT NULL,
  archived  BOOLEAN NOT NULL,
  search    TEXT COLLATE "C" NOT NULL,
  name      TEXT COLLATE "C" NOT NULL,
  notes     TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX publisher_groups_revision ON publisher_groups (revision);
CREATE UNIQUE INDEX publisher_groups_name ON publisher_groups (workspace, name);

ALTER TABLE publishers ADD COLUMN reason TEXT COLLATE "C" NOT NULL DEFAULT ''; -- of its status
ALTER TABLE publishers ADD COLUMN group_id TEXT COLLATE "C" NOT NULL DEFAULT ''; -- '' = none
ALTER TABLE publishers ADD COLUMN manager TEXT COLLATE "C" NOT NULL DEFAULT ''; -- user of staff, '' = none
ALTER TABLE publishers ADD COLUMN website TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE publishers ADD COLUMN promotion TEXT COLLATE "C" NOT NULL DEFAULT ''; -- how it brings visitors
CREATE INDEX publishers_group ON publishers (workspace, group_id, id);

ALTER TABLE advertisers ADD COLUMN status TEXT COLLATE "C" NOT NULL DEFAULT 'active';
ALTER TABLE advertisers ADD COLUMN reason TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN manager TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN website TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE advertisers ADD COLUMN contact_email TEXT COLLATE "C" NOT NULL DEFAULT '';

-- The public sign-up page of one kind of party.
CREATE TABLE signup_settings (
  workspace     TEXT COLLATE "C" NOT NULL,
  kind          TEXT COLLATE "C" NOT NULL, -- publisher, advertiser
  open          BOOLEAN NOT NULL,
  intro         TEXT COLLATE "C" NOT NULL,
  questions     TEXT COLLATE "C" NOT NULL, -- JSON
  terms         TEXT COLLATE "C" NOT NULL,
  terms_version BIGINT NOT NULL, -- +1 whenever the terms change; 0 = never had any
  group_id      TEXT COLLATE "C" NOT NULL, -- of publishers who sign up
  manager       TEXT COLLATE "C" NOT NULL, -- of parties that sign up
  updated       BIGINT NOT NULL,
  version       BIGINT NOT NULL,
  PRIMARY KEY (workspace, kind)
);

CREATE TABLE signups (
  id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  workspace     TEXT COLLATE "C" NOT NULL,
  kind          TEXT COLLATE "C" NOT NULL,
  created       BIGINT NOT NULL,
  updated       BIGINT NOT NULL,
  version       BIGINT NOT NULL,
  state         TEXT COLLATE "C" NOT NULL, -- unconfirmed, pending, approved, rejected, banned, refused
  code          TEXT COLLATE "C" NOT NULL, -- why it was refused
  email         TEXT COLLATE "C" NOT NULL,
  person        TEXT COLLATE "C" NOT NULL,
  name          TEXT COLLATE "C" NOT NULL, -- of the publisher or the advertiser
  website       TEXT COLLATE "C" NOT NULL,
  promotion     TEXT COLLATE "C" NOT NULL,
  answers       TEXT COLLATE "C" NOT NULL, -- JSON, with the questions as they were asked
  terms_version BIGINT NOT NULL, -- that were accepted, 0 = none
  addr          TEXT COLLATE "C" NOT NULL, -- where from, without its last part
  password_hash TEXT COLLATE "C" NOT NULL, -- until it is the user's
  party         TEXT COLLATE "C" NOT NULL, -- what was made of it, '' = nothing yet
  user_id       TEXT COLLATE "C" NOT NULL,
  confirmed     BIGINT NOT NULL,
  decided       BIGINT NOT NULL,
  decided_by    TEXT COLLATE "C" NOT NULL,
  reason        TEXT COLLATE "C" NOT NULL
);
CREATE INDEX signups_state ON signups (workspace, state, id);
CREATE INDEX signups_workspace ON signups (workspace, id);

CREATE TABLE invitations (
  id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  workspace  TEXT COLLATE "C" NOT NULL, -- the party's; '' = of a colleague
  party_kind TEXT COLLATE "C" NOT NULL,
  party      TEXT COLLATE "C" NOT NULL,
  created    BIGINT NOT NULL,
  updated    BIGINT NOT NULL,
  version    BIGINT NOT NULL,
  email      TEXT COLLATE "C" NOT NULL,
  name       TEXT COLLATE "C" NOT NULL,
  workspaces TEXT COLLATE "C" NOT NULL, -- JSON; of a colleague
  owner      BOOLEAN NOT NULL,
  state      TEXT COLLATE "C" NOT NULL, -- open, accepted, revoked
  expires    BIGINT NOT NULL,
  made_by    TEXT COLLATE "C" NOT NULL,
  user_id    TEXT COLLATE "C" NOT NULL -- who came of it
);
CREATE INDEX invitations_party ON invitations (workspace, party, id);
CREATE INDEX invitations_workspace ON invitations (workspace, id);

-- Tokens of links in mails: each opens one door, once.
CREATE TABLE tokens (
  hash    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  purpose TEXT COLLATE "C" NOT NULL, -- confirm, invite, reset
  subject TEXT COLLATE "C" NOT NULL, -- id of what it opens
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used    BIGINT NOT NULL
);
CREATE INDEX tokens_subject ON tokens (subject, purpose);

-- Mails waiting to be sent, and the log of those that were.
CREATE TABLE mails (
  id        TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  workspace TEXT COLLATE "C" NOT NULL, -- '' = of the installation
  created   BIGINT NOT NULL,
  version   BIGINT NOT NULL,
  purpose   TEXT COLLATE "C" NOT NULL,
  about     TEXT COLLATE "C" NOT NULL, -- id of what it is about
  recipient TEXT COLLATE "C" NOT NULL,
  subject   TEXT COLLATE "C" NOT NULL,
  body      TEXT COLLATE "C" NOT NULL, -- without its link once it was sent
  link      TEXT COLLATE "C" NOT NULL,
  state     TEXT COLLATE "C" NOT NULL, -- queued, sent, failed, dropped
  attempts  BIGINT NOT NULL,
  next_at   BIGINT NOT NULL,
  expires   BIGINT NOT NULL,
  sent      BIGINT NOT NULL,
  problem   TEXT COLLATE "C" NOT NULL
);
CREATE INDEX mails_due ON mails (state, next_at);
CREATE INDEX mails_workspace ON mails (workspace, id);
CREATE INDEX mails_about ON mails (about);

-- The mail server; one row, id 1.
CREATE TABLE mail_settings (
  id       BIGINT NOT NULL PRIMARY KEY,
  host     TEXT COLLATE "C" NOT NULL,
  port     BIGINT NOT NULL,
  username TEXT COLLATE "C" NOT NULL,
  password TEXT COLLATE "C" NOT NULL,
  security TEXT COLLATE "C" NOT NULL, -- tls, starttls, none
  sender   TEXT COLLATE "C" NOT NULL,
  updated  BIGINT NOT NULL,
  version  BIGINT NOT NULL
);
