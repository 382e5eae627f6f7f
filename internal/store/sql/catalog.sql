-- The catalog: four queries a kind. Lists are built by lists.go.

-- name: InsertWorkspace :exec
INSERT INTO workspaces (
  id, workspace, created, updated, version, revision, archived, search, name, currency,
  time_zone, fallback_url, ip_mode, salt, require_tests
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(name), sqlc.arg(currency),
  sqlc.arg(time_zone), sqlc.arg(fallback_url), sqlc.arg(ip_mode), sqlc.arg(salt), sqlc.arg(require_tests)
);

-- name: UpdateWorkspace :execrows
UPDATE workspaces SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived),
  search = sqlc.arg(search), name = sqlc.arg(name), currency = sqlc.arg(currency),
  time_zone = sqlc.arg(time_zone), fallback_url = sqlc.arg(fallback_url), ip_mode = sqlc.arg(ip_mode), salt = sqlc.arg(salt), require_tests = sqlc.arg(require_tests), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetWorkspace :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, currency,
  time_zone, fallback_url, ip_mode, salt, require_tests
FROM workspaces WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedWorkspaces :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, currency,
  time_zone, fallback_url, ip_mode, salt, require_tests
FROM workspaces WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: InsertAdvertiser :exec
INSERT INTO advertisers (
  id, workspace, created, updated, version, revision, archived, search, name, type, token,
  token_old, token_required, click_param, notes, template, click_macro, payout_macro, amount_macro, currency_macro, txid_macro, status_macro, goal_macro,
  status, reason, manager, website, contact_email, cookie_days, validation_days, prepaid, prepay_warn, guards
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(name), sqlc.arg(type),
  sqlc.arg(token), sqlc.arg(token_old), sqlc.arg(token_required), sqlc.arg(click_param),
  sqlc.arg(notes), sqlc.arg(template), sqlc.arg(click_macro), sqlc.arg(payout_macro), sqlc.arg(amount_macro), sqlc.arg(currency_macro), sqlc.arg(txid_macro), sqlc.arg(status_macro), sqlc.arg(goal_macro),
  sqlc.arg(status), sqlc.arg(reason), sqlc.arg(manager), sqlc.arg(website), sqlc.arg(contact_email), sqlc.arg(cookie_days), sqlc.arg(validation_days), sqlc.arg(prepaid), sqlc.arg(prepay_warn), sqlc.arg(guards)
);

-- name: UpdateAdvertiser :execrows
UPDATE advertisers SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived),
  search = sqlc.arg(search), name = sqlc.arg(name), type = sqlc.arg(type),
  token = sqlc.arg(token), token_old = sqlc.arg(token_old),
  token_required = sqlc.arg(token_required), click_param = sqlc.arg(click_param),
  notes = sqlc.arg(notes), template = sqlc.arg(template), click_macro = sqlc.arg(click_macro), payout_macro = sqlc.arg(payout_macro), amount_macro = sqlc.arg(amount_macro), currency_macro = sqlc.arg(currency_macro), txid_macro = sqlc.arg(txid_macro), status_macro = sqlc.arg(status_macro), goal_macro = sqlc.arg(goal_macro), cookie_days = sqlc.arg(cookie_days), validation_days = sqlc.arg(validation_days), status = sqlc.arg(status), reason = sqlc.arg(reason), manager = sqlc.arg(manager), website = sqlc.arg(website), contact_email = sqlc.arg(contact_email), prepaid = sqlc.arg(prepaid), prepay_warn = sqlc.arg(prepay_warn), guards = sqlc.arg(guards), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetAdvertiser :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, type, token,
  token_old, token_required, click_param, notes, template, click_macro, payout_macro, amount_macro, currency_macro, txid_macro, status_macro, goal_macro,
  status, reason, manager, website, contact_email, cookie_days, validation_days, prepaid, prepay_warn, guards
FROM advertisers WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedAdvertisers :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, type, token,
  token_old, token_required, click_param, notes, template, click_macro, payout_macro, amount_macro, currency_macro, txid_macro, status_macro, goal_macro,
  status, reason, manager, website, contact_email, cookie_days, validation_days, prepaid, prepay_warn, guards
FROM advertisers WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: InsertOffer :exec
INSERT INTO offers (
  id, workspace, created, updated, version, revision, archived, search, name, advertiser, url,
  status, key, currency, payout_kind, payout, payout_percent, precedence, commission_kind,
  commission, commission_percent, append_click_id, cookie_days, window_days, initial_status,
  require_order, deep_links, fallback_url, tags, notes, geo_payouts, geo_source, direct, static_url, fallback_offer, countries, devices, keywords, caps, cap_time_zone, cap_states, cap_warn, over_cap, caps_since, description, category, preview_url, traffic, coupon_precedence,
  min_seconds, attribution, tracking, live_since, live_reason, visibility, questions, reapply_days, validation_days
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(name),
  sqlc.arg(advertiser), sqlc.arg(url), sqlc.arg(status), sqlc.arg(key), sqlc.arg(currency),
  sqlc.arg(payout_kind), sqlc.arg(payout), sqlc.arg(payout_percent), sqlc.arg(precedence),
  sqlc.arg(commission_kind), sqlc.arg(commission), sqlc.arg(commission_percent),
  sqlc.arg(append_click_id), sqlc.arg(cookie_days), sqlc.arg(window_days),
  sqlc.arg(initial_status), sqlc.arg(require_order), sqlc.arg(deep_links),
  sqlc.arg(fallback_url), sqlc.arg(tags), sqlc.arg(notes), sqlc.arg(geo_payouts), sqlc.arg(geo_source), sqlc.arg(direct), sqlc.arg(static_url), sqlc.arg(fallback_offer), sqlc.arg(countries), sqlc.arg(devices), sqlc.arg(keywords), sqlc.arg(caps), sqlc.arg(cap_time_zone), sqlc.arg(cap_states), sqlc.arg(cap_warn), sqlc.arg(over_cap), sqlc.arg(caps_since), sqlc.arg(description), sqlc.arg(category), sqlc.arg(preview_url), sqlc.arg(traffic), sqlc.arg(coupon_precedence),
  sqlc.arg(min_seconds), sqlc.arg(attribution), sqlc.arg(tracking), sqlc.arg(live_since), sqlc.arg(live_reason), sqlc.arg(visibility), sqlc.arg(questions), sqlc.arg(reapply_days), sqlc.arg(validation_days)
);

-- name: UpdateOffer :execrows
UPDATE offers SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived),
  search = sqlc.arg(search), name = sqlc.arg(name), advertiser = sqlc.arg(advertiser),
  url = sqlc.arg(url), status = sqlc.arg(status), key = sqlc.arg(key),
  currency = sqlc.arg(currency), payout_kind = sqlc.arg(payout_kind),
  payout = sqlc.arg(payout), payout_percent = sqlc.arg(payout_percent),
  precedence = sqlc.arg(precedence), commission_kind = sqlc.arg(commission_kind),
  commission = sqlc.arg(commission), commission_percent = sqlc.arg(commission_percent),
  append_click_id = sqlc.arg(append_click_id), cookie_days = sqlc.arg(cookie_days),
  window_days = sqlc.arg(window_days), initial_status = sqlc.arg(initial_status),
  require_order = sqlc.arg(require_order), deep_links = sqlc.arg(deep_links),
  fallback_url = sqlc.arg(fallback_url), tags = sqlc.arg(tags), notes = sqlc.arg(notes),
  geo_payouts = sqlc.arg(geo_payouts), geo_source = sqlc.arg(geo_source), direct = sqlc.arg(direct), static_url = sqlc.arg(static_url), fallback_offer = sqlc.arg(fallback_offer), countries = sqlc.arg(countries), devices = sqlc.arg(devices), keywords = sqlc.arg(keywords), caps = sqlc.arg(caps), cap_time_zone = sqlc.arg(cap_time_zone), cap_states = sqlc.arg(cap_states), cap_warn = sqlc.arg(cap_warn), over_cap = sqlc.arg(over_cap), caps_since = sqlc.arg(caps_since), description = sqlc.arg(description), category = sqlc.arg(category), preview_url = sqlc.arg(preview_url), traffic = sqlc.arg(traffic), coupon_precedence = sqlc.arg(coupon_precedence),
  min_seconds = sqlc.arg(min_seconds), attribution = sqlc.arg(attribution), tracking = sqlc.arg(tracking), live_since = sqlc.arg(live_since), live_reason = sqlc.arg(live_reason), visibility = sqlc.arg(visibility), questions = sqlc.arg(questions), reapply_days = sqlc.arg(reapply_days), validation_days = sqlc.arg(validation_days), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetOffer :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, advertiser, url,
  status, key, currency, payout_kind, payout, payout_percent, precedence, commission_kind,
  commission, commission_percent, append_click_id, cookie_days, window_days, initial_status,
  require_order, deep_links, fallback_url, tags, notes, geo_payouts, geo_source, direct, static_url, fallback_offer, countries, devices, keywords, caps, cap_time_zone, cap_states, cap_warn, over_cap, caps_since, description, category, preview_url, traffic, coupon_precedence,
  min_seconds, attribution, tracking, live_since, live_reason, visibility, questions, reapply_days, validation_days
FROM offers WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedOffers :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, advertiser, url,
  status, key, currency, payout_kind, payout, payout_percent, precedence, commission_kind,
  commission, commission_percent, append_click_id, cookie_days, window_days, initial_status,
  require_order, deep_links, fallback_url, tags, notes, geo_payouts, geo_source, direct, static_url, fallback_offer, countries, devices, keywords, caps, cap_time_zone, cap_states, cap_warn, over_cap, caps_since, description, category, preview_url, traffic, coupon_precedence,
  min_seconds, attribution, tracking, live_since, live_reason, visibility, questions, reapply_days, validation_days
FROM offers WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: InsertGoal :exec
INSERT INTO goals (
  id, workspace, created, updated, version, revision, archived, search, offer, key, name,
  is_default, payout_kind, payout, payout_percent, precedence, commission_kind, commission,
  commission_percent, geo_payouts, type, require_order, every_fire, duplicates
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(offer), sqlc.arg(key),
  sqlc.arg(name), sqlc.arg(is_default), sqlc.arg(payout_kind), sqlc.arg(payout),
  sqlc.arg(payout_percent), sqlc.arg(precedence), sqlc.arg(commission_kind),
  sqlc.arg(commission), sqlc.arg(commission_percent), sqlc.arg(geo_payouts), sqlc.arg(type), sqlc.arg(require_order), sqlc.arg(every_fire), sqlc.arg(duplicates)
);

-- name: UpdateGoal :execrows
UPDATE goals SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived),
  search = sqlc.arg(search), offer = sqlc.arg(offer), key = sqlc.arg(key),
  name = sqlc.arg(name), is_default = sqlc.arg(is_default),
  payout_kind = sqlc.arg(payout_kind), payout = sqlc.arg(payout),
  payout_percent = sqlc.arg(payout_percent), precedence = sqlc.arg(precedence),
  commission_kind = sqlc.arg(commission_kind), commission = sqlc.arg(commission),
  commission_percent = sqlc.arg(commission_percent), geo_payouts = sqlc.arg(geo_payouts), type = sqlc.arg(type), require_order = sqlc.arg(require_order), every_fire = sqlc.arg(every_fire), duplicates = sqlc.arg(duplicates), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetGoal :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, offer, key, name,
  is_default, payout_kind, payout, payout_percent, precedence, commission_kind, commission,
  commission_percent, geo_payouts, type, require_order, every_fire, duplicates
FROM goals WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedGoals :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, offer, key, name,
  is_default, payout_kind, payout, payout_percent, precedence, commission_kind, commission,
  commission_percent, geo_payouts, type, require_order, every_fire, duplicates
FROM goals WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: InsertGroup :exec
INSERT INTO publisher_groups (
  id, workspace, created, updated, version, revision, archived, search, name, notes
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(name), sqlc.arg(notes)
);

-- name: UpdateGroup :execrows
UPDATE publisher_groups SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived),
  search = sqlc.arg(search), name = sqlc.arg(name), notes = sqlc.arg(notes), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetGroup :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, notes
FROM publisher_groups WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedGroups :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, notes
FROM publisher_groups WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: InsertPublisher :exec
INSERT INTO publishers (
  id, workspace, created, updated, version, revision, archived, search, name, email, status,
  notes, reason, group_id, manager, website, promotion
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(name), sqlc.arg(email),
  sqlc.arg(status), sqlc.arg(notes), sqlc.arg(reason), sqlc.arg(group_id), sqlc.arg(manager), sqlc.arg(website), sqlc.arg(promotion)
);

-- name: UpdatePublisher :execrows
UPDATE publishers SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived),
  search = sqlc.arg(search), name = sqlc.arg(name), email = sqlc.arg(email),
  status = sqlc.arg(status), notes = sqlc.arg(notes),
  reason = sqlc.arg(reason), group_id = sqlc.arg(group_id), manager = sqlc.arg(manager), website = sqlc.arg(website), promotion = sqlc.arg(promotion),
  version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetPublisher :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, email, status,
  notes, reason, group_id, manager, website, promotion
FROM publishers WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedPublishers :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, email, status,
  notes, reason, group_id, manager, website, promotion
FROM publishers WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: InsertEnrollment :exec
INSERT INTO enrollments (
  id, workspace, created, updated, version, revision, archived, search, offer, publisher,
  status, reason, commission_kind, commission, commission_percent, terms, answers, applied, decided,
  accepted, accepted_by, accepted_from
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(offer),
  sqlc.arg(publisher), sqlc.arg(status), sqlc.arg(reason), sqlc.arg(commission_kind),
  sqlc.arg(commission), sqlc.arg(commission_percent), sqlc.arg(terms), sqlc.arg(answers),
  sqlc.arg(applied), sqlc.arg(decided), sqlc.arg(accepted), sqlc.arg(accepted_by),
  sqlc.arg(accepted_from)
);

-- name: UpdateEnrollment :execrows
UPDATE enrollments SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived),
  search = sqlc.arg(search), offer = sqlc.arg(offer), publisher = sqlc.arg(publisher),
  status = sqlc.arg(status), reason = sqlc.arg(reason),
  commission_kind = sqlc.arg(commission_kind), commission = sqlc.arg(commission),
  commission_percent = sqlc.arg(commission_percent), terms = sqlc.arg(terms),
  answers = sqlc.arg(answers), applied = sqlc.arg(applied), decided = sqlc.arg(decided),
  accepted = sqlc.arg(accepted), accepted_by = sqlc.arg(accepted_by),
  accepted_from = sqlc.arg(accepted_from), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetEnrollment :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, offer, publisher,
  status, reason, commission_kind, commission, commission_percent, terms, answers, applied, decided,
  accepted, accepted_by, accepted_from
FROM enrollments WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedEnrollments :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, offer, publisher,
  status, reason, commission_kind, commission, commission_percent, terms, answers, applied, decided,
  accepted, accepted_by, accepted_from
FROM enrollments WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: InsertLink :exec
INSERT INTO links (
  id, workspace, created, updated, version, revision, archived, search, key, offer, publisher,
  name, status, source, subs, test
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(key), sqlc.arg(offer),
  sqlc.arg(publisher), sqlc.arg(name), sqlc.arg(status), sqlc.arg(source),
  sqlc.arg(subs), sqlc.arg(test)
);

-- name: UpdateLink :execrows
UPDATE links SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived),
  search = sqlc.arg(search), key = sqlc.arg(key), offer = sqlc.arg(offer),
  publisher = sqlc.arg(publisher), name = sqlc.arg(name), status = sqlc.arg(status),
  source = sqlc.arg(source), subs = sqlc.arg(subs), test = sqlc.arg(test), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetLink :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, key, offer, publisher,
  name, status, source, subs, test
FROM links WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedLinks :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, key, offer, publisher,
  name, status, source, subs, test
FROM links WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: InsertCoupon :exec
INSERT INTO coupons (
  id, workspace, created, updated, version, revision, archived, search, offer, publisher,
  advertiser, code, code_key, valid_from, valid_until, status, notes
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(offer), sqlc.arg(publisher),
  sqlc.arg(advertiser), sqlc.arg(code), sqlc.arg(code_key), sqlc.arg(valid_from), sqlc.arg(valid_until),
  sqlc.arg(status), sqlc.arg(notes)
);

-- name: UpdateCoupon :execrows
UPDATE coupons SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived),
  search = sqlc.arg(search), offer = sqlc.arg(offer), publisher = sqlc.arg(publisher),
  advertiser = sqlc.arg(advertiser), code = sqlc.arg(code), code_key = sqlc.arg(code_key),
  valid_from = sqlc.arg(valid_from), valid_until = sqlc.arg(valid_until), status = sqlc.arg(status),
  notes = sqlc.arg(notes), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetCoupon :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, offer, publisher,
  advertiser, code, code_key, valid_from, valid_until, status, notes
FROM coupons WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedCoupons :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, offer, publisher,
  advertiser, code, code_key, valid_from, valid_until, status, notes
FROM coupons WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: InsertDomain :exec
INSERT INTO domains (
  id, workspace, created, updated, version, revision, archived, search, host, advertiser,
  root_url, unknown_url, by_default, token, status, verified, dialects
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version), sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(host), sqlc.arg(advertiser), sqlc.arg(root_url), sqlc.arg(unknown_url), sqlc.arg(by_default), sqlc.arg(token), sqlc.arg(status), sqlc.arg(verified), sqlc.arg(dialects)
);

-- name: UpdateDomain :execrows
UPDATE domains SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived), search = sqlc.arg(search), host = sqlc.arg(host), advertiser = sqlc.arg(advertiser), root_url = sqlc.arg(root_url), unknown_url = sqlc.arg(unknown_url), by_default = sqlc.arg(by_default), token = sqlc.arg(token), status = sqlc.arg(status), verified = sqlc.arg(verified), dialects = sqlc.arg(dialects), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetDomain :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, host, advertiser,
  root_url, unknown_url, by_default, token, status, verified, dialects
FROM domains WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedDomains :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, host, advertiser,
  root_url, unknown_url, by_default, token, status, verified, dialects
FROM domains WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);
-- name: InsertCreative :exec
INSERT INTO creatives (
  id, workspace, created, updated, version, revision, archived, search, offer, name, type,
  image, image_type, image_width, image_height, image_size, alt, headline, body,
  call_to_action, url, status, notes
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated),
  sqlc.arg(version), sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search),
  sqlc.arg(offer), sqlc.arg(name), sqlc.arg(type), sqlc.arg(image), sqlc.arg(image_type),
  sqlc.arg(image_width), sqlc.arg(image_height), sqlc.arg(image_size), sqlc.arg(alt),
  sqlc.arg(headline), sqlc.arg(body), sqlc.arg(call_to_action), sqlc.arg(url),
  sqlc.arg(status), sqlc.arg(notes)
);

-- name: UpdateCreative :execrows
UPDATE creatives SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision),
  archived = sqlc.arg(archived), search = sqlc.arg(search), offer = sqlc.arg(offer),
  name = sqlc.arg(name), type = sqlc.arg(type), image = sqlc.arg(image),
  image_type = sqlc.arg(image_type), image_width = sqlc.arg(image_width),
  image_height = sqlc.arg(image_height), image_size = sqlc.arg(image_size),
  alt = sqlc.arg(alt), headline = sqlc.arg(headline), body = sqlc.arg(body),
  call_to_action = sqlc.arg(call_to_action), url = sqlc.arg(url),
  status = sqlc.arg(status), notes = sqlc.arg(notes), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetCreative :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, offer, name, type,
  image, image_type, image_width, image_height, image_size, alt, headline, body,
  call_to_action, url, status, notes
FROM creatives WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedCreatives :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, offer, name, type,
  image, image_type, image_width, image_height, image_size, alt, headline, body,
  call_to_action, url, status, notes
FROM creatives WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: PutImage :exec
INSERT INTO images (workspace, hash, type, width, height, size, created, data)
VALUES (
  sqlc.arg(workspace), sqlc.arg(hash), sqlc.arg(type), sqlc.arg(width), sqlc.arg(height),
  sqlc.arg(size), sqlc.arg(created), sqlc.arg(data)
) ON CONFLICT (workspace, hash) DO UPDATE SET created = excluded.created;

-- name: GetImage :one
SELECT workspace, hash, type, width, height, size, created, data
FROM images WHERE workspace = sqlc.arg(workspace) AND hash = sqlc.arg(hash);

-- name: DropStrayImages :exec
DELETE FROM images WHERE images.workspace = sqlc.arg(workspace) AND images.created < sqlc.arg(before)
  AND images.hash NOT IN (SELECT c.image FROM creatives c WHERE c.workspace = sqlc.arg(workspace));

-- name: InsertPostback :exec
INSERT INTO postbacks (
  id, workspace, created, updated, version, revision, archived, search, publisher, name, offer, goal,
  states, preset, method, url, body_kind, body, replaces, status, notes, paused_for
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version), sqlc.arg(revision),
  sqlc.arg(archived), sqlc.arg(search), sqlc.arg(publisher), sqlc.arg(name), sqlc.arg(offer), sqlc.arg(goal),
  sqlc.arg(states), sqlc.arg(preset), sqlc.arg(method), sqlc.arg(url), sqlc.arg(body_kind), sqlc.arg(body),
  sqlc.arg(replaces), sqlc.arg(status), sqlc.arg(notes), sqlc.arg(paused_for)
);

-- name: UpdatePostback :execrows
UPDATE postbacks SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived),
  search = sqlc.arg(search), publisher = sqlc.arg(publisher), name = sqlc.arg(name),
  offer = sqlc.arg(offer), goal = sqlc.arg(goal), states = sqlc.arg(states),
  preset = sqlc.arg(preset), method = sqlc.arg(method), url = sqlc.arg(url),
  body_kind = sqlc.arg(body_kind), body = sqlc.arg(body), replaces = sqlc.arg(replaces),
  status = sqlc.arg(status), notes = sqlc.arg(notes), paused_for = sqlc.arg(paused_for), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetPostback :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, publisher, name, offer, goal,
  states, preset, method, url, body_kind, body, replaces, status, notes, paused_for
FROM postbacks WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedPostbacks :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, publisher, name, offer, goal,
  states, preset, method, url, body_kind, body, replaces, status, notes, paused_for
FROM postbacks WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: InsertTerms :exec
INSERT INTO terms (
  id, workspace, created, updated, version, revision, archived, search, offer, number, from_at,
  body, commission_kind, commission, commission_percent, goals, cookie_days, window_days
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(offer), sqlc.arg(number),
  sqlc.arg(from_at), sqlc.arg(body), sqlc.arg(commission_kind), sqlc.arg(commission),
  sqlc.arg(commission_percent), sqlc.arg(goals), sqlc.arg(cookie_days), sqlc.arg(window_days)
);

-- name: UpdateTerms :execrows
UPDATE terms SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived),
  search = sqlc.arg(search), offer = sqlc.arg(offer), number = sqlc.arg(number),
  from_at = sqlc.arg(from_at), body = sqlc.arg(body), commission_kind = sqlc.arg(commission_kind),
  commission = sqlc.arg(commission), commission_percent = sqlc.arg(commission_percent),
  goals = sqlc.arg(goals), cookie_days = sqlc.arg(cookie_days), window_days = sqlc.arg(window_days),
  version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetTerms :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, offer, number, from_at,
  body, commission_kind, commission, commission_percent, goals, cookie_days, window_days
FROM terms WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedTerms :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, offer, number, from_at,
  body, commission_kind, commission, commission_percent, goals, cookie_days, window_days
FROM terms WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: InsertCommissionRule :exec
INSERT INTO commission_rules (
  id, workspace, created, updated, version, revision, archived, search, name, offer, status, priority,
  currency, conditions, pay, over_100, notes
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(revision), sqlc.arg(archived), sqlc.arg(search), sqlc.arg(name), sqlc.arg(offer),
  sqlc.arg(status), sqlc.arg(priority), sqlc.arg(currency), sqlc.arg(conditions), sqlc.arg(pay),
  sqlc.arg(over_100), sqlc.arg(notes)
);

-- name: UpdateCommissionRule :execrows
UPDATE commission_rules SET
  updated = sqlc.arg(updated), revision = sqlc.arg(revision), archived = sqlc.arg(archived), search = sqlc.arg(search),
  name = sqlc.arg(name), offer = sqlc.arg(offer), status = sqlc.arg(status), priority = sqlc.arg(priority),
  currency = sqlc.arg(currency), conditions = sqlc.arg(conditions), pay = sqlc.arg(pay), over_100 = sqlc.arg(over_100),
  notes = sqlc.arg(notes),
  version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetCommissionRule :one
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, offer, status, priority,
  currency, conditions, pay, over_100, notes
FROM commission_rules WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: ChangedCommissionRules :many
SELECT
  id, workspace, created, updated, version, revision, archived, search, name, offer, status, priority,
  currency, conditions, pay, over_100, notes
FROM commission_rules WHERE revision > sqlc.arg(since) ORDER BY revision LIMIT sqlc.arg(most);

-- name: BumpRevision :one
UPDATE catalog_revision SET revision = revision + sqlc.arg(n) WHERE id = 1 RETURNING revision;

-- name: Revision :one
SELECT revision FROM catalog_revision WHERE id = 1;

-- name: InsertAudit :exec
INSERT INTO audit (
  workspace, at, actor, action, kind, subject, reason, before_json, after_json
) VALUES (
  sqlc.arg(workspace), sqlc.arg(at), sqlc.arg(actor), sqlc.arg(action), sqlc.arg(kind),
  sqlc.arg(subject), sqlc.arg(reason), sqlc.arg(before_json), sqlc.arg(after_json)
);

-- name: GetIdempotency :one
SELECT workspace, key, hash, kind, owner, subject FROM idempotency
WHERE workspace = sqlc.arg(workspace) AND key = sqlc.arg(key);

-- name: InsertIdempotency :exec
INSERT INTO idempotency (workspace, key, hash, kind, owner, subject, created) VALUES (
  sqlc.arg(workspace), sqlc.arg(key), sqlc.arg(hash), sqlc.arg(kind), sqlc.arg(owner), sqlc.arg(subject), sqlc.arg(created)
);
