-- +goose Up
-- What caps count. A row is a count that is kept: how many conversions of the offer, in
-- the window, of the goal and publisher, are in one of the states and were not over a cap.
-- A row that is missing is counted anew when it is needed. publisher 'each' counts
-- nothing: while it is there, so is the row of every publisher with conversions in the
-- window.

CREATE TABLE cap_counts (
  workspace TEXT COLLATE "C" NOT NULL,
  offer     TEXT COLLATE "C" NOT NULL,
  publisher TEXT COLLATE "C" NOT NULL, -- '' = of everybody
  goal      TEXT COLLATE "C" NOT NULL, -- key, '' = of every goal
  states    TEXT COLLATE "C" NOT NULL, -- sorted, with commas
  starts    BIGINT           NOT NULL, -- µs
  ends      BIGINT           NOT NULL, -- µs, exclusive
  n         BIGINT           NOT NULL,
  PRIMARY KEY (workspace, offer, publisher, ends, starts, goal, states)
);
CREATE INDEX cap_counts_ends ON cap_counts (ends);
