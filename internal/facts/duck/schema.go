package duck

import (
	"strings"

	"clickledger/internal/facts"
)

// schemaVersion is stored with the table; a file of another version is rebuilt from
// the segments rather than migrated in place.
//
// Version 2 has the amounts in the reporting currency and eight dimensions more.
// Version 3 counts on-site events and impressions, and has the creative.
const schemaVersion = 3

// versionOriginal is the last version without a reporting currency.
const versionOriginal = 1

// Fixed columns stand before those of facts.IntColumns and facts.TextColumns. The
// click id is a UUID: 16 bytes in the table and, unlike UHUGEINT, in Parquet too.
const (
	colSeq = iota
	colClickID
	fixedColumns
)

// createFacts has defaults for the columns that segments of an older version lack.
func createFacts() string {
	var b strings.Builder
	b.WriteString("CREATE TABLE facts (seq BIGINT, click_id UUID")
	for _, c := range facts.IntColumns() {
		b.WriteString(", " + c.Name + " BIGINT DEFAULT 0")
	}
	for _, c := range facts.TextColumns() {
		b.WriteString(", " + c.Name + " VARCHAR DEFAULT ''")
	}
	b.WriteString(")")
	return b.String()
}

// createProgress has one row: where the table stands, in the same transaction as the
// rows that brought it there.
const createProgress = `CREATE TABLE progress (version BIGINT, stream VARCHAR, seq BIGINT, fact_no BIGINT, fact_rows BIGINT)`

// literal quotes a text as an SQL literal; only paths of our own folder need it.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
