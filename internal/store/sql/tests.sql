-- Test conversions and the runs they belong to.

-- name: InsertTestConversion :execrows
INSERT INTO test_conversions (id, workspace, run, dedup_key, click, version, doc) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(run), sqlc.arg(dedup_key), sqlc.arg(click), sqlc.arg(version), sqlc.arg(doc)
) ON CONFLICT (workspace, run, dedup_key) DO NOTHING;

-- name: UpdateTestConversion :execrows
UPDATE test_conversions SET dedup_key = sqlc.arg(dedup_key), doc = sqlc.arg(doc), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: TestConversionByDedup :one
SELECT id, workspace, run, dedup_key, click, version, doc FROM test_conversions
WHERE workspace = sqlc.arg(workspace) AND run = sqlc.arg(run) AND dedup_key = sqlc.arg(dedup_key);

-- name: TestConversion :one
SELECT id, workspace, run, dedup_key, click, version, doc FROM test_conversions
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: TestConversionsByClick :many
SELECT id, workspace, run, dedup_key, click, version, doc FROM test_conversions
WHERE workspace = sqlc.arg(workspace) AND click = sqlc.arg(click) ORDER BY id;

-- name: TestConversionsOf :many
SELECT id, workspace, run, dedup_key, click, version, doc FROM test_conversions
WHERE workspace = sqlc.arg(workspace) AND run = sqlc.arg(run) ORDER BY id LIMIT sqlc.arg(most);

-- name: InsertTestRun :exec
INSERT INTO test_runs (id, workspace, offer, link, state, fingerprint, version, doc) VALUES (
  sqlc.arg(id), sqlc.arg(workspace), sqlc.arg(offer), sqlc.arg(link), sqlc.arg(state), sqlc.arg(fingerprint), sqlc.arg(version), sqlc.arg(doc)
);

-- name: UpdateTestRun :execrows
UPDATE test_runs SET state = sqlc.arg(state), doc = sqlc.arg(doc), version = version + 1
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id) AND version = sqlc.arg(version);

-- name: GetTestRun :one
SELECT id, workspace, offer, link, state, fingerprint, version, doc FROM test_runs
WHERE workspace = sqlc.arg(workspace) AND id = sqlc.arg(id);

-- name: RunningTests :many
SELECT id, workspace, offer, link, state, fingerprint, version, doc FROM test_runs
WHERE state = 'running' ORDER BY id LIMIT sqlc.arg(most);

-- name: PassedTest :one
SELECT id, workspace, offer, link, state, fingerprint, version, doc FROM test_runs
WHERE workspace = sqlc.arg(workspace) AND offer = sqlc.arg(offer) AND state = 'passed' AND fingerprint = sqlc.arg(fingerprint)
ORDER BY id DESC LIMIT 1;

-- name: TestRunsOf :many
SELECT id, workspace, offer, link, state, fingerprint, version, doc FROM test_runs
WHERE workspace = sqlc.arg(workspace) AND offer = sqlc.arg(offer) ORDER BY id DESC LIMIT sqlc.arg(most);
