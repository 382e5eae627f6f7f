-- The click index: in a file of its own on SQLite, in the books' database on
-- PostgreSQL.

-- name: ClickPosition :one
SELECT stream, seq FROM click_position WHERE id = 1;

-- name: MoveClicks :execrows
UPDATE click_position SET stream = sqlc.arg(stream), seq = sqlc.arg(seq)
WHERE id = 1 AND stream = sqlc.arg(from_stream) AND seq = sqlc.arg(from_seq);

-- name: ResetClickPosition :exec
UPDATE click_position SET stream = '', seq = 0 WHERE id = 1;

-- name: AddClick :exec
INSERT INTO clicks (id, at, visit) VALUES (sqlc.arg(id), sqlc.arg(at), sqlc.arg(visit)) ON CONFLICT (id) DO NOTHING;

-- name: FindClick :one
SELECT visit FROM clicks WHERE id = sqlc.arg(id);

-- name: OldestClicks :many
SELECT id, at FROM clicks ORDER BY id LIMIT sqlc.arg(most);

-- name: DropClick :exec
DELETE FROM clicks WHERE id = sqlc.arg(id);

-- name: DropClicks :exec
DELETE FROM clicks;
