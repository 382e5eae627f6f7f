-- +goose Up
-- What the diagnosis of an offer reads: its last signals (offer '' are those that named
-- no click of ours), and the last visit of the server itself to its landing page.

CREATE INDEX signals_offer ON signals (workspace, offer, id);

CREATE TABLE landing_checks (
  workspace TEXT NOT NULL,
  offer     TEXT NOT NULL,
  at        BIGINT NOT NULL, -- µs
  actor     TEXT NOT NULL, -- user or key that asked for it
  url       TEXT NOT NULL, -- the offer's URL as it was then, with its tokens
  host      TEXT NOT NULL, -- the host that answered last
  status    BIGINT NOT NULL, -- of HTTP, 0 = no answer
  hops      BIGINT NOT NULL, -- redirects that were followed
  millis    BIGINT NOT NULL,
  failure   TEXT NOT NULL, -- why there was no answer, '' = there was
  PRIMARY KEY (workspace, offer)
);
