-- The last visits to landing pages.

-- name: PutLanding :exec
INSERT INTO landing_checks (workspace, offer, at, actor, url, host, status, hops, millis, failure) VALUES (
  sqlc.arg(workspace), sqlc.arg(offer), sqlc.arg(at), sqlc.arg(actor), sqlc.arg(url), sqlc.arg(host),
  sqlc.arg(status), sqlc.arg(hops), sqlc.arg(millis), sqlc.arg(failure)
)
ON CONFLICT (workspace, offer) DO UPDATE SET
  at = excluded.at, actor = excluded.actor, url = excluded.url, host = excluded.host, status = excluded.status,
  hops = excluded.hops, millis = excluded.millis, failure = excluded.failure;

-- name: GetLanding :one
SELECT workspace, offer, at, actor, url, host, status, hops, millis, failure FROM landing_checks
WHERE workspace = sqlc.arg(workspace) AND offer = sqlc.arg(offer);
