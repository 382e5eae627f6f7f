package purge_test

import (
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"clickledger/internal/mail"
	"clickledger/internal/purge"
	"clickledger/internal/signup"
	"clickledger/internal/store"
)

// By the rules' own times, by those that are set, and not at all where that is said; as many
// chunks as it takes.
func TestEverythingOldGoesAtOnce(t *testing.T) {
	db, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "books.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	ago := func(days int) int64 { return now.AddDate(0, 0, -days).UnixMicro() }
	for i := range 1300 {
		days := 31 + i // 1300 of them, all older than 30 days
		if err := db.Signups().InsertToken(t.Context(), &signup.Token{Hash: fmt.Sprint(i), Purpose: "invite", Expires: ago(days)}); err != nil {
			t.Fatal(err)
		}
	}
	for i, days := range []int{1, 29, 89, 91} {
		if err := db.Signups().InsertToken(t.Context(), &signup.Token{Hash: fmt.Sprint("t", i), Purpose: "invite", Expires: ago(days)}); err != nil {
			t.Fatal(err)
		}
		if err := db.Mails().InsertMail(t.Context(), &mail.Mail{ID: fmt.Sprint("mail_", i), State: mail.StateSent, Created: ago(days)}); err != nil {
			t.Fatal(err)
		}
	}
	p := &purge.Purger{Store: db.Purges(), Now: func() time.Time { return now }, Logger: slog.New(slog.DiscardHandler), Keep: map[string]time.Duration{purge.Mails: 0}}
	want := map[string]int{purge.Tokens: 1302, purge.Sessions: 0, purge.Idempotency: 0, purge.Deliveries: 0, purge.Messages: 0}
	if got := p.All(t.Context()); !maps.Equal(got, want) {
		t.Errorf("gone %v, want %v", got, want)
	}
	p.Keep[purge.Mails] = 24*time.Hour + time.Minute
	if got := p.All(t.Context()); got[purge.Mails] != 3 || got[purge.Tokens] != 0 {
		t.Errorf("gone %v, want the three mails of more than a day", got)
	}
	delete(p.Keep, purge.Mails)
	now = now.AddDate(0, 0, 88)
	if got := p.All(t.Context()); got[purge.Mails] != 0 || got[purge.Tokens] != 2 {
		t.Errorf("gone %v, want no mail before its 90 days, and the last tokens", got)
	}
}
