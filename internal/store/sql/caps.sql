-- What caps count.

-- name: CapCount :one
SELECT n FROM cap_counts
WHERE workspace = sqlc.arg(workspace) AND offer = sqlc.arg(offer) AND publisher = sqlc.arg(publisher)
  AND ends = sqlc.arg(ends) AND starts = sqlc.arg(starts) AND goal = sqlc.arg(goal) AND states = sqlc.arg(states);

-- name: PutCapCount :exec
INSERT INTO cap_counts (workspace, offer, publisher, goal, states, starts, ends, n) VALUES (
  sqlc.arg(workspace), sqlc.arg(offer), sqlc.arg(publisher), sqlc.arg(goal), sqlc.arg(states), sqlc.arg(starts),
  sqlc.arg(ends), sqlc.arg(n)
) ON CONFLICT (workspace, offer, publisher, ends, starts, goal, states) DO UPDATE SET n = excluded.n;

-- name: AddCapCount :exec
UPDATE cap_counts SET n = n + sqlc.arg(delta)
WHERE workspace = sqlc.arg(workspace) AND offer = sqlc.arg(offer) AND publisher = sqlc.arg(publisher)
  AND ends = sqlc.arg(ends) AND starts = sqlc.arg(starts) AND goal = sqlc.arg(goal) AND states = sqlc.arg(states);

-- name: CapCountsFor :many
SELECT workspace, offer, publisher, goal, states, starts, ends, n FROM cap_counts
WHERE workspace = sqlc.arg(workspace) AND offer = sqlc.arg(offer) AND publisher IN ('', 'each', sqlc.arg(publisher))
  AND ends > sqlc.arg(at) AND starts <= sqlc.arg(at);

-- name: CapCountsOfOffer :many
SELECT workspace, offer, publisher, goal, states, starts, ends, n FROM cap_counts
WHERE workspace = sqlc.arg(workspace) AND offer = sqlc.arg(offer) AND ends > sqlc.arg(at) AND starts <= sqlc.arg(at);

-- name: CapCountsNow :many
SELECT workspace, offer, publisher, goal, states, starts, ends, n FROM cap_counts
WHERE ends > sqlc.arg(at) AND starts <= sqlc.arg(at);

-- name: CountForCaps :many
SELECT publisher, goal_key, status, COUNT(*) AS n FROM conversions
WHERE workspace = sqlc.arg(workspace) AND offer = sqlc.arg(offer) AND at >= sqlc.arg(starts) AND at < sqlc.arg(ends)
  AND over_cap = ''
GROUP BY publisher, goal_key, status;

-- name: PruneCapCounts :execrows
DELETE FROM cap_counts WHERE ends < sqlc.arg(before);
