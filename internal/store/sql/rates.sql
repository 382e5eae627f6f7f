-- Exchange rates.

-- name: RateState :one
SELECT id, revision, manual, imported, fetched, failure FROM rates_state WHERE id = 1;

-- name: BumpRates :one
UPDATE rates_state SET revision = revision + 1 WHERE id = 1 RETURNING revision;

-- name: BumpManualRates :one
UPDATE rates_state SET manual = manual + 1 WHERE id = 1 RETURNING manual;

-- name: SetRatesImported :exec
UPDATE rates_state SET imported = sqlc.arg(imported) WHERE id = 1;

-- name: SetRatesFetched :exec
UPDATE rates_state SET fetched = sqlc.arg(fetched), failure = sqlc.arg(failure) WHERE id = 1;

-- name: RatesBetween :many
SELECT workspace, from_currency, to_currency, day, source, value, until, previous, actor, changed FROM rates
WHERE workspace = '' AND source = sqlc.arg(source) AND day >= sqlc.arg(first_day) AND day <= sqlc.arg(last_day)
LIMIT sqlc.arg(most);

-- name: PutRate :exec
INSERT INTO rates (workspace, from_currency, to_currency, day, source, value, until, previous, actor, changed) VALUES (
  sqlc.arg(workspace), sqlc.arg(from_currency), sqlc.arg(to_currency), sqlc.arg(day), sqlc.arg(source),
  sqlc.arg(value), sqlc.arg(until), sqlc.arg(previous), sqlc.arg(actor), sqlc.arg(changed)
)
ON CONFLICT (workspace, from_currency, to_currency, day, source) DO UPDATE SET
  value = excluded.value, until = excluded.until, previous = excluded.previous, actor = excluded.actor, changed = excluded.changed;

-- name: GetRate :one
SELECT workspace, from_currency, to_currency, day, source, value, until, previous, actor, changed FROM rates
WHERE workspace = sqlc.arg(workspace) AND from_currency = sqlc.arg(from_currency) AND to_currency = sqlc.arg(to_currency)
  AND day = sqlc.arg(day) AND source = sqlc.arg(source);

-- name: DropRate :execrows
DELETE FROM rates
WHERE workspace = sqlc.arg(workspace) AND from_currency = sqlc.arg(from_currency) AND to_currency = sqlc.arg(to_currency)
  AND day = sqlc.arg(day) AND source = sqlc.arg(source);

-- name: CountRates :one
SELECT COUNT(*) FROM rates WHERE workspace = sqlc.arg(workspace) AND source = sqlc.arg(source);

-- name: RatesInOrder :many
SELECT workspace, from_currency, to_currency, day, source, value, until FROM rates
WHERE (workspace, from_currency, to_currency, day, source)
  > (sqlc.arg(workspace), sqlc.arg(from_currency), sqlc.arg(to_currency), sqlc.arg(day), sqlc.arg(source))
ORDER BY workspace, from_currency, to_currency, day, source LIMIT sqlc.arg(most);

-- name: RatesByDay :many
SELECT workspace, from_currency, to_currency, day, source, value, until, previous, actor, changed FROM rates
WHERE workspace = sqlc.arg(workspace) AND source = sqlc.arg(source) AND day <= sqlc.arg(day)
  AND (day < sqlc.arg(day) OR from_currency > sqlc.arg(from_currency) OR (from_currency = sqlc.arg(from_currency) AND to_currency > sqlc.arg(to_currency)))
ORDER BY day DESC, from_currency, to_currency LIMIT sqlc.arg(most);

-- name: RatesOfPair :many
SELECT workspace, from_currency, to_currency, day, source, value, until, previous, actor, changed FROM rates
WHERE workspace = sqlc.arg(workspace) AND from_currency = sqlc.arg(from_currency) AND to_currency = sqlc.arg(to_currency)
  AND source = sqlc.arg(source) AND day < sqlc.arg(before_day)
ORDER BY day DESC LIMIT sqlc.arg(most);
