-- Users, sessions, API keys.

-- name: InsertUser :exec
INSERT INTO users (id, email, name, password_hash, owner, workspaces, created, disabled, version, party_kind, party) VALUES (
  sqlc.arg(id), sqlc.arg(email), sqlc.arg(name), sqlc.arg(password_hash), sqlc.arg(owner),
  sqlc.arg(workspaces), sqlc.arg(created), sqlc.arg(disabled), sqlc.arg(version), sqlc.arg(party_kind), sqlc.arg(party)
);

-- name: UpdateUser :execrows
UPDATE users SET
  email = sqlc.arg(email), name = sqlc.arg(name), password_hash = sqlc.arg(password_hash), owner = sqlc.arg(owner),
  workspaces = sqlc.arg(workspaces), disabled = sqlc.arg(disabled), version = version + 1
WHERE id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetUser :one
SELECT id, email, name, password_hash, owner, workspaces, created, disabled, version, party_kind, party FROM users WHERE id = sqlc.arg(id);

-- name: UserByEmail :one
SELECT id, email, name, password_hash, owner, workspaces, created, disabled, version, party_kind, party FROM users WHERE email = sqlc.arg(email);

-- name: ListUsers :many
SELECT id, email, name, password_hash, owner, workspaces, created, disabled, version, party_kind, party FROM users ORDER BY id;

-- name: PartyUsers :many
SELECT id, email, name, password_hash, owner, workspaces, created, disabled, version, party_kind, party FROM users
WHERE party_kind = sqlc.arg(party_kind) AND party = sqlc.arg(party) ORDER BY id;

-- name: InsertSession :exec
INSERT INTO sessions (hash, user_id, created, seen, expires) VALUES (
  sqlc.arg(hash), sqlc.arg(user_id), sqlc.arg(created), sqlc.arg(seen), sqlc.arg(expires)
);

-- name: GetSession :one
SELECT hash, user_id, created, seen, expires FROM sessions WHERE hash = sqlc.arg(hash);

-- name: TouchSession :execrows
UPDATE sessions SET seen = sqlc.arg(seen) WHERE hash = sqlc.arg(hash);

-- name: DeleteSessions :exec
DELETE FROM sessions
WHERE user_id = sqlc.arg(user_id) AND (CAST(sqlc.arg(hash) AS TEXT) = '' OR hash = CAST(sqlc.arg(hash) AS TEXT));

-- name: InsertKey :exec
INSERT INTO api_keys (id, workspace, name, prefix, hash, scope, created, used, expires, revoked, version, party_kind, party) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(name), sqlc.arg(prefix), sqlc.arg(hash), sqlc.arg(scope),
  sqlc.arg(created), sqlc.arg(used), sqlc.arg(expires), sqlc.arg(revoked), sqlc.arg(version), sqlc.arg(party_kind), sqlc.arg(party)
);

-- name: UpdateKey :execrows
UPDATE api_keys SET
  name = sqlc.arg(name), scope = sqlc.arg(scope), expires = sqlc.arg(expires), revoked = sqlc.arg(revoked),
  version = version + 1
WHERE id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetKey :one
SELECT id, workspace, name, prefix, hash, scope, created, used, expires, revoked, version, party_kind, party FROM api_keys WHERE id = sqlc.arg(id);

-- name: KeyByHash :one
SELECT id, workspace, name, prefix, hash, scope, created, used, expires, revoked, version, party_kind, party FROM api_keys WHERE hash = sqlc.arg(hash);

-- name: ListKeys :many
SELECT id, workspace, name, prefix, hash, scope, created, used, expires, revoked, version, party_kind, party FROM api_keys
WHERE workspace = sqlc.arg(workspace) AND party_kind = sqlc.arg(party_kind) AND party = sqlc.arg(party) ORDER BY id;

-- name: TouchKey :execrows
UPDATE api_keys SET used = sqlc.arg(used) WHERE id = sqlc.arg(id);
