-- The ledger. Entries come first, their header last; balances are kept by triggers.

-- name: PostedTransaction :one
SELECT id, hash FROM ledger_transactions WHERE workspace = sqlc.arg(workspace) AND key = sqlc.arg(key);

-- name: AccountID :one
SELECT id FROM ledger_accounts
WHERE workspace = sqlc.arg(workspace) AND kind = sqlc.arg(kind) AND party = sqlc.arg(party) AND currency = sqlc.arg(currency);

-- name: OpenAccount :exec
INSERT INTO ledger_accounts (workspace, kind, party, currency) VALUES (
  sqlc.arg(workspace), sqlc.arg(kind), sqlc.arg(party), sqlc.arg(currency)
) ON CONFLICT (workspace, kind, party, currency) DO NOTHING;

-- name: InsertEntry :exec
INSERT INTO ledger_entries (transaction_id, no, account, currency, amount) VALUES (
  sqlc.arg(transaction_id), sqlc.arg(no), sqlc.arg(account), sqlc.arg(currency), sqlc.arg(amount)
);

-- name: InsertTransaction :execrows
INSERT INTO ledger_transactions (
  id, workspace, key, hash, kind, cause_kind, cause, effective, recorded, memo
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(key), sqlc.arg(hash), sqlc.arg(kind), sqlc.arg(cause_kind),
  sqlc.arg(cause), sqlc.arg(effective), sqlc.arg(recorded), sqlc.arg(memo)
) ON CONFLICT (workspace, key) DO NOTHING;

-- name: Totals :many
SELECT a.currency, b.debits, b.credits FROM ledger_accounts a JOIN ledger_balances b ON b.account = a.id;

-- name: Balances :many
SELECT a.workspace, a.kind, a.party, a.currency, b.debits, b.credits
FROM ledger_accounts a JOIN ledger_balances b ON b.account = a.id
WHERE a.workspace = sqlc.arg(workspace) AND (CAST(sqlc.arg(party) AS TEXT) = '' OR a.party = CAST(sqlc.arg(party) AS TEXT))
ORDER BY a.kind, a.party, a.currency;

-- name: AuditUnbalanced :many
SELECT e.transaction_id, e.currency, CAST(SUM(e.amount) AS BIGINT) AS off
FROM ledger_entries e GROUP BY e.transaction_id, e.currency HAVING SUM(e.amount) <> 0
ORDER BY e.transaction_id, e.currency LIMIT sqlc.arg(most);

-- name: AuditFewEntries :many
SELECT t.id, COUNT(e.no) AS n
FROM ledger_transactions t LEFT JOIN ledger_entries e ON e.transaction_id = t.id
GROUP BY t.id HAVING COUNT(e.no) < 2
ORDER BY t.id LIMIT sqlc.arg(most);

-- name: AuditOrphanEntries :many
SELECT e.transaction_id, e.no
FROM ledger_entries e LEFT JOIN ledger_transactions t ON t.id = e.transaction_id
WHERE t.id IS NULL ORDER BY e.transaction_id, e.no LIMIT sqlc.arg(most);

-- name: AuditForeignEntries :many
SELECT e.transaction_id, e.no
FROM ledger_entries e
JOIN ledger_transactions t ON t.id = e.transaction_id
LEFT JOIN ledger_accounts a ON a.id = e.account
WHERE a.id IS NULL OR a.workspace <> t.workspace OR a.currency <> e.currency
ORDER BY e.transaction_id, e.no LIMIT sqlc.arg(most);

-- name: AuditBalances :many
SELECT a.workspace, a.kind, a.party, a.currency,
  COALESCE(b.debits, -1) AS debits, COALESCE(b.credits, -1) AS credits,
  CAST(COALESCE(s.debits, 0) AS BIGINT) AS sum_debits, CAST(COALESCE(s.credits, 0) AS BIGINT) AS sum_credits
FROM ledger_accounts a
LEFT JOIN ledger_balances b ON b.account = a.id
LEFT JOIN (
  SELECT e.account,
    SUM(CASE WHEN e.amount > 0 THEN e.amount ELSE 0 END) AS debits,
    SUM(CASE WHEN e.amount < 0 THEN -e.amount ELSE 0 END) AS credits
  FROM ledger_entries e GROUP BY e.account
) s ON s.account = a.id
WHERE b.account IS NULL OR b.debits <> COALESCE(s.debits, 0) OR b.credits <> COALESCE(s.credits, 0)
ORDER BY a.id LIMIT sqlc.arg(most);

-- name: AuditCauses :many
SELECT t.id, t.workspace, t.cause
FROM ledger_transactions t
WHERE t.cause_kind = 'conversion' AND NOT EXISTS (
  SELECT 1 FROM conversions c WHERE c.id = t.cause AND c.workspace = t.workspace
)
ORDER BY t.id LIMIT sqlc.arg(most);

-- name: AuditAdjustmentCauses :many
SELECT t.id, t.workspace, t.cause
FROM ledger_transactions t
WHERE t.cause_kind = 'adjustment' AND NOT EXISTS (
  SELECT 1 FROM balance_adjustments b WHERE b.id = t.cause AND b.workspace = t.workspace
)
ORDER BY t.id LIMIT sqlc.arg(most);

-- name: AuditConversions :many
SELECT s.id, s.status, s.currency, s.revenue, s.commission, s.receivable, s.earned, s.expense, s.pending, s.available FROM (
  SELECT c.id, c.status, c.currency, c.revenue, c.commission,
    CAST(COALESCE(SUM(CASE WHEN a.kind = 'receivable' AND a.party = c.advertiser AND a.currency = c.currency THEN e.amount ELSE 0 END), 0) AS BIGINT) AS receivable,
    CAST(COALESCE(SUM(CASE WHEN a.kind = 'revenue' AND a.party = '' AND a.currency = c.currency THEN -e.amount ELSE 0 END), 0) AS BIGINT) AS earned,
    CAST(COALESCE(SUM(CASE WHEN a.kind = 'commission_expense' AND a.party = '' AND a.currency = c.currency THEN e.amount ELSE 0 END), 0) AS BIGINT) AS expense,
    CAST(COALESCE(SUM(CASE WHEN a.kind = 'publisher_pending' AND a.party = c.publisher AND a.currency = c.currency THEN -e.amount ELSE 0 END), 0) AS BIGINT) AS pending,
    CAST(COALESCE(SUM(CASE WHEN a.kind = 'publisher_available' AND a.party = c.publisher AND a.currency = c.currency THEN -e.amount ELSE 0 END), 0) AS BIGINT) AS available
  FROM conversions c
  LEFT JOIN ledger_transactions t ON t.workspace = c.workspace AND t.cause = c.id AND t.cause_kind = 'conversion'
  LEFT JOIN ledger_entries e ON e.transaction_id = t.id
  LEFT JOIN ledger_accounts a ON a.id = e.account
  GROUP BY c.id, c.status, c.currency, c.revenue, c.commission
) s
WHERE s.receivable <> s.earned OR s.expense <> s.pending + s.available
  OR s.earned <> CASE WHEN s.status IN ('rejected', 'reversed') THEN 0 ELSE s.revenue END
  OR s.expense <> CASE WHEN s.status IN ('rejected', 'reversed') THEN 0 ELSE s.commission END
  OR s.pending <> CASE WHEN s.status = 'pending' THEN s.commission ELSE 0 END
ORDER BY s.id LIMIT sqlc.arg(most);

-- name: AuditOrphanAdjustments :many
SELECT x.id, x.conversion, x.workspace FROM conversion_adjustments x
WHERE NOT EXISTS (SELECT 1 FROM conversions c WHERE c.id = x.conversion AND c.workspace = x.workspace AND c.adjusted)
ORDER BY x.id LIMIT sqlc.arg(most);

-- name: AuditAdjusted :many
SELECT c.id, c.workspace FROM conversions c
LEFT JOIN conversion_adjustments x ON x.workspace = c.workspace AND x.conversion = c.id AND x.id > COALESCE((
  SELECT MAX(y.id) FROM conversion_adjustments y WHERE y.workspace = c.workspace AND y.conversion = c.id AND y.kind = 'change'
), 0)
WHERE c.adjusted
GROUP BY c.id, c.workspace, c.sale_amount, c.revenue, c.commission, c.base_sale, c.base_revenue, c.base_commission
HAVING c.base_sale + COALESCE(SUM(x.sale), 0) <> c.sale_amount
  OR c.base_revenue + COALESCE(SUM(x.revenue), 0) <> c.revenue
  OR c.base_commission + COALESCE(SUM(x.commission), 0) <> c.commission
  OR NOT EXISTS (SELECT 1 FROM conversion_adjustments z WHERE z.workspace = c.workspace AND z.conversion = c.id)
ORDER BY c.id LIMIT sqlc.arg(most);

-- name: AuditHistories :many
SELECT c.id, c.status, c.workspace FROM conversions c
WHERE EXISTS (SELECT 1 FROM conversion_changes x WHERE x.conversion = c.id)
  AND c.status <> (SELECT x.to_status FROM conversion_changes x WHERE x.conversion = c.id ORDER BY x.id DESC LIMIT 1)
ORDER BY c.id LIMIT sqlc.arg(most);
