package paper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/books"
	"clickledger/internal/catalog"
	"clickledger/internal/conversion"
	"clickledger/internal/document"
	"clickledger/internal/document/paper"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
	"clickledger/internal/store"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const ws = "ws_1"

// issued makes one document of each kind by the service, on a real database.
func issued(t *testing.T) map[string]*document.Document {
	t.Helper()
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	now := time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)
	meta := func(id string) catalog.Meta { return catalog.Meta{ID: id, Workspace: ws, Version: 1} }
	view := catalog.NewView().With([]catalog.Entity{
		&catalog.Workspace{Meta: catalog.Meta{ID: ws, Workspace: ws}, Name: "Acme", Currency: "EUR", TimeZone: "Europe/Berlin"},
		&catalog.Advertiser{Meta: meta("adv_1"), Name: "Alpine Shoes"}, &catalog.Publisher{Meta: meta("pub_1"), Name: "Running Blog"},
		&catalog.Offer{Meta: meta("off_1"), Name: "Trail shoes <b>& boots</b>", Advertiser: "adv_1"}, &catalog.Offer{Meta: meta("off_2"), Name: "Socks", Advertiser: "adv_1"},
		&catalog.Goal{Meta: meta("gol_1"), Name: "Sale", Offer: "off_1"}, &catalog.Goal{Meta: meta("gol_2"), Name: "Sale", Offer: "off_2"},
	}, 1)
	docs := document.New(document.Options{Store: db.Documents(), View: func() *catalog.View { return view }, Now: func() time.Time { return now }})
	staff := account.Principal{ID: "usr_1", Owner: true, Write: true}
	for party, d := range map[string]document.TextsDoc{
		"":      {Name: "Acme Affiliates GmbH", Address: "Hauptstr. 1\n10115 Berlin", TaxID: "DE 123456789", DueDays: 14, Payment: "Please pay to DE00 1000 2000 3000 4000 00,\nwith the number of the invoice.", Footer: "Acme Affiliates GmbH · Amtsgericht Berlin HRB 1"},
		"adv_1": {Name: "Alpine Shoes AG", Address: "Bergweg 7\n8000 Zürich", TaxID: "CHE-111.222.333", DueDays: 30},
	} {
		_, err := docs.SetTexts(t.Context(), staff, ws, party, d)
		must(t, err)
	}
	n := 0
	within := func(fn func(ctx context.Context, tx books.Tx) error) {
		t.Helper()
		must(t, db.Books().Update(t.Context(), fn))
	}
	book := func(ctx context.Context, tx books.Tx, kind, causeKind, cause string, account ledger.AccountKind, against ledger.AccountKind, minor int64) error {
		n++
		to := func(kind ledger.AccountKind, amount int64) ledger.Entry {
			return ledger.Entry{Account: ledger.Account{Workspace: ws, Kind: kind, Party: "pub_1", Currency: "EUR"}, Amount: amount}
		}
		_, err := tx.Post(ctx, &ledger.Transaction{Workspace: ws, Key: strconv.Itoa(n), Kind: kind, CauseKind: causeKind, Cause: cause, Effective: now.UnixMicro(), Recorded: now.UnixMicro(),
			Entries: []ledger.Entry{to(account, -minor), to(against, minor)}})
		return err
	}
	sell := func(id, offer, goal string, revenue int64) {
		t.Helper()
		var click event.ClickID
		copy(click[:], id)
		visit := event.Visit{ID: click}
		within(func(ctx context.Context, tx books.Tx) error {
			err := tx.InsertConversion(ctx, &conversion.Conversion{ID: id, Workspace: ws, DedupKey: id, Click: click, At: now.UnixMicro(), Advertiser: "adv_1", Offer: offer, Goal: goal, Publisher: "pub_1",
				Order: "A-" + id, Status: conversion.Approved, Currency: "EUR", Revenue: revenue, Commission: revenue / 2, Dims: visit.Append(nil), Version: 1})
			if err != nil {
				return err
			}
			err = book(ctx, tx, "accrual", "conversion", id, ledger.PublisherPending, ledger.CommissionExpense, revenue/2)
			if err != nil {
				return err
			}
			return book(ctx, tx, "approval", "conversion", id, ledger.PublisherAvailable, ledger.PublisherPending, revenue/2)
		})
	}
	sell("cnv_1", "off_1", "gol_1", 123456700)
	sell("cnv_2", "off_1", "gol_1", 4550)
	sell("cnv_3", "off_2", "gol_2", 300)
	now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	out := map[string]*document.Document{}
	issue := func(kind, through string) {
		t.Helper()
		run, err := docs.Issue(t.Context(), staff, ws, document.IssueDoc{Kind: kind, Through: through})
		must(t, err)
		for _, d := range run.Documents {
			out[string(d.Kind)] = d
		}
	}
	issue("invoice", "2026-10-31")
	issue("statement", "2026-10-31")
	within(func(ctx context.Context, tx books.Tx) error {
		c, err := tx.GetConversion(ctx, ws, "cnv_2")
		if err != nil {
			return err
		}
		c.Status = conversion.Reversed
		err = tx.UpdateConversion(ctx, c)
		if err != nil {
			return err
		}
		err = book(ctx, tx, "reversal", "conversion", c.ID, ledger.PublisherAvailable, ledger.PublisherPending, -2275)
		if err != nil {
			return err
		}
		err = book(ctx, tx, "reversal", "conversion", c.ID, ledger.PublisherPending, ledger.CommissionExpense, -2275)
		if err != nil {
			return err
		}
		err = book(ctx, tx, "accrual", "conversion", "cnv_5", ledger.PublisherPending, ledger.CommissionExpense, 777)
		if err != nil {
			return err
		}
		err = book(ctx, tx, "bonus", "adjustment", "adj_1", ledger.PublisherAvailable, ledger.Adjustments, 1000)
		if err != nil {
			return err
		}
		return book(ctx, tx, "payout", "payout_line", "pol_1", ledger.PublisherAvailable, ledger.PublisherInPayment, -5000)
	})
	sell("cnv_4", "off_2", "gol_2", 500)
	now = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	first := out["invoice"]
	issue("invoice", "2026-11-30")
	issue("statement", "2026-11-30")
	out["invoice"] = first
	// Ids have a part that is random.
	for _, d := range out {
		for i := range d.Body.Lines {
			if d.Body.Lines[i].Invoice == first.ID {
				d.Body.Lines[i].Invoice = "doc_first"
			}
		}
	}
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestGolden: what is printed of a document, and what is kept of it, are these bytes.
func TestGolden(t *testing.T) {
	docs := issued(t)
	if len(docs) != 3 {
		t.Fatalf("%d kinds of documents", len(docs))
	}
	for kind, d := range docs {
		page, err := paper.Render(d, paper.Frame{CSS: "/paper.css", Back: "/back", Line: func(n int64) string { return "/lines?line=" + strconv.FormatInt(n, 10) }})
		must(t, err)
		body, err := json.MarshalIndent(&d.Body, "", "\t")
		must(t, err)
		for name, got := range map[string][]byte{kind + ".html": page, kind + ".json": append(body, '\n')} {
			file := filepath.Join("testdata", name)
			if *update {
				must(t, os.WriteFile(file, got, 0o644))
			}
			want, err := os.ReadFile(file)
			must(t, err)
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what is printed now:\n%s", name, got)
			}
		}
		if bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("<b>&")) {
			t.Errorf("%s: a script, or a name that became markup", kind)
		}
	}
}

func TestAmount(t *testing.T) {
	for _, c := range []struct {
		currency string
		minor    int64
		want     string
	}{{"EUR", 0, "0.00"}, {"EUR", -5, "−0.05"}, {"EUR", 123456789, "1,234,567.89"}, {"JPY", 1234, "1,234"}, {"KWD", -123456, "−123.456"}, {"EUR", 99999, "999.99"}} {
		if got := paper.Amount(&document.Document{Currency: c.currency}, c.minor); got != c.want {
			t.Errorf("%d %s is %q, want %q", c.minor, c.currency, got, c.want)
		}
	}
	if strings.Contains(string(paper.CSS), "url(") || strings.Contains(string(paper.CSS), "@import") {
		t.Error("the style sheet loads something")
	}
}
