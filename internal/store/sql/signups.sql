-- Sign-ups, invitations, tokens, mails.

-- name: GetSignupSettings :one
SELECT workspace, kind, open, intro, questions, terms, terms_version, group_id, manager, updated, version
FROM signup_settings WHERE workspace = sqlc.arg(workspace) AND kind = sqlc.arg(kind);

-- name: InsertSignupSettings :exec
INSERT INTO signup_settings (workspace, kind, open, intro, questions, terms, terms_version, group_id, manager, updated, version) VALUES (
  sqlc.arg(workspace), sqlc.arg(kind), sqlc.arg(open), sqlc.arg(intro), sqlc.arg(questions), sqlc.arg(terms),
  sqlc.arg(terms_version), sqlc.arg(group_id), sqlc.arg(manager), sqlc.arg(updated), sqlc.arg(version)
);

-- name: UpdateSignupSettings :execrows
UPDATE signup_settings SET
  open = sqlc.arg(open), intro = sqlc.arg(intro), questions = sqlc.arg(questions), terms = sqlc.arg(terms),
  terms_version = sqlc.arg(terms_version), group_id = sqlc.arg(group_id), manager = sqlc.arg(manager),
  updated = sqlc.arg(updated), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND kind = sqlc.arg(kind) AND version = sqlc.arg(version);

-- name: InsertSignup :exec
INSERT INTO signups (
  id, workspace, kind, created, updated, version, state, code, email, person, name, website, promotion, answers,
  terms_version, addr, password_hash, party, user_id, confirmed, decided, decided_by, reason
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(kind), sqlc.arg(created), sqlc.arg(updated), sqlc.arg(version),
  sqlc.arg(state), sqlc.arg(code), sqlc.arg(email), sqlc.arg(person), sqlc.arg(name), sqlc.arg(website),
  sqlc.arg(promotion), sqlc.arg(answers), sqlc.arg(terms_version), sqlc.arg(addr), sqlc.arg(password_hash),
  sqlc.arg(party), sqlc.arg(user_id), sqlc.arg(confirmed), sqlc.arg(decided), sqlc.arg(decided_by), sqlc.arg(reason)
);

-- name: UpdateSignup :execrows
UPDATE signups SET
  updated = sqlc.arg(updated), state = sqlc.arg(state), code = sqlc.arg(code), password_hash = sqlc.arg(password_hash),
  party = sqlc.arg(party), user_id = sqlc.arg(user_id), confirmed = sqlc.arg(confirmed), decided = sqlc.arg(decided),
  decided_by = sqlc.arg(decided_by), reason = sqlc.arg(reason), version = version + 1
WHERE id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetSignup :one
SELECT
  id, workspace, kind, created, updated, version, state, code, email, person, name, website, promotion, answers,
  terms_version, addr, password_hash, party, user_id, confirmed, decided, decided_by, reason
FROM signups WHERE id = sqlc.arg(id);

-- name: CountSignups :one
SELECT COUNT(*) AS n FROM signups WHERE workspace = sqlc.arg(workspace) AND state = sqlc.arg(state);

-- name: InsertInvitation :exec
INSERT INTO invitations (
  id, workspace, party_kind, party, created, updated, version, email, name, workspaces, owner, state, expires, made_by, user_id
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(party_kind), sqlc.arg(party), sqlc.arg(created), sqlc.arg(updated),
  sqlc.arg(version), sqlc.arg(email), sqlc.arg(name), sqlc.arg(workspaces), sqlc.arg(owner), sqlc.arg(state),
  sqlc.arg(expires), sqlc.arg(made_by), sqlc.arg(user_id)
);

-- name: UpdateInvitation :execrows
UPDATE invitations SET
  updated = sqlc.arg(updated), state = sqlc.arg(state), expires = sqlc.arg(expires), user_id = sqlc.arg(user_id), version = version + 1
WHERE id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetInvitation :one
SELECT
  id, workspace, party_kind, party, created, updated, version, email, name, workspaces, owner, state, expires, made_by, user_id
FROM invitations WHERE id = sqlc.arg(id);

-- name: InsertToken :exec
INSERT INTO tokens (hash, purpose, subject, created, expires, used) VALUES (
  sqlc.arg(hash), sqlc.arg(purpose), sqlc.arg(subject), sqlc.arg(created), sqlc.arg(expires), sqlc.arg(used)
);

-- name: GetToken :one
SELECT hash, purpose, subject, created, expires, used FROM tokens WHERE hash = sqlc.arg(hash);

-- name: UseToken :execrows
UPDATE tokens SET used = sqlc.arg(used) WHERE hash = sqlc.arg(hash) AND used = 0;

-- name: EndTokens :exec
UPDATE tokens SET used = sqlc.arg(used) WHERE subject = sqlc.arg(subject) AND purpose = sqlc.arg(purpose) AND used = 0;

-- name: InsertMail :exec
INSERT INTO mails (
  id, workspace, created, version, purpose, about, recipient, subject, body, link, state, attempts, next_at, expires, sent, problem
) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(created), sqlc.arg(version), sqlc.arg(purpose), sqlc.arg(about),
  sqlc.arg(recipient), sqlc.arg(subject), sqlc.arg(body), sqlc.arg(link), sqlc.arg(state), sqlc.arg(attempts),
  sqlc.arg(next_at), sqlc.arg(expires), sqlc.arg(sent), sqlc.arg(problem)
);

-- name: UpdateMail :execrows
UPDATE mails SET
  link = sqlc.arg(link), state = sqlc.arg(state), attempts = sqlc.arg(attempts), next_at = sqlc.arg(next_at),
  sent = sqlc.arg(sent), problem = sqlc.arg(problem), version = version + 1
WHERE id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetMail :one
SELECT
  id, workspace, created, version, purpose, about, recipient, subject, body, link, state, attempts, next_at, expires, sent, problem
FROM mails WHERE id = sqlc.arg(id);

-- name: DueMails :many
SELECT
  id, workspace, created, version, purpose, about, recipient, subject, body, link, state, attempts, next_at, expires, sent, problem
FROM mails WHERE state = 'queued' AND next_at <= sqlc.arg(now) ORDER BY next_at LIMIT sqlc.arg(most);

-- name: GetMailSettings :one
SELECT id, host, port, username, password, security, sender, updated, version FROM mail_settings WHERE id = 1;

-- name: InsertMailSettings :exec
INSERT INTO mail_settings (id, host, port, username, password, security, sender, updated, version) VALUES (
  1, sqlc.arg(host), sqlc.arg(port), sqlc.arg(username), sqlc.arg(password), sqlc.arg(security), sqlc.arg(sender), sqlc.arg(updated), 1
);

-- name: UpdateMailSettings :execrows
UPDATE mail_settings SET
  host = sqlc.arg(host), port = sqlc.arg(port), username = sqlc.arg(username), password = sqlc.arg(password),
  security = sqlc.arg(security), sender = sqlc.arg(sender), updated = sqlc.arg(updated), version = version + 1
WHERE id = 1 AND version = sqlc.arg(version);
