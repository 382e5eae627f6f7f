-- Inbox, conversions and deliveries.

-- name: PutSignal :exec
INSERT INTO signals (
  id, workspace, at, seq, kind, raw, verdict, detail, field, click, offer, order_no,
  conversion, tries, retry_at, judged_at, test, advertiser, goal, search
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(at), sqlc.arg(seq), sqlc.arg(kind),
  sqlc.arg(raw), sqlc.arg(verdict), sqlc.arg(detail), sqlc.arg(field), sqlc.arg(click),
  sqlc.arg(offer), sqlc.arg(order_no), sqlc.arg(conversion), sqlc.arg(tries),
  sqlc.arg(retry_at), sqlc.arg(judged_at), sqlc.arg(test),
  sqlc.arg(advertiser), sqlc.arg(goal), sqlc.arg(search)
) ON CONFLICT (id) DO UPDATE SET
  workspace = excluded.workspace, at = excluded.at, seq = excluded.seq, kind = excluded.kind,
  raw = excluded.raw, verdict = excluded.verdict, detail = excluded.detail,
  field = excluded.field, click = excluded.click, offer = excluded.offer,
  order_no = excluded.order_no, conversion = excluded.conversion, tries = excluded.tries,
  retry_at = excluded.retry_at, judged_at = excluded.judged_at,
  test = excluded.test, advertiser = excluded.advertiser, goal = excluded.goal, search = excluded.search;

-- name: GetSignal :one
SELECT
  id, workspace, at, seq, kind, raw, verdict, detail, field, click, offer, order_no,
  conversion, tries, retry_at, judged_at, test, advertiser, goal, search
FROM signals WHERE id = sqlc.arg(id);

-- name: DueSignals :many
SELECT
  id, workspace, at, seq, kind, raw, verdict, detail, field, click, offer, order_no,
  conversion, tries, retry_at, judged_at, test, advertiser, goal, search
FROM signals WHERE retry_at > 0 AND retry_at <= sqlc.arg(now)
ORDER BY retry_at, id LIMIT sqlc.arg(most);

-- name: SignalsDue :one
SELECT EXISTS (SELECT 1 FROM signals WHERE retry_at > 0 AND retry_at <= sqlc.arg(now)) AS due;

-- name: RememberMessage :exec
INSERT INTO message_ids (advertiser, id, signal, at) VALUES (sqlc.arg(advertiser), sqlc.arg(id), sqlc.arg(signal), sqlc.arg(at)) ON CONFLICT (advertiser, id) DO NOTHING;

-- name: MessageSignal :one
SELECT signal FROM message_ids WHERE advertiser = sqlc.arg(advertiser) AND id = sqlc.arg(id);

-- name: TakeMessage :exec
UPDATE message_ids SET signal = sqlc.arg(signal), at = sqlc.arg(at) WHERE advertiser = sqlc.arg(advertiser) AND id = sqlc.arg(id);

-- name: CountSignals :many
SELECT verdict, COUNT(*) AS n FROM signals WHERE workspace = sqlc.arg(workspace) GROUP BY verdict;

-- name: InsertOnsiteEvent :execrows
INSERT INTO onsite_events (workspace, dedup_key, signal, at, offer, goal, publisher, click)
VALUES (sqlc.arg(workspace), sqlc.arg(dedup_key), sqlc.arg(signal), sqlc.arg(at), sqlc.arg(offer), sqlc.arg(goal), sqlc.arg(publisher), sqlc.arg(click))
ON CONFLICT (workspace, dedup_key) DO NOTHING;

-- name: CountOnsiteEvents :many
SELECT publisher, goal, count(*) AS events FROM onsite_events WHERE workspace = sqlc.arg(workspace) GROUP BY publisher, goal ORDER BY publisher, goal;

-- name: InsertConversion :execrows
INSERT INTO conversions (
  id, workspace, dedup_key, click, signal, at, click_at, recorded, advertiser, offer, goal,
  goal_key, publisher, link, order_no, method, source, status, currency, revenue, commission,
  sale_amount, has_sale, sent, country, coupon, test, payout_rule, comm_rule, warning,
  revision, dims, version, sent_currency, sent_sale, rate, rate_date, rate_source, report_currency, report_rate, report_rate_date, report_rate_source, geo, params, hold, over_cap, sent_by, coupon_note, terms, adjusted, base_sale, base_revenue, base_commission, hold_note,
  rule, rule_version, commission_id, customer, items, comm_lines, rule_tier
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(dedup_key), sqlc.arg(click), sqlc.arg(signal),
  sqlc.arg(at), sqlc.arg(click_at), sqlc.arg(recorded), sqlc.arg(advertiser), sqlc.arg(offer),
  sqlc.arg(goal), sqlc.arg(goal_key), sqlc.arg(publisher), sqlc.arg(link), sqlc.arg(order_no),
  sqlc.arg(method), sqlc.arg(source), sqlc.arg(status), sqlc.arg(currency), sqlc.arg(revenue),
  sqlc.arg(commission), sqlc.arg(sale_amount), sqlc.arg(has_sale), sqlc.arg(sent),
  sqlc.arg(country), sqlc.arg(coupon), sqlc.arg(test), sqlc.arg(payout_rule),
  sqlc.arg(comm_rule), sqlc.arg(warning), sqlc.arg(revision), sqlc.arg(dims), sqlc.arg(version), sqlc.arg(sent_currency), sqlc.arg(sent_sale), sqlc.arg(rate), sqlc.arg(rate_date), sqlc.arg(rate_source), sqlc.arg(report_currency), sqlc.arg(report_rate), sqlc.arg(report_rate_date), sqlc.arg(report_rate_source), sqlc.arg(geo), sqlc.arg(params), sqlc.arg(hold), sqlc.arg(over_cap), sqlc.arg(sent_by), sqlc.arg(coupon_note), sqlc.arg(terms), sqlc.arg(adjusted), sqlc.arg(base_sale), sqlc.arg(base_revenue), sqlc.arg(base_commission), sqlc.arg(hold_note),
  sqlc.arg(rule), sqlc.arg(rule_version), sqlc.arg(commission_id), sqlc.arg(customer), sqlc.arg(items), sqlc.arg(comm_lines), sqlc.arg(rule_tier)
) ON CONFLICT (workspace, dedup_key) DO NOTHING;

-- name: ConversionByDedup :one
SELECT
  id, workspace, dedup_key, click, signal, at, click_at, recorded, advertiser, offer, goal,
  goal_key, publisher, link, order_no, method, source, status, currency, revenue, commission,
  sale_amount, has_sale, sent, country, coupon, test, payout_rule, comm_rule, warning,
  revision, dims, version, sent_currency, sent_sale, rate, rate_date, rate_source, report_currency, report_rate, report_rate_date, report_rate_source, geo, params, hold, over_cap, sent_by, coupon_note, terms, adjusted, base_sale, base_revenue, base_commission, hold_note,
  rule, rule_version, commission_id, customer, items, comm_lines, rule_tier
FROM conversions WHERE workspace = sqlc.arg(workspace) AND dedup_key = sqlc.arg(dedup_key);

-- name: ConversionsByClick :many
SELECT
  id, workspace, dedup_key, click, signal, at, click_at, recorded, advertiser, offer, goal,
  goal_key, publisher, link, order_no, method, source, status, currency, revenue, commission,
  sale_amount, has_sale, sent, country, coupon, test, payout_rule, comm_rule, warning,
  revision, dims, version, sent_currency, sent_sale, rate, rate_date, rate_source, report_currency, report_rate, report_rate_date, report_rate_source, geo, params, hold, over_cap, sent_by, coupon_note, terms, adjusted, base_sale, base_revenue, base_commission, hold_note,
  rule, rule_version, commission_id, customer, items, comm_lines, rule_tier
FROM conversions WHERE workspace = sqlc.arg(workspace) AND click = sqlc.arg(click) ORDER BY id;

-- name: GetConversion :one
SELECT
  id, workspace, dedup_key, click, signal, at, click_at, recorded, advertiser, offer, goal,
  goal_key, publisher, link, order_no, method, source, status, currency, revenue, commission,
  sale_amount, has_sale, sent, country, coupon, test, payout_rule, comm_rule, warning,
  revision, dims, version, sent_currency, sent_sale, rate, rate_date, rate_source, report_currency, report_rate, report_rate_date, report_rate_source, geo, params, hold, over_cap, sent_by, coupon_note, terms, adjusted, base_sale, base_revenue, base_commission, hold_note,
  rule, rule_version, commission_id, customer, items, comm_lines, rule_tier
FROM conversions WHERE id = sqlc.arg(id) AND workspace = sqlc.arg(workspace);

-- name: UpdateConversion :execrows
UPDATE conversions SET
  status = sqlc.arg(status), source = sqlc.arg(source), dedup_key = sqlc.arg(dedup_key), order_no = sqlc.arg(order_no),
  revenue = sqlc.arg(revenue), commission = sqlc.arg(commission), sale_amount = sqlc.arg(sale_amount), has_sale = sqlc.arg(has_sale),
  sent = sqlc.arg(sent), payout_rule = sqlc.arg(payout_rule), comm_rule = sqlc.arg(comm_rule), revision = sqlc.arg(revision),
  warning = sqlc.arg(warning), sent_currency = sqlc.arg(sent_currency), sent_sale = sqlc.arg(sent_sale), rate = sqlc.arg(rate), rate_date = sqlc.arg(rate_date), rate_source = sqlc.arg(rate_source), report_currency = sqlc.arg(report_currency), report_rate = sqlc.arg(report_rate), report_rate_date = sqlc.arg(report_rate_date), report_rate_source = sqlc.arg(report_rate_source), geo = sqlc.arg(geo), params = sqlc.arg(params), hold = sqlc.arg(hold), over_cap = sqlc.arg(over_cap), sent_by = sqlc.arg(sent_by), terms = sqlc.arg(terms), adjusted = sqlc.arg(adjusted), base_sale = sqlc.arg(base_sale), base_revenue = sqlc.arg(base_revenue), base_commission = sqlc.arg(base_commission), hold_note = sqlc.arg(hold_note),
  rule = sqlc.arg(rule), rule_version = sqlc.arg(rule_version), commission_id = sqlc.arg(commission_id), customer = sqlc.arg(customer), items = sqlc.arg(items), comm_lines = sqlc.arg(comm_lines), rule_tier = sqlc.arg(rule_tier), version = version + 1
WHERE id = sqlc.arg(id) AND workspace = sqlc.arg(workspace) AND version = sqlc.arg(version);

-- name: Volume :one
SELECT count(*) AS conversions, CAST(coalesce(sum(sale_amount), 0) AS BIGINT) AS sales FROM conversions
WHERE workspace = sqlc.arg(workspace) AND offer = sqlc.arg(offer) AND publisher = sqlc.arg(publisher)
  AND at >= sqlc.arg(from_at) AND at < sqlc.arg(to_at) AND id < sqlc.arg(before) AND id <> sqlc.arg(other) AND status NOT IN ('rejected', 'reversed');

-- name: Liftable :many
SELECT id FROM conversions
WHERE workspace = sqlc.arg(workspace) AND offer = sqlc.arg(offer) AND publisher = sqlc.arg(publisher)
  AND at >= sqlc.arg(from_at) AND at < sqlc.arg(to_at) AND id <> sqlc.arg(other) AND rule_tier < sqlc.arg(tier)
  AND (rule = sqlc.arg(rule) OR comm_lines LIKE sqlc.arg(in_lines)) AND adjusted = FALSE AND status IN ('pending', 'approved')
ORDER BY id LIMIT sqlc.arg(most);

-- name: FirstOrder :one
SELECT CAST(coalesce(min(at), 0) AS BIGINT) AS first_at FROM conversions
WHERE workspace = sqlc.arg(workspace) AND customer = sqlc.arg(customer) AND customer <> '' AND goal_key = sqlc.arg(goal_key)
  AND id < sqlc.arg(before) AND status NOT IN ('rejected', 'reversed');

-- name: InsertChange :exec
INSERT INTO conversion_changes (conversion, at, from_status, to_status, actor, reason) VALUES (
  sqlc.arg(conversion), sqlc.arg(at), sqlc.arg(from_status), sqlc.arg(to_status), sqlc.arg(actor), sqlc.arg(reason)
);

-- name: Changes :many
SELECT id, conversion, at, from_status, to_status, actor, reason FROM conversion_changes
WHERE conversion = sqlc.arg(conversion) ORDER BY id;

-- name: InsertAdjustment :execrows
INSERT INTO conversion_adjustments (
  workspace, conversion, key, kind, asked, currency, sale, revenue, commission, actor, reason, at
) VALUES (
  sqlc.arg(workspace), sqlc.arg(conversion), sqlc.arg(key), sqlc.arg(kind), sqlc.arg(asked), sqlc.arg(currency),
  sqlc.arg(sale), sqlc.arg(revenue), sqlc.arg(commission), sqlc.arg(actor), sqlc.arg(reason), sqlc.arg(at)
) ON CONFLICT (workspace, conversion, key) DO NOTHING;

-- name: Adjustments :many
SELECT id, workspace, conversion, key, kind, asked, currency, sale, revenue, commission, actor, reason, at
FROM conversion_adjustments WHERE workspace = sqlc.arg(workspace) AND conversion = sqlc.arg(conversion) ORDER BY id;

-- name: WaitingConversions :many
SELECT id FROM conversions
WHERE status = 'pending' AND offer = sqlc.arg(offer) AND hold = '' AND at < sqlc.arg(before) AND recorded < sqlc.arg(before) AND id > sqlc.arg(after)
ORDER BY id LIMIT sqlc.arg(most);

-- name: InsertBalanceAdjustment :execrows
INSERT INTO balance_adjustments (id, workspace, key, publisher, currency, amount, actor, reason, at) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(key), sqlc.arg(publisher), sqlc.arg(currency), sqlc.arg(amount), sqlc.arg(actor), sqlc.arg(reason), sqlc.arg(at)
) ON CONFLICT (workspace, key) DO NOTHING;

-- name: BalanceAdjustmentByKey :one
SELECT id, workspace, key, publisher, currency, amount, actor, reason, at FROM balance_adjustments
WHERE workspace = sqlc.arg(workspace) AND key = sqlc.arg(key);

-- name: BalanceAdjustments :many
SELECT id, workspace, key, publisher, currency, amount, actor, reason, at FROM balance_adjustments
WHERE workspace = sqlc.arg(workspace) AND (CAST(sqlc.arg(publisher) AS TEXT) = '' OR publisher = CAST(sqlc.arg(publisher) AS TEXT))
  AND (CAST(sqlc.arg(before) AS TEXT) = '' OR id < CAST(sqlc.arg(before) AS TEXT))
ORDER BY id DESC LIMIT sqlc.arg(most);

-- name: InsertDelivery :exec
INSERT INTO deliveries (
  id, workspace, publisher, conversion, url, method, state, tries, created, next_at, status, answer,
  error, done_at, postback, offer, tells, body_kind, body, macros, resends, resent_as, actor, search
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(publisher), sqlc.arg(conversion), sqlc.arg(url), sqlc.arg(method),
  sqlc.arg(state), sqlc.arg(tries), sqlc.arg(created), sqlc.arg(next_at), sqlc.arg(status), sqlc.arg(answer),
  sqlc.arg(error), sqlc.arg(done_at), sqlc.arg(postback), sqlc.arg(offer), sqlc.arg(tells), sqlc.arg(body_kind),
  sqlc.arg(body), sqlc.arg(macros), sqlc.arg(resends), sqlc.arg(resent_as), sqlc.arg(actor), sqlc.arg(search)
);

-- name: DueDeliveries :many
SELECT
  id, workspace, publisher, conversion, url, method, state, tries, created, next_at, status, answer,
  error, done_at, postback, offer, tells, body_kind, body, macros, resends, resent_as, actor, search
FROM deliveries WHERE state = 'waiting' AND next_at <= sqlc.arg(now)
ORDER BY next_at, id LIMIT sqlc.arg(most);

-- name: GetDelivery :one
SELECT
  id, workspace, publisher, conversion, url, method, state, tries, created, next_at, status, answer,
  error, done_at, postback, offer, tells, body_kind, body, macros, resends, resent_as, actor, search
FROM deliveries WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: SaveDelivery :execrows
UPDATE deliveries SET
  state = sqlc.arg(state), tries = sqlc.arg(tries), next_at = sqlc.arg(next_at), status = sqlc.arg(status),
  answer = sqlc.arg(answer), error = sqlc.arg(error), done_at = sqlc.arg(done_at)
WHERE id = sqlc.arg(id) AND workspace = sqlc.arg(workspace);

-- name: InsertTry :exec
INSERT INTO delivery_tries (delivery, n, at, took, status, headers, answer, error) VALUES (
  sqlc.arg(delivery), sqlc.arg(n), sqlc.arg(at), sqlc.arg(took), sqlc.arg(status), sqlc.arg(headers), sqlc.arg(answer), sqlc.arg(error)
);

-- name: Tries :many
SELECT delivery, n, at, took, status, headers, answer, error FROM delivery_tries
WHERE delivery = sqlc.arg(delivery) ORDER BY n;

-- name: MarkResent :execrows
UPDATE deliveries SET
  resent_as = sqlc.arg(resent_as), state = CASE WHEN state IN ('dead', 'held') THEN 'resent' ELSE state END
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND state <> 'waiting' AND resent_as = '';

-- name: CountDeliveries :many
SELECT state, count(*) AS n FROM deliveries
WHERE workspace = sqlc.arg(workspace) AND state IN ('waiting', 'dead', 'held') GROUP BY state;

-- name: CountDeliveriesOf :many
SELECT state, count(*) AS n FROM deliveries
WHERE workspace = sqlc.arg(workspace) AND publisher = sqlc.arg(publisher) AND state IN ('waiting', 'dead', 'held') GROUP BY state;

-- name: PostbackFailed :one
INSERT INTO postback_failures (workspace, postback, since, tries, dead)
VALUES (sqlc.arg(workspace), sqlc.arg(postback), sqlc.arg(since), 1, sqlc.arg(dead))
ON CONFLICT (workspace, postback) DO UPDATE SET tries = postback_failures.tries + 1, dead = postback_failures.dead + excluded.dead
RETURNING workspace, postback, since, tries, dead;

-- name: PostbackWorks :exec
DELETE FROM postback_failures WHERE workspace = sqlc.arg(workspace) AND postback = sqlc.arg(postback);

-- name: HoldDeliveries :exec
UPDATE deliveries SET state = 'held', next_at = 0, done_at = sqlc.arg(now)
WHERE workspace = sqlc.arg(workspace) AND postback = sqlc.arg(postback) AND state = 'waiting';

-- name: HeldPostbacks :many
SELECT DISTINCT workspace, publisher, postback FROM deliveries WHERE state = 'held';

-- name: ReleaseDeliveries :execrows
UPDATE deliveries SET state = 'waiting', next_at = sqlc.arg(now), done_at = 0
WHERE id IN (
  SELECT d.id FROM deliveries d
  WHERE d.workspace = sqlc.arg(workspace) AND d.publisher = sqlc.arg(publisher) AND d.postback = sqlc.arg(postback) AND d.state = 'held'
  ORDER BY d.id LIMIT sqlc.arg(most)
);
