-- What is dropped when it is old: see the package purge.

-- name: PurgeMails :execrows
DELETE FROM mails WHERE id IN (
  SELECT m.id FROM mails m WHERE m.state <> 'queued' AND m.created < sqlc.arg(before) ORDER BY m.created LIMIT sqlc.arg(most)
);

-- name: PurgeTokens :execrows
DELETE FROM tokens WHERE hash IN (
  SELECT t.hash FROM tokens t WHERE t.expires < sqlc.arg(before) ORDER BY t.expires LIMIT sqlc.arg(most)
);

-- name: PurgeSessions :execrows
DELETE FROM sessions WHERE hash IN (
  SELECT s.hash FROM sessions s WHERE s.expires < sqlc.arg(before) ORDER BY s.expires LIMIT sqlc.arg(most)
);

-- name: PurgeIdempotency :execrows
DELETE FROM idempotency WHERE idempotency.created < sqlc.arg(before) AND idempotency.key IN (
  SELECT i.key FROM idempotency i WHERE i.created < sqlc.arg(before) ORDER BY i.created LIMIT sqlc.arg(most)
);

-- name: PurgeTries :exec
DELETE FROM delivery_tries WHERE delivery IN (
  SELECT d.id FROM deliveries d WHERE d.state <> 'waiting' AND d.done_at < sqlc.arg(before) ORDER BY d.done_at, d.id LIMIT sqlc.arg(most)
);

-- name: PurgeDeliveries :execrows
DELETE FROM deliveries WHERE id IN (
  SELECT d.id FROM deliveries d WHERE d.state <> 'waiting' AND d.done_at < sqlc.arg(before) ORDER BY d.done_at, d.id LIMIT sqlc.arg(most)
);

-- name: PurgeSignals :execrows
DELETE FROM signals WHERE id IN (
  SELECT s.id FROM signals s WHERE s.conversion = '' AND s.retry_at = 0 AND s.at < sqlc.arg(before) ORDER BY s.at, s.id LIMIT sqlc.arg(most)
);

-- name: PurgeMessages :execrows
DELETE FROM message_ids WHERE message_ids.at < sqlc.arg(before) AND message_ids.id IN (
  SELECT m.id FROM message_ids m WHERE m.at < sqlc.arg(before) ORDER BY m.at LIMIT sqlc.arg(most)
);
