-- Documents. Items come first, their document last.

-- name: LastPeriod :one
SELECT CAST(COALESCE(MAX(period_to), 0) AS BIGINT) AS period_to FROM documents
WHERE workspace = sqlc.arg(workspace) AND kind IN (sqlc.arg(kind), sqlc.arg(other)) AND party = sqlc.arg(party) AND currency = sqlc.arg(currency);

-- name: DocumentsEnding :many
SELECT id, workspace, kind, number, party, currency, period_from, period_to, issued, due, total, actor, body FROM documents
WHERE workspace = sqlc.arg(workspace) AND kind IN (sqlc.arg(kind), sqlc.arg(other)) AND period_to = sqlc.arg(period_to)
  AND (CAST(sqlc.arg(party) AS TEXT) = '' OR party = CAST(sqlc.arg(party) AS TEXT))
  AND (CAST(sqlc.arg(currency) AS TEXT) = '' OR currency = CAST(sqlc.arg(currency) AS TEXT))
ORDER BY id;

-- name: Document :one
SELECT id, workspace, kind, number, party, currency, period_from, period_to, issued, due, total, actor, body FROM documents
WHERE id = sqlc.arg(id) AND workspace = sqlc.arg(workspace);

-- name: InvoiceByNumber :one
SELECT id FROM documents WHERE workspace = sqlc.arg(workspace) AND kind = 'invoice' AND number = sqlc.arg(number);

-- name: NextNumber :one
SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) AS number FROM documents
WHERE workspace = sqlc.arg(workspace) AND kind = sqlc.arg(kind);

-- name: InsertItem :exec
INSERT INTO document_items (document, conversion, line, amount) VALUES (
  sqlc.arg(document), sqlc.arg(conversion), sqlc.arg(line), sqlc.arg(amount)
);

-- name: InsertDocument :execrows
INSERT INTO documents (
  id, workspace, kind, number, party, currency, period_from, period_to, issued, due, total, actor, body
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(kind), sqlc.arg(number), sqlc.arg(party), sqlc.arg(currency), sqlc.arg(period_from),
  sqlc.arg(period_to), sqlc.arg(issued), sqlc.arg(due), sqlc.arg(total), sqlc.arg(actor), sqlc.arg(body)
) ON CONFLICT DO NOTHING;

-- name: Deltas :many
SELECT s.id, s.offer, s.goal, s.at, s.worth, s.billed, CAST(COALESCE((
    SELECT MIN(d.number) FROM document_items i JOIN documents d ON d.id = i.document WHERE i.conversion = s.id AND d.kind = 'invoice'
  ), 0) AS BIGINT) AS invoice_no
FROM (
  SELECT c.id, c.offer, c.goal, c.at,
    CAST(CASE WHEN c.status IN ('approved', 'locked', 'paid') THEN c.revenue ELSE 0 END AS BIGINT) AS worth,
    CAST(COALESCE((SELECT SUM(i.amount) FROM document_items i WHERE i.conversion = c.id), 0) AS BIGINT) AS billed
  FROM conversions c
  WHERE c.workspace = sqlc.arg(workspace) AND c.advertiser = sqlc.arg(advertiser) AND c.advertiser <> ''
    AND c.currency = sqlc.arg(currency) AND c.at < sqlc.arg(before)
) s
WHERE s.worth <> s.billed ORDER BY s.id;

-- name: Billable :many
SELECT s.advertiser, s.currency
FROM (
  SELECT c.advertiser, c.currency,
    CAST(CASE WHEN c.status IN ('approved', 'locked', 'paid') THEN c.revenue ELSE 0 END AS BIGINT) AS worth,
    CAST(COALESCE((SELECT SUM(i.amount) FROM document_items i WHERE i.conversion = c.id), 0) AS BIGINT) AS billed
  FROM conversions c
  WHERE c.workspace = sqlc.arg(workspace) AND c.advertiser <> '' AND c.at < sqlc.arg(before)
    AND (CAST(sqlc.arg(advertiser) AS TEXT) = '' OR c.advertiser = CAST(sqlc.arg(advertiser) AS TEXT))
) s
WHERE s.worth <> s.billed GROUP BY s.advertiser, s.currency ORDER BY s.advertiser, s.currency;

-- name: AvailableAccounts :many
SELECT party, currency FROM ledger_accounts
WHERE workspace = sqlc.arg(workspace) AND kind = 'publisher_available' AND party <> ''
  AND (CAST(sqlc.arg(party) AS TEXT) = '' OR party = CAST(sqlc.arg(party) AS TEXT))
ORDER BY party, currency;

-- name: Moves :many
SELECT t.kind, t.cause_kind, COALESCE(c.offer, '') AS offer, COUNT(*) AS n, CAST(SUM(-e.amount) AS BIGINT) AS amount
FROM ledger_entries e
JOIN ledger_transactions t ON t.id = e.transaction_id
LEFT JOIN conversions c ON t.cause_kind = 'conversion' AND c.id = t.cause
WHERE e.account = (
    SELECT x.id FROM ledger_accounts x
    WHERE x.workspace = sqlc.arg(workspace) AND x.kind = 'publisher_available' AND x.party = sqlc.arg(party) AND x.currency = sqlc.arg(currency)
  ) AND t.recorded >= sqlc.arg(from_at) AND t.recorded < sqlc.arg(to_at)
GROUP BY t.kind, t.cause_kind, COALESCE(c.offer, '')
ORDER BY t.kind, t.cause_kind, offer;

-- name: FirstBooking :one
SELECT CAST(COALESCE(MIN(t.recorded), 0) AS BIGINT) AS recorded
FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
WHERE e.account = (
  SELECT x.id FROM ledger_accounts x
  WHERE x.workspace = sqlc.arg(workspace) AND x.kind = 'publisher_available' AND x.party = sqlc.arg(party) AND x.currency = sqlc.arg(currency)
);

-- name: BalancesBefore :many
SELECT a.kind, CAST(SUM(-e.amount) AS BIGINT) AS amount
FROM ledger_accounts a
JOIN ledger_entries e ON e.account = a.id
JOIN ledger_transactions t ON t.id = e.transaction_id
WHERE a.workspace = sqlc.arg(workspace) AND a.party = sqlc.arg(party) AND a.currency = sqlc.arg(currency) AND t.recorded < sqlc.arg(before)
GROUP BY a.kind;

-- name: BilledDetails :many
SELECT i.line, i.conversion, i.amount, c.at, c.order_no
FROM document_items i JOIN conversions c ON c.id = i.conversion
WHERE i.document = sqlc.arg(document) AND i.conversion > sqlc.arg(after)
  AND (CAST(sqlc.arg(line) AS BIGINT) = 0 OR i.line = CAST(sqlc.arg(line) AS BIGINT))
ORDER BY i.conversion LIMIT sqlc.arg(most);

-- name: BookedDetails :many
SELECT t.id, e.no, t.recorded, t.kind, t.cause_kind, t.cause, CAST(-e.amount AS BIGINT) AS amount, COALESCE(c.offer, '') AS offer, COALESCE(c.order_no, '') AS order_no
FROM ledger_entries e
JOIN ledger_transactions t ON t.id = e.transaction_id
LEFT JOIN conversions c ON t.cause_kind = 'conversion' AND c.id = t.cause
WHERE e.account = (
    SELECT x.id FROM ledger_accounts x
    WHERE x.workspace = sqlc.arg(workspace) AND x.kind = 'publisher_available' AND x.party = sqlc.arg(party) AND x.currency = sqlc.arg(currency)
  ) AND t.recorded >= sqlc.arg(from_at) AND t.recorded < sqlc.arg(to_at)
  AND (t.id > sqlc.arg(after) OR (t.id = sqlc.arg(after) AND e.no > CAST(sqlc.arg(after_no) AS BIGINT)))
  AND (CAST(sqlc.arg(every) AS BIGINT) = 1 OR (t.kind = CAST(sqlc.arg(kind) AS TEXT) AND t.cause_kind = CAST(sqlc.arg(cause_kind) AS TEXT) AND COALESCE(c.offer, '') = CAST(sqlc.arg(offer) AS TEXT)))
ORDER BY t.id, e.no LIMIT sqlc.arg(most);

-- name: BillingTexts :one
SELECT workspace, party, name, address, tax_id, due_days, payment, footer, actor, changed FROM billing_texts
WHERE workspace = sqlc.arg(workspace) AND party = sqlc.arg(party);

-- name: PutBillingTexts :exec
INSERT INTO billing_texts (workspace, party, name, address, tax_id, due_days, payment, footer, actor, changed) VALUES (
  sqlc.arg(workspace), sqlc.arg(party), sqlc.arg(name), sqlc.arg(address), sqlc.arg(tax_id), sqlc.arg(due_days), sqlc.arg(payment), sqlc.arg(footer),
  sqlc.arg(actor), sqlc.arg(changed)
) ON CONFLICT (workspace, party) DO UPDATE SET name = excluded.name, address = excluded.address, tax_id = excluded.tax_id, due_days = excluded.due_days,
  payment = excluded.payment, footer = excluded.footer, actor = excluded.actor, changed = excluded.changed;

-- name: AuditNumbers :many
SELECT workspace, kind, COUNT(*) AS n, CAST(MAX(number) AS BIGINT) AS highest FROM documents
GROUP BY workspace, kind HAVING COUNT(*) <> MAX(number) OR MIN(number) <> 1
ORDER BY workspace, kind LIMIT sqlc.arg(most);

-- name: AuditDocumentTotals :many
SELECT d.id, d.kind, d.number, d.total, CAST(COALESCE(SUM(i.amount), 0) AS BIGINT) AS items
FROM documents d LEFT JOIN document_items i ON i.document = d.id
WHERE d.kind <> 'statement'
GROUP BY d.id, d.kind, d.number, d.total HAVING d.total <> COALESCE(SUM(i.amount), 0)
ORDER BY d.id LIMIT sqlc.arg(most);

-- name: AuditOrphanItems :many
SELECT i.document, i.conversion FROM document_items i
LEFT JOIN documents d ON d.id = i.document
WHERE d.id IS NULL OR NOT EXISTS (
  SELECT 1 FROM conversions c WHERE c.id = i.conversion AND c.workspace = d.workspace AND c.advertiser = d.party AND c.currency = d.currency
)
ORDER BY i.document, i.conversion LIMIT sqlc.arg(most);

-- name: AuditStatements :many
SELECT id, workspace, kind, number, party, currency, period_from, period_to, issued, due, total, actor, body FROM documents
WHERE kind = 'statement' AND id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(most);
