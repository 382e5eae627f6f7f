-- Payments of advertisers.

-- name: InsertPayment :execrows
INSERT INTO advertiser_payments (
  id, workspace, key, advertiser, kind, currency, amount, reference, reason, actor, at, recorded
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(key), sqlc.arg(advertiser), sqlc.arg(kind), sqlc.arg(currency),
  sqlc.arg(amount), sqlc.arg(reference), sqlc.arg(reason), sqlc.arg(actor), sqlc.arg(at), sqlc.arg(recorded)
) ON CONFLICT (workspace, key) DO NOTHING;

-- name: PaymentByKey :one
SELECT id, workspace, key, advertiser, kind, currency, amount, reference, reason, actor, at, recorded
FROM advertiser_payments WHERE workspace = sqlc.arg(workspace) AND key = sqlc.arg(key);

-- name: Payments :many
SELECT id, workspace, key, advertiser, kind, currency, amount, reference, reason, actor, at, recorded
FROM advertiser_payments
WHERE workspace = sqlc.arg(workspace) AND (CAST(sqlc.arg(advertiser) AS TEXT) = '' OR advertiser = CAST(sqlc.arg(advertiser) AS TEXT))
  AND (CAST(sqlc.arg(before) AS TEXT) = '' OR id < CAST(sqlc.arg(before) AS TEXT))
ORDER BY id DESC LIMIT sqlc.arg(most);

-- name: AuditPaymentCauses :many
SELECT t.id, t.workspace, t.cause
FROM ledger_transactions t
WHERE t.cause_kind = 'payment' AND NOT EXISTS (
  SELECT 1 FROM advertiser_payments p WHERE p.id = t.cause AND p.workspace = t.workspace
)
ORDER BY t.id LIMIT sqlc.arg(most);

-- name: AuditUnpostedPayments :many
SELECT p.id, p.workspace
FROM advertiser_payments p
WHERE NOT EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.workspace = p.workspace AND t.cause = p.id AND t.cause_kind = 'payment')
ORDER BY p.id LIMIT sqlc.arg(most);
