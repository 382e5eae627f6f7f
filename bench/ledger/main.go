// Command ledger measures how fast conversions are judged, priced and posted on SQLite, and
// with how much memory, beside a bare loop that inserts the same number of rows of the same
// size into the same database file: what the database alone costs.
package main

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/commission"
	"clickledger/internal/conversion"
	"clickledger/internal/event"
	"clickledger/internal/store"
)

func main() {
	many := flag.Int("conversions", 50_000, "how many are judged")
	rules := flag.Int("rules", 100, "commission rules of the offer")
	flag.Parse()
	err := run(*many, *rules)
	if err != nil {
		fmt.Fprintln(os.Stderr, "ledger:", err)
		os.Exit(1)
	}
}

// batch is how many are judged in a transaction, as the processor does under load.
const batch = 100

const publishers = 500

type clicks map[event.ClickID]*event.Visit

// Find looks into the map.
func (c clicks) Find(_ context.Context, id event.ClickID) (*event.Visit, error) { return c[id], nil }

type noMark struct{}

func (noMark) Load() (int64, error) { return 0, nil }
func (noMark) Store(int64) error    { return nil }

func run(many, rules int) (err error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "clickledger-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "books.db")
	db, err := store.OpenSQLite(ctx, file, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	judge, signals, err := prepare(many, rules)
	if err != nil {
		return err
	}
	var before runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)

	began := time.Now()
	for at := 0; at < len(signals); at += batch {
		err := db.Books().Update(ctx, func(ctx context.Context, tx books.Tx) error {
			for i, s := range signals[at:min(at+batch, len(signals))] {
				err := tx.Savepoint(ctx, func(ctx context.Context) error {
					row, err := judge.Judge(ctx, tx, s, uint64(at+i+1))
					if err == nil && row.Verdict != event.Accepted {
						err = fmt.Errorf("signal %d: %s: %s", at+i, row.Verdict, row.Detail)
					}
					return err
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	judged := time.Since(began)
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	found, err := db.Books().Audit(ctx)
	if err != nil || len(found) > 0 {
		return fmt.Errorf("the audit found %v: %w", found, err)
	}
	bare, rows, err := inserts(ctx, file, many)
	if err != nil {
		return err
	}
	rate := func(d time.Duration) float64 { return float64(many) / d.Seconds() }
	fmt.Printf("%d conversions judged by %d rules, priced and posted: %.0f/s (%s), %.0f kB allocated each, %.0f MB of heap at the end, resident at most %s\n",
		many, rules, rate(judged), judged.Round(time.Millisecond), float64(after.TotalAlloc-before.TotalAlloc)/float64(many)/1000, float64(after.HeapAlloc)/1e6, peak())
	fmt.Printf("bare inserts of as many rows of the same kind (%d for each) into the same file: %.0f/s (%s), so %.2f x\n", rows, rate(bare), bare.Round(time.Millisecond), bare.Seconds()/judged.Seconds())
	return nil
}

// prepare makes a catalog of one offer with rules, and the signals.
func prepare(many, rules int) (*conversion.Judge, []*event.Signal, error) {
	const ws = "ws_0123456789abcdef"
	meta := func(id string) catalog.Meta { return catalog.Meta{ID: id, Workspace: ws, Version: 1} }
	o := &catalog.Offer{Meta: meta("off_0123456789abcdef"), Advertiser: "adv_0123456789abcdef", Currency: "USD", InitialStatus: "approved",
		Terms: catalog.Terms{PayoutKind: catalog.PayoutPercent, PayoutPercent: "12", CommissionKind: catalog.CommissionPercentSale, CommissionPercent: "8"}}
	entities := []catalog.Entity{&catalog.Workspace{Meta: catalog.Meta{ID: ws, Workspace: ws}, Currency: "USD", TimeZone: "Europe/Berlin"},
		&catalog.Advertiser{Meta: meta(o.Advertiser), Name: "Shop", Token: "tok_0123456789abcdef", TokenRequired: true}, o, &catalog.Goal{Meta: meta("goal_1"), Offer: o.ID, Key: "sale", Default: true}}
	for i := range publishers {
		entities = append(entities, &catalog.Publisher{Meta: meta(fmt.Sprintf("pub_%016d", i)), Name: "Blog", Status: catalog.StatusActive})
	}
	for i := range rules {
		entities = append(entities, &catalog.CommissionRule{Meta: meta(fmt.Sprintf("rul_%016d", i)), Name: "Rule", Offer: o.ID, Status: catalog.StatusActive,
			If: commission.Conditions{Publishers: []string{fmt.Sprintf("pub_%016d", i)}}, Pay: commission.Pay{Kind: commission.PayPercentSale, Percent: "9.5"}})
	}
	view := catalog.NewView().With(entities, 1)
	keys, err := event.NewKeyring([]event.Key{{ID: 1, Secret: [16]byte{1}}})
	if err != nil {
		return nil, nil, err
	}
	mint, err := event.NewMinter(1, keys, noMark{}, time.Now)
	if err != nil {
		return nil, nil, err
	}
	index := clicks{}
	signals := make([]*event.Signal, many)
	for i := range signals {
		click, err := mint.New()
		if err != nil {
			return nil, nil, err
		}
		id, err := mint.New()
		if err != nil {
			return nil, nil, err
		}
		now := time.Now().UnixMicro()
		index[click] = &event.Visit{ID: click, At: now, Click: true, Dims: event.Dims{Workspace: ws, Offer: o.ID, Advertiser: o.Advertiser, Publisher: fmt.Sprintf("pub_%016d", i%publishers), Link: "lnk_0123456789abcdef", Country: "DE", Device: "mobile"}}
		q := url.Values{"click_id": {click.String()}, "txid": {fmt.Sprintf("A-%d", i)}, "amount": {"89.90"}, "token": {"tok_0123456789abcdef"}}
		signals[i] = &event.Signal{ID: id, At: now, Kind: event.SignalPostback, HTTPMethod: "GET", Path: "/postback", Query: q.Encode()}
	}
	return &conversion.Judge{View: func() *catalog.View { return view }, Keys: func() *event.Keyring { return keys }, Clicks: index, Now: time.Now}, signals, nil
}

// bareRows are the rows a conversion makes: itself, its signal, its history, two
// transactions with their six entries, and the fact in the outbox; by their size in bytes.
var bareRows = []int{900, 600, 120, 250, 250, 60, 60, 60, 60, 60, 60, 500}

// inserts is the peer: the same number of rows in as many transactions, into one table with
// one index, in the same file and with the same settings.
func inserts(ctx context.Context, file string, many int) (took time.Duration, each int, err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)")
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, "CREATE TABLE bare (id BLOB NOT NULL PRIMARY KEY, owner TEXT NOT NULL, body BLOB NOT NULL)")
	if err != nil {
		return 0, 0, err
	}
	body := make([]byte, 1000)
	began := time.Now()
	for at := 0; at < many; at += batch {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return 0, 0, err
		}
		insert, err := tx.PrepareContext(ctx, "INSERT INTO bare VALUES (?, ?, ?)")
		if err != nil {
			return 0, 0, err
		}
		for i := at; i < min(at+batch, many); i++ {
			for n, size := range bareRows {
				id := binary.BigEndian.AppendUint64(nil, uint64(i*len(bareRows)+n))
				_, err := insert.ExecContext(ctx, id, "ws_0123456789abcdef", body[:size])
				if err != nil {
					return 0, 0, err
				}
			}
		}
		err = tx.Commit()
		if err != nil {
			return 0, 0, err
		}
	}
	return time.Since(began), len(bareRows), nil
}

// peak is the most memory the process ever held.
func peak() string {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}
