-- What the last checks of tracking domains found.

-- name: PutDomainCheck :exec
INSERT INTO domain_checks (workspace, domain, at, code, detail, fails, next, cert_until, cert_error) VALUES (
  sqlc.arg(workspace), sqlc.arg(domain), sqlc.arg(at), sqlc.arg(code), sqlc.arg(detail), sqlc.arg(fails),
  sqlc.arg(next), sqlc.arg(cert_until), sqlc.arg(cert_error)
)
ON CONFLICT (workspace, domain) DO UPDATE SET
  at = excluded.at, code = excluded.code, detail = excluded.detail, fails = excluded.fails, next = excluded.next,
  cert_until = excluded.cert_until, cert_error = excluded.cert_error;

-- name: GetDomainCheck :one
SELECT workspace, domain, at, code, detail, fails, next, cert_until, cert_error FROM domain_checks
WHERE workspace = sqlc.arg(workspace) AND domain = sqlc.arg(domain);

-- name: ListDomainChecks :many
SELECT workspace, domain, at, code, detail, fails, next, cert_until, cert_error FROM domain_checks ORDER BY workspace, domain;

-- name: BeginDomainCheck :exec
INSERT INTO domain_checks (workspace, domain, at, code, detail, fails, next, cert_until, cert_error)
VALUES (sqlc.arg(workspace), sqlc.arg(domain), 0, '', '', 0, 0, 0, '')
ON CONFLICT (workspace, domain) DO NOTHING;

-- name: ClaimDomainCheck :execrows
UPDATE domain_checks SET next = sqlc.arg(until)
WHERE workspace = sqlc.arg(workspace) AND domain = sqlc.arg(domain) AND next <= sqlc.arg(now);
