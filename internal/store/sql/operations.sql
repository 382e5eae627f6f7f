-- What keeps the installation running: outbox, positions, leases, keys, settings.

-- name: InsertFact :exec
INSERT INTO outbox (no, fact) VALUES (0, sqlc.arg(fact));

-- name: WaitingFacts :many
SELECT id FROM outbox WHERE no = 0 ORDER BY id LIMIT sqlc.arg(most);

-- name: NumberFact :exec
UPDATE outbox SET no = sqlc.arg(no) WHERE id = sqlc.arg(id);

-- name: FactsAfter :many
SELECT id, no, fact FROM outbox WHERE no > 0 AND no > sqlc.arg(after) ORDER BY no LIMIT sqlc.arg(most);

-- name: DropFacts :exec
DELETE FROM outbox WHERE no > 0 AND no <= sqlc.arg(no);

-- name: OutboxState :one
SELECT id, numbered, published FROM outbox_state WHERE id = 1;

-- name: SetNumbered :exec
UPDATE outbox_state SET numbered = sqlc.arg(numbered) WHERE id = 1;

-- name: SetPublished :exec
UPDATE outbox_state SET published = sqlc.arg(published) WHERE id = 1 AND published < sqlc.arg(published);

-- name: Position :one
SELECT consumer, stream, seq FROM positions WHERE consumer = sqlc.arg(consumer);

-- name: FirstPosition :execrows
INSERT INTO positions (consumer, stream, seq) VALUES (sqlc.arg(consumer), sqlc.arg(stream), sqlc.arg(seq))
ON CONFLICT (consumer) DO NOTHING;

-- name: MovePosition :execrows
UPDATE positions SET stream = sqlc.arg(stream), seq = sqlc.arg(seq)
WHERE consumer = sqlc.arg(consumer) AND stream = sqlc.arg(from_stream) AND seq = sqlc.arg(from_seq);

-- name: RenewLease :execrows
UPDATE leases SET holder = sqlc.arg(holder), until = sqlc.arg(until)
WHERE name = sqlc.arg(name) AND (holder = sqlc.arg(holder) OR until <= sqlc.arg(now));

-- name: FirstLease :execrows
INSERT INTO leases (name, holder, until) VALUES (sqlc.arg(name), sqlc.arg(holder), sqlc.arg(until))
ON CONFLICT (name) DO NOTHING;

-- name: NodeLeases :many
SELECT node, holder, until FROM node_leases ORDER BY node;

-- name: PutNodeLease :exec
INSERT INTO node_leases (node, holder, until) VALUES (sqlc.arg(node), sqlc.arg(holder), sqlc.arg(until))
ON CONFLICT (node) DO UPDATE SET holder = excluded.holder, until = excluded.until;

-- name: ClickKeys :many
SELECT id, secret FROM click_keys ORDER BY id;

-- name: AddClickKey :exec
INSERT INTO click_keys (id, secret) SELECT COALESCE(MAX(id), 0) + 1, sqlc.arg(secret) FROM click_keys;

-- name: Setting :one
SELECT value FROM settings WHERE name = sqlc.arg(name);

-- name: SetSetting :exec
INSERT INTO settings (name, value) VALUES (sqlc.arg(name), sqlc.arg(value))
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
