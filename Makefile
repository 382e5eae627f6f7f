.PHONY: demo test bench

demo:
	go run ./cmd/clickledger demo

test:
	go test ./...

# Needs wrk, and nginx for the comparison with it (Debian: wrk, nginx-light).
bench:
	go run ./bench/redirect
	go run ./bench/ledger
	go test -run '^$$' -bench . -benchmem ./internal/edge ./internal/routing ./internal/event ./internal/macro ./internal/visitor ./internal/eventlog ./internal/store ./internal/facts/duck ./internal/report ./bench/...
