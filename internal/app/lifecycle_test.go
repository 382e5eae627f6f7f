package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/store"
)

// Stopping under load drains: what was answered with success is in the books and in
// the facts, and the next start has the same totals.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data)
	m := s.market()
	s.traffic(m, "before", 10)
	var mu sync.Mutex
	clicks, orders := map[string]bool{}, map[string]string{} // acknowledged; order → signal
	var wg sync.WaitGroup
	var enough atomic.Int64
	stopping := make(chan struct{})
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id, err := s.click(m.link)
				if err != nil {
					return // no longer served
				}
				mu.Lock()
				clicks[id] = true
				mu.Unlock()
				order := fmt.Sprintf("last-%d-%d", w, i)
				verdict, signal, err := s.buy(m, id, order)
				if err != nil {
					return
				}
				if verdict == string(event.Accepted) || verdict == string(event.Received) || verdict == string(event.PendingClick) {
					mu.Lock()
					orders[order] = signal
					mu.Unlock()
				}
				if enough.Add(1) == 40 {
					close(stopping)
				}
			}
		})
	}
	<-stopping
	s.stop()
	wg.Wait()
	last := s.app.log.Last()
	for what, seq := range map[string]uint64{"click index": s.app.indexSink.Position().Seq, "facts": s.app.factsSink.Position().Seq} {
		if seq != last {
			t.Errorf("the %s stopped at %d of %d", what, seq, last)
		}
	}
	if _, err := os.Stat(filepath.Join(data, runFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run file stays: %v", err)
	}

	a, err := openOffline(t.Context(), settings(t, data), quiet)
	if err != nil {
		t.Fatal(err)
	}
	for order, signal := range orders {
		row, err := a.db.Books().Signal(t.Context(), signal)
		if err != nil || row.Verdict != event.Accepted {
			t.Errorf("order %s was acknowledged and is %+v, %v", order, row, err)
		}
	}
	for id := range clicks {
		res, err := a.facts.Query(t.Context(), "SELECT count(*) FROM facts WHERE kind = 'visit' AND click_id = ?", id)
		if err != nil || fmt.Sprint(res.Rows[0][0]) != "1" {
			t.Errorf("click %s is in the facts %v times, %v", id, res.Rows, err)
		}
	}
	want := state(t, a, m)
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, want, inspect(t, data, m))

	again := start(t, data)
	again.caughtUp()
	same(t, want, state(t, again.app, m))
	again.traffic(m, "after", 4)
	wantVerified(t, again.app)
}

// A request that hangs does not keep the server from stopping.
func TestStopsWithHangingRequest(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.mustClick(m)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /postback HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n")
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || !strings.Contains(line, "100 Continue") { // the handler waits for the body
		t.Fatalf("answer %q, %v", line, err)
	}
	s.app.drain = 300 * time.Millisecond
	began := time.Now()
	s.stop()
	if took := time.Since(began); took < s.app.drain || took > patience {
		t.Errorf("stopping took %v", took)
	}
	inspect(t, s.data, m)
}

// A folder that is served is refused to a second one, which changes nothing.
func TestServedFolderIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	wantRefused(t, s.data, "in use by another clickledger", "--data")
	if _, err := Open(t.Context(), settings(t, s.data), Options{Logger: quiet}); !errors.Is(err, ErrInUse) {
		t.Errorf("the error is %v", err)
	}
	s.traffic(m, "a", 3)
	v, err := VerifyFolder(t.Context(), settings(t, s.data), quiet) // asks the server
	if err != nil || !v.OK || len(v.Findings) == 0 {
		t.Errorf("verify through the server: %+v, %v", v, err)
	}
}

// verify gives no false alarm while everything moves.
func TestVerifyUnderLoad(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.traffic(m, "a", 20)
	done := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				id, err := s.click(m.link)
				if err == nil {
					_, _, err = s.buy(m, id, fmt.Sprintf("o-%d-%d", w, i))
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Go(func() { // somebody decides
		for {
			select {
			case <-done:
				return
			default:
			}
			page := s.api("GET", "/conversions?status=pending&limit=5&workspace="+m.workspace, nil)
			for _, c := range page["data"].([]any) {
				s.api("POST", fmt.Sprintf("/conversions/%s/approve?workspace=%s", c.(map[string]any)["id"], m.workspace), map[string]any{"reason": "shipped"})
			}
		}
	})
	for range 3 {
		wantVerified(t, s.app)
	}
	close(done)
	wg.Wait()
	wantVerified(t, s.app)
}

// What is written to the catalog is served when the write answers, page by page, also
// when another process wrote it.
func TestLoader(t *testing.T) {
	old := loadPage
	loadPage = 3
	t.Cleanup(func() { loadPage = old })
	data := filepath.Join(t.TempDir(), "data")
	s := start(t, data)
	m := s.market()
	links := []string{m.link}
	for range 20 {
		l := s.link(m)
		if id, err := s.click(l); err != nil || id == "" {
			t.Fatalf("a new link is not served: %v", err)
		}
		links = append(links, l)
	}
	s.stop()

	again := start(t, data) // everything in pages of three
	for _, l := range links {
		if _, err := again.click(l); err != nil {
			t.Error(err)
		}
	}
	db, err := store.OpenSQLite(t.Context(), filepath.Join(data, "books.db"), store.Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var es []catalog.Entity
	for i := range 10 {
		es = append(es, &catalog.Link{Meta: catalog.Meta{ID: fmt.Sprintf("lnk_%016d", i), Workspace: m.workspace}, Key: fmt.Sprintf("elsewhere%d", i),
			Offer: m.offer, Publisher: m.publisher, Name: "n", Status: catalog.StatusActive})
	}
	if err := db.Catalog().InsertAll(t.Context(), es, catalog.Audit{Workspace: m.workspace}); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for served := 0; served < len(es); {
		_, err := again.click(fmt.Sprintf("/c/elsewhere%d", served))
		if err == nil {
			served++
			continue
		}
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("%d links of another process are served: %v", served, err)
		}
	}
	if have, err := db.Catalog().Revision(t.Context()); err != nil || again.app.loader.View().Revision != have {
		t.Errorf("revision %d of %d, %v", again.app.loader.View().Revision, have, err)
	}
}

// Opening fails in every step without leaving anything open.
func TestOpenFailsClean(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	bad := settings(t, data)
	bad.CountryDB = filepath.Join(t.TempDir(), "missing.mmdb")
	for range 2 { // the lock of the first is free for the second
		_, err := Open(t.Context(), bad, Options{Logger: quiet})
		if err == nil || errors.Is(err, ErrInUse) {
			t.Fatalf("open: %v", err)
		}
	}
	s := start(t, data)
	s.traffic(s.market(), "a", 3)
	wantVerified(t, s.app)

	taken := settings(t, filepath.Join(t.TempDir(), "other"))
	taken.Listen = s.url[len("http://"):]
	a, err := Open(t.Context(), taken, Options{Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Listen(); err == nil {
		t.Error("the address was taken twice")
	}
	if err := errors.Join(a.Close(context.Background()), a.Close(context.Background())); err != nil {
		t.Error(err)
	}
}
