// Command pipeline measures what happens behind a redirect, on one data folder with
// a large catalog: latency at a controlled rate, how fresh reports are, how fast
// signals are judged, how long a postback waits for its verdict, and the memory all this
// takes. Client and server share the machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/app"
	"clickledger/internal/catalog"
	"clickledger/internal/store"
)

const (
	addr  = "127.0.0.1:18084"
	base  = "http://" + addr
	token = "bench-token-0123456789"
)

func main() {
	links := flag.Int("links", 100_000, "links in the catalog")
	seconds := flag.Int("seconds", 10, "length of each measurement")
	visits := flag.Int("visits", 2000, "visits per second for latency and freshness")
	signals := flag.Int("signals", 500, "signals per second for the verdict's latency")
	mixed := flag.Int("dialects", 2000, "postbacks per second of mixed dialects")
	only := flag.String("only", "", "run only the measurement whose name contains this")
	flag.Parse()
	err := run(*links, *visits, *signals, *mixed, time.Duration(*seconds)*time.Second, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pipeline:", err)
		os.Exit(1)
	}
}

func run(links, visits, signals, mixed int, d time.Duration, only string) (err error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "clickledger-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	data := filepath.Join(dir, "data")
	m, err := fill(ctx, data, links)
	if err != nil {
		return fmt.Errorf("fill the catalog: %w", err)
	}
	bin := filepath.Join(dir, "clickledger")
	out, err := exec.Command("go", "build", "-o", bin, "./cmd/clickledger").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	cmd := exec.Command(bin, "serve", "--data", data, "--listen", addr, "--admin-token", token, "--log-level", "warn")
	cmd.Stderr = os.Stderr
	began := time.Now()
	err = cmd.Start()
	if err != nil {
		return err
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		err = errors.Join(err, cmd.Wait())
	}()
	for {
		res, err := http.Get(base + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(began) > time.Minute {
			return errors.New("the server does not become ready")
		}
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Printf("start with %d links: %s\n", links, time.Since(began).Round(10*time.Millisecond))
	for _, step := range []struct {
		name string
		run  func(context.Context, *market) error
	}{
		{"fsync", func(context.Context, *market) error { return fsyncs(dir) }},
		{"latency", func(ctx context.Context, m *market) error { return latency(ctx, m, visits, d) }},
		{"freshness", func(ctx context.Context, m *market) error { return freshness(ctx, m, visits, d) }},
		{"verdicts", func(ctx context.Context, m *market) error { return verdicts(ctx, m, signals, d) }},
		{"signals", func(ctx context.Context, m *market) error { return throughput(ctx, m, d) }},
		{"dialects", func(ctx context.Context, m *market) error { return dialects(ctx, m, mixed, d) }},
		{"memory", func(context.Context, *market) error { return memory(cmd.Process.Pid) }},
	} {
		if !strings.Contains(step.name, only) {
			continue
		}
		err := step.run(ctx, m)
		if err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return nil
}

// market is what the measurements use.
type market struct {
	workspace, token string
	keys             []string // of links
}

// fill writes a catalog straight into the books: through the API a hundred thousand
// links would take minutes that are not measured.
func fill(ctx context.Context, data string, links int) (*market, error) {
	folder, err := app.OpenFolder(data)
	if err != nil {
		return nil, err
	}
	err = folder.Close()
	if err != nil {
		return nil, err
	}
	db, err := store.OpenSQLite(ctx, filepath.Join(data, "books.db"), store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	s := catalog.NewService(catalog.ServiceOptions{Store: db.Catalog(), Now: time.Now})
	p := account.Principal{ID: "bench", Owner: true, Write: true}
	ws, _, err := s.Create(ctx, p, &catalog.WorkspaceDoc{Name: "Bench", Currency: "USD", TimeZone: "UTC", IPMode: catalog.IPTruncated}, catalog.Idempotency{})
	if err != nil {
		return nil, err
	}
	m := &market{workspace: ws.Base().ID}
	doc := catalog.NewDoc(catalog.KindAdvertiser).(*catalog.AdvertiserDoc)
	doc.Workspace, doc.Name = m.workspace, "Shop"
	adv, _, err := s.Create(ctx, p, doc, catalog.Idempotency{})
	if err != nil {
		return nil, err
	}
	m.token = adv.(*catalog.Advertiser).Token
	offer := catalog.NewDoc(catalog.KindOffer).(*catalog.OfferDoc)
	offer.Workspace, offer.Name, offer.Advertiser = m.workspace, "Shoes", adv.Base().ID
	offer.URL, offer.Payout, offer.CommissionKind, offer.CommissionPercent = "https://shop.example/?cid={click_id}&s={sub1}", "10.00", "percent_payout", "60"
	of, _, err := s.Create(ctx, p, offer, catalog.Idempotency{})
	if err != nil {
		return nil, err
	}
	pub := catalog.NewDoc(catalog.KindPublisher).(*catalog.PublisherDoc)
	pub.Workspace, pub.Name = m.workspace, "Blog"
	pb, _, err := s.Create(ctx, p, pub, catalog.Idempotency{})
	if err != nil {
		return nil, err
	}
	enr := catalog.NewDoc(catalog.KindEnrollment).(*catalog.EnrollmentDoc)
	enr.Workspace, enr.Offer, enr.Publisher = m.workspace, of.Base().ID, pb.Base().ID
	_, _, err = s.Create(ctx, p, enr, catalog.Idempotency{})
	if err != nil {
		return nil, err
	}
	var page []catalog.Entity
	for i := range links {
		key := fmt.Sprintf("bench%06d", i)
		m.keys = append(m.keys, key)
		page = append(page, &catalog.Link{Meta: catalog.Meta{ID: fmt.Sprintf("lnk_bench%011d", i), Workspace: m.workspace, Created: 1, Updated: 1},
			Key: key, Offer: of.Base().ID, Publisher: pb.Base().ID, Name: "bench", Status: catalog.StatusActive})
		if len(page) == 5000 || i == links-1 {
			err := db.Catalog().InsertAll(ctx, page, catalog.Audit{Workspace: m.workspace, Actor: "bench", Action: "create", Kind: "link"})
			if err != nil {
				return nil, err
			}
			page = page[:0]
		}
	}
	return m, nil
}
