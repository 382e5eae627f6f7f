-- Payouts: settings, methods, runs, lines and their items.

-- name: GetPayoutSettings :one
SELECT workspace, holding_days, method_days, second_person, minimums, updated, version FROM payout_settings WHERE workspace = sqlc.arg(workspace);

-- name: InsertPayoutSettings :execrows
INSERT INTO payout_settings (workspace, holding_days, method_days, second_person, minimums, updated, version) VALUES (
  sqlc.arg(workspace), sqlc.arg(holding_days), sqlc.arg(method_days), sqlc.arg(second_person), sqlc.arg(minimums), sqlc.arg(updated), 1
) ON CONFLICT (workspace) DO NOTHING;

-- name: UpdatePayoutSettings :execrows
UPDATE payout_settings SET holding_days = sqlc.arg(holding_days), method_days = sqlc.arg(method_days), second_person = sqlc.arg(second_person),
  minimums = sqlc.arg(minimums), updated = sqlc.arg(updated), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND version = sqlc.arg(version);

-- name: PayoutKeys :many
SELECT id, secret FROM payout_keys ORDER BY id;

-- name: InsertPayoutKey :exec
INSERT INTO payout_keys (id, secret) VALUES (sqlc.arg(id), sqlc.arg(secret)) ON CONFLICT (id) DO NOTHING;

-- name: GetPayoutMethod :one
SELECT workspace, publisher, kind, currency, exchanges, sealed, masked, changed, changed_by, version FROM payout_methods
WHERE workspace = sqlc.arg(workspace) AND publisher = sqlc.arg(publisher);

-- name: ListPayoutMethods :many
SELECT workspace, publisher, kind, currency, exchanges, sealed, masked, changed, changed_by, version FROM payout_methods
WHERE workspace = sqlc.arg(workspace) ORDER BY publisher;

-- name: InsertPayoutMethod :execrows
INSERT INTO payout_methods (workspace, publisher, kind, currency, exchanges, sealed, masked, changed, changed_by, version) VALUES (
  sqlc.arg(workspace), sqlc.arg(publisher), sqlc.arg(kind), sqlc.arg(currency), sqlc.arg(exchanges), sqlc.arg(sealed), sqlc.arg(masked), sqlc.arg(changed), sqlc.arg(changed_by), 1
) ON CONFLICT (workspace, publisher) DO NOTHING;

-- name: UpdatePayoutMethod :execrows
UPDATE payout_methods SET kind = sqlc.arg(kind), currency = sqlc.arg(currency), exchanges = sqlc.arg(exchanges), sealed = sqlc.arg(sealed), masked = sqlc.arg(masked),
  changed = sqlc.arg(changed), changed_by = sqlc.arg(changed_by), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND publisher = sqlc.arg(publisher) AND version = sqlc.arg(version);

-- name: GetPayoutRun :one
SELECT id, workspace, state, note, publishers, currencies, cutoff, made, made_by, approved, approved_by, ended, exported, exported_by, left_out, version
FROM payout_runs WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: InsertPayoutRun :exec
INSERT INTO payout_runs (id, workspace, state, note, publishers, currencies, cutoff, made, made_by, approved, approved_by, ended, exported, exported_by, left_out, version) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(state), sqlc.arg(note), sqlc.arg(publishers), sqlc.arg(currencies), sqlc.arg(cutoff), sqlc.arg(made), sqlc.arg(made_by),
  sqlc.arg(approved), sqlc.arg(approved_by), sqlc.arg(ended), sqlc.arg(exported), sqlc.arg(exported_by), sqlc.arg(left_out), 1
);

-- name: UpdatePayoutRun :execrows
UPDATE payout_runs SET state = sqlc.arg(state), cutoff = sqlc.arg(cutoff), approved = sqlc.arg(approved), approved_by = sqlc.arg(approved_by), ended = sqlc.arg(ended),
  exported = sqlc.arg(exported), exported_by = sqlc.arg(exported_by), left_out = sqlc.arg(left_out), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetPayoutLine :one
SELECT id, workspace, run, publisher, currency, amount, pay_currency, pay_amount, rate, rate_date, rate_source, state, method, masked, method_no, sealed, reference, reason, settled, settled_by, version
FROM payout_lines WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: PayoutLinesOf :many
SELECT id, workspace, run, publisher, currency, amount, pay_currency, pay_amount, rate, rate_date, rate_source, state, method, masked, method_no, sealed, reference, reason, settled, settled_by, version
FROM payout_lines WHERE workspace = sqlc.arg(workspace) AND run = sqlc.arg(run) ORDER BY publisher, currency;

-- name: InsertPayoutLine :exec
INSERT INTO payout_lines (id, workspace, run, publisher, currency, amount, pay_currency, pay_amount, rate, rate_date, rate_source, state, method, masked, method_no, sealed, reference, reason, settled, settled_by, version) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(run), sqlc.arg(publisher), sqlc.arg(currency), sqlc.arg(amount), sqlc.arg(pay_currency), sqlc.arg(pay_amount), sqlc.arg(rate), sqlc.arg(rate_date), sqlc.arg(rate_source), sqlc.arg(state), sqlc.arg(method), sqlc.arg(masked),
  sqlc.arg(method_no), sqlc.arg(sealed), sqlc.arg(reference), sqlc.arg(reason), sqlc.arg(settled), sqlc.arg(settled_by), 1
);

-- name: UpdatePayoutLine :execrows
UPDATE payout_lines SET state = sqlc.arg(state), sealed = sqlc.arg(sealed), reference = sqlc.arg(reference), reason = sqlc.arg(reason),
  settled = sqlc.arg(settled), settled_by = sqlc.arg(settled_by), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: InsertPayoutItem :exec
INSERT INTO payout_items (line, kind, cause_kind, cause, workspace, publisher, currency, amount, taken) VALUES (
  sqlc.arg(line), sqlc.arg(kind), sqlc.arg(cause_kind), sqlc.arg(cause), sqlc.arg(workspace), sqlc.arg(publisher), sqlc.arg(currency), sqlc.arg(amount), FALSE
);

-- name: TakePayoutItems :exec
UPDATE payout_items SET taken = sqlc.arg(taken) WHERE workspace = sqlc.arg(workspace) AND line = sqlc.arg(line);

-- name: PayoutItemsOf :many
SELECT line, kind, cause_kind, cause, workspace, publisher, currency, amount, taken FROM payout_items
WHERE workspace = sqlc.arg(workspace) AND line = sqlc.arg(line) ORDER BY cause_kind, cause;

-- name: DropPayoutItems :exec
DELETE FROM payout_items WHERE workspace = sqlc.arg(workspace) AND line = sqlc.arg(line) AND NOT taken;

-- name: DropPayoutLines :exec
DELETE FROM payout_lines WHERE workspace = sqlc.arg(workspace) AND run = sqlc.arg(run) AND state = 'draft';

-- name: AuditPayoutSums :many
SELECT l.id, l.amount, CAST(COALESCE(SUM(i.amount), 0) AS BIGINT) AS items
FROM payout_lines l LEFT JOIN payout_items i ON i.line = l.id
GROUP BY l.id, l.amount HAVING COALESCE(SUM(i.amount), 0) <> l.amount
ORDER BY l.id LIMIT sqlc.arg(most);

-- name: AuditPayoutPostings :many
SELECT s.id, s.state, s.amount, s.pay_amount, s.available, s.in_payment, s.bank FROM (
  SELECT l.id, l.state, l.amount, l.pay_amount,
    CAST(COALESCE(SUM(CASE WHEN a.kind = 'publisher_available' AND a.party = l.publisher AND a.currency = l.currency THEN e.amount ELSE 0 END), 0) AS BIGINT) AS available,
    CAST(COALESCE(SUM(CASE WHEN a.kind = 'publisher_in_payment' AND a.party = l.publisher AND a.currency = l.pay_currency THEN -e.amount ELSE 0 END), 0) AS BIGINT) AS in_payment,
    CAST(COALESCE(SUM(CASE WHEN a.kind = 'bank' AND a.party = '' AND a.currency = l.pay_currency THEN -e.amount ELSE 0 END), 0) AS BIGINT) AS bank
  FROM payout_lines l
  LEFT JOIN ledger_transactions t ON t.workspace = l.workspace AND t.cause = l.id AND t.cause_kind = 'payout_line'
  LEFT JOIN ledger_entries e ON e.transaction_id = t.id
  LEFT JOIN ledger_accounts a ON a.id = e.account
  GROUP BY l.id, l.state, l.amount, l.pay_amount
) s
WHERE s.available <> CASE WHEN s.state IN ('approved', 'paid') THEN s.amount ELSE 0 END
  OR s.in_payment <> CASE WHEN s.state = 'approved' THEN s.pay_amount ELSE 0 END
  OR s.bank <> CASE WHEN s.state = 'paid' THEN s.pay_amount ELSE 0 END
ORDER BY s.id LIMIT sqlc.arg(most);

-- name: AuditPayoutCauses :many
SELECT t.id, t.workspace, t.cause FROM ledger_transactions t
WHERE t.cause_kind = 'payout_line' AND NOT EXISTS (SELECT 1 FROM payout_lines l WHERE l.id = t.cause AND l.workspace = t.workspace)
ORDER BY t.id LIMIT sqlc.arg(most);

-- name: AuditPayoutItems :many
SELECT i.line, i.cause, l.state FROM payout_items i JOIN payout_lines l ON l.id = i.line
WHERE (i.taken AND l.state NOT IN ('approved', 'paid')) OR (NOT i.taken AND l.state IN ('approved', 'paid'))
  OR i.workspace <> l.workspace OR i.publisher <> l.publisher OR i.currency <> l.currency
ORDER BY i.line, i.cause LIMIT sqlc.arg(most);

-- name: AuditPayoutConversions :many
SELECT c.id, c.status FROM conversions c
WHERE c.status IN ('locked', 'paid') AND NOT EXISTS (
  SELECT 1 FROM payout_items i JOIN payout_lines l ON l.id = i.line
  WHERE i.workspace = c.workspace AND i.cause = c.id AND i.kind = 'conversion' AND i.taken AND l.state = CASE WHEN c.status = 'paid' THEN 'paid' ELSE 'approved' END)
ORDER BY c.id LIMIT sqlc.arg(most);

-- name: AuditPayoutTaken :many
SELECT i.line, i.cause, l.state FROM payout_items i JOIN payout_lines l ON l.id = i.line
WHERE i.kind = 'conversion' AND i.taken AND NOT EXISTS (
  SELECT 1 FROM conversions c
  WHERE c.workspace = i.workspace AND c.id = i.cause AND c.publisher = i.publisher AND c.status = CASE WHEN l.state = 'paid' THEN 'paid' ELSE 'locked' END)
ORDER BY i.line, i.cause LIMIT sqlc.arg(most);
