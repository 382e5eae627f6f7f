-- +goose Up
-- Agreements: who may run an offer, applications with their answers, and versions of the
-- terms. Offers there are keep being given by hand; nobody has applied to one yet.

CREATE TABLE terms (
  id                 TEXT COLLATE "C" NOT NULL,
  workspace          TEXT COLLATE "C" NOT NULL,
  created            BIGINT  NOT NULL,
  updated            BIGINT  NOT NULL,
  version            BIGINT  NOT NULL,
  revision           BIGINT  NOT NULL,
  archived           BOOLEAN NOT NULL, -- withdrawn before it came into force
  search             TEXT COLLATE "C" NOT NULL,
  offer              TEXT COLLATE "C" NOT NULL,
  number             BIGINT  NOT NULL, -- 1, 2, … in the offer
  from_at            BIGINT  NOT NULL, -- µs, from when on it is in force
  body               TEXT COLLATE "C" NOT NULL, -- what publishers accept
  commission_kind    TEXT COLLATE "C" NOT NULL, -- '' = the goal's, then the offer's
  commission         BIGINT  NOT NULL,
  commission_percent TEXT COLLATE "C" NOT NULL,
  goals              TEXT COLLATE "C" NOT NULL, -- JSON: commissions of single goals
  cookie_days        BIGINT  NOT NULL,
  window_days        BIGINT  NOT NULL,
  PRIMARY KEY (workspace, id)
);
CREATE INDEX terms_revision ON terms (revision);
CREATE UNIQUE INDEX terms_number ON terms (workspace, offer, number);

ALTER TABLE offers ADD COLUMN visibility TEXT COLLATE "C" NOT NULL DEFAULT 'approval';
ALTER TABLE offers ADD COLUMN questions TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE offers ADD COLUMN reapply_days BIGINT NOT NULL DEFAULT 30;

ALTER TABLE enrollments ADD COLUMN terms BIGINT NOT NULL DEFAULT 0; -- version accepted, 0 = none
ALTER TABLE enrollments ADD COLUMN answers TEXT COLLATE "C" NOT NULL DEFAULT '[]';
ALTER TABLE enrollments ADD COLUMN applied BIGINT NOT NULL DEFAULT 0;
ALTER TABLE enrollments ADD COLUMN decided BIGINT NOT NULL DEFAULT 0;
ALTER TABLE enrollments ADD COLUMN accepted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE enrollments ADD COLUMN accepted_by TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE enrollments ADD COLUMN accepted_from TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX enrollments_waiting ON enrollments (workspace, id) WHERE status = 'applied';

-- The version of the terms a conversion was priced by, 0 = there was none.
ALTER TABLE conversions ADD COLUMN terms BIGINT NOT NULL DEFAULT 0;
