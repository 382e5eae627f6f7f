package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
)

// Finding is one check of verify with what it found wrong.
type Finding struct {
	Check   string   `json:"check"`
	Counted int64    `json:"counted"` // how much was looked at
	Wrong   []string `json:"wrong,omitempty"`
}

// Verdict is the outcome of verify.
type Verdict struct {
	OK       bool      `json:"ok"`
	Findings []Finding `json:"findings"`
	Took     string    `json:"took"`
}

// verifyPage is how many rows of the books are read at a time.
const verifyPage = 1000

// maxWrong bounds how many wrongs of one check are told.
const maxWrong = 20

func (f *Finding) wrong(format string, args ...any) {
	if len(f.Wrong) < maxWrong {
		f.Wrong = append(f.Wrong, fmt.Sprintf(format, args...))
	} else if len(f.Wrong) == maxWrong {
		f.Wrong = append(f.Wrong, "… and more")
	}
}

// Verify waits until every consumer has caught up with the log as it is now, then
// checks each store against the others: the log's visits and signals against facts,
// click index and inbox, one by one; the conversions' money against ledger and
// facts; the ledger's own invariants; the segments' ranges.
func (a *App) Verify(ctx context.Context) (*Verdict, error) {
	began := time.Now()
	last := a.log.Last() // what comes later is on its way while we look
	err := a.CatchUp(ctx)
	if err != nil {
		return nil, fmt.Errorf("wait for the consumers: %w", err)
	}
	v := &Verdict{}
	log := func(ctx context.Context) ([]Finding, error) { return a.verifyLog(ctx, last) }
	for _, check := range []func(context.Context) ([]Finding, error){log, a.verifySegments, a.verifyBooks} {
		fs, err := check(ctx)
		if err != nil {
			return nil, err
		}
		v.Findings = append(v.Findings, fs...)
	}
	v.OK = whole(v.Findings)
	v.Took = time.Since(began).Round(time.Millisecond).String()
	return v, nil
}

// whole says that no finding has anything wrong.
func whole(fs []Finding) bool {
	for _, f := range fs {
		if len(f.Wrong) > 0 {
			return false
		}
	}
	return true
}

// verifyBooks checks ledger, conversions and facts against each other. What is added
// up at different moments differs while signals are judged; so when something looks
// wrong it is looked at again with judging and deciding held.
func (a *App) verifyBooks(ctx context.Context) ([]Finding, error) {
	look := func() ([]Finding, error) {
		fs, err := a.verifyLedger(ctx)
		if err != nil {
			return nil, err
		}
		money, err := a.verifyMoney(ctx)
		return append(fs, money...), err
	}
	fs, err := look()
	if err != nil || whole(fs) {
		return fs, err
	}
	err = a.desk.Hold(func() error {
		return a.processor.Hold(func() error {
			err := a.relay.Drain(ctx)
			if err != nil {
				return err
			}
			err = a.factsSink.WaitFor(ctx, a.log.Last())
			if err != nil {
				return err
			}
			fs, err = look()
			return err
		})
	})
	return fs, err
}

// errEnd ends a walk over the log.
var errEnd = errors.New("end")

// verifyLog walks the log up to a message that every consumer has passed, and looks
// every record up where it should have gone.
func (a *App) verifyLog(ctx context.Context, last uint64) ([]Finding, error) {
	visits := Finding{Check: "every visit of the log is in the facts exactly once"}
	clicks := Finding{Check: "every visit of the log is in the click index"}
	signals := Finding{Check: "every signal of the log is in the inbox with a verdict"}
	a.keeping.RLock()
	defer a.keeping.RUnlock()
	first, err := a.log.First()
	if err != nil {
		return nil, err
	}
	impressions := Finding{Check: "every impression counted in the log is in the facts exactly once"}
	all := []Finding{visits, clicks, signals, impressions}
	if last < first || last == 0 {
		return all, nil
	}
	horizon := a.Now().Add(-time.Duration(a.Config.ClickDays) * 24 * time.Hour).UnixMicro()
	err = a.log.Follow(ctx, first-1, func(bs []eventlog.Batch) error {
		from, to := bs[0].Seq, min(bs[len(bs)-1].Seq, last)
		stored, err := a.factsBetween(ctx, event.FactVisit, "count(*)", from, to)
		if err != nil {
			return err
		}
		shown, err := a.factsBetween(ctx, event.FactImpression, "CAST(sum(impressions) AS BIGINT)", from, to)
		if err != nil {
			return err
		}
		for _, b := range bs {
			if b.Seq > last {
				break
			}
			for _, r := range b.Records {
				switch r.Class {
				case eventlog.Visit:
					err := a.verifyVisit(ctx, r.Data, b.Seq, stored, horizon, &visits, &clicks)
					if err != nil {
						return err
					}
				case eventlog.Signal:
					err := a.verifySignal(ctx, r.Data, b.Seq, &signals)
					if err != nil {
						return err
					}
				case eventlog.Impression:
					err := verifyImpressions(r.Data, b.Seq, shown, &impressions)
					if err != nil {
						return err
					}
				}
			}
		}
		for id, n := range stored {
			visits.wrong("the facts have the visit %s (%d times), which the log does not have between %d and %d", id, n, from, to)
		}
		for id, n := range shown {
			impressions.wrong("the facts have %d impressions of the count %s, which the log does not have between %d and %d", n, id, from, to)
		}
		if to >= last {
			return errEnd
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnd) {
		return nil, fmt.Errorf("walk the log: %w", err)
	}
	return []Finding{visits, clicks, signals, impressions}, nil
}

func (a *App) verifyVisit(ctx context.Context, data []byte, seq uint64, stored map[string]int64, horizon int64, visits, clicks *Finding) error {
	v, err := event.DecodeVisit(data)
	if err != nil {
		return fmt.Errorf("log message %d: %w", seq, err)
	}
	id := v.ID.String()
	n := stored[id]
	switch {
	case v.Test && n != 0:
		visits.wrong("the test visit %s of log message %d is in the facts %d times", id, seq, n)
	case v.Test:
	case n != 1:
		visits.wrong("the visit %s of log message %d is in the facts %d times", id, seq, n)
	}
	if !v.Test {
		visits.Counted++
	}
	delete(stored, id)
	if v.At < horizon {
		return nil
	}
	clicks.Counted++
	found, err := a.index.Find(ctx, v.ID)
	if err != nil {
		return fmt.Errorf("look up click %s: %w", id, err)
	}
	if found == nil {
		clicks.wrong("the visit %s of log message %d is not in the click index", id, seq)
	}
	return nil
}

func (a *App) verifySignal(ctx context.Context, data []byte, seq uint64, signals *Finding) error {
	s, err := event.DecodeSignal(data)
	if err != nil {
		return fmt.Errorf("log message %d: %w", seq, err)
	}
	signals.Counted++
	row, err := a.db.Books().Signal(ctx, s.ID.String())
	if errors.Is(err, catalog.ErrNotFound) {
		signals.wrong("the signal %s of log message %d is not in the inbox", s.ID, seq)
		return nil
	}
	if err != nil {
		return fmt.Errorf("look up signal %s: %w", s.ID, err)
	}
	if row.Verdict == event.Accepted && row.Conversion == "" {
		signals.wrong("the signal %s is accepted but names no conversion", s.ID)
	}
	return nil
}

func verifyImpressions(data []byte, seq uint64, shown map[string]int64, f *Finding) error {
	counts, err := event.DecodeImpressions(data)
	if err != nil {
		return fmt.Errorf("log message %d: %w", seq, err)
	}
	for i := range counts {
		f.Counted += counts[i].Count
		id := counts[i].ID.String()
		if n := shown[id]; n != counts[i].Count {
			f.wrong("the count %s of log message %d has %d impressions, in the facts %d", id, seq, counts[i].Count, n)
		}
		delete(shown, id)
	}
	return nil
}

// factsBetween adds up the facts' rows of a kind and a sequence range by id.
func (a *App) factsBetween(ctx context.Context, kind, what string, from, to uint64) (map[string]int64, error) {
	res, err := a.facts.Query(ctx, `SELECT click_id, `+what+` FROM facts WHERE kind = ? AND seq BETWEEN ? AND ? GROUP BY click_id`,
		kind, int64(from), int64(to))
	if err != nil {
		return nil, fmt.Errorf("read the %ss of the facts: %w", kind, err)
	}
	out := make(map[string]int64, len(res.Rows))
	for _, r := range res.Rows {
		id, ok := r[0].(string)
		if !ok {
			return nil, fmt.Errorf("the facts' click_id is a %T", r[0])
		}
		out[id], err = integer(r[1])
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func integer(v any) (int64, error) {
	switch n := v.(type) {
	case int64:
		return n, nil
	case nil:
		return 0, nil
	}
	return 0, fmt.Errorf("a count is a %T", v)
}

func (a *App) verifySegments(ctx context.Context) ([]Finding, error) {
	f := Finding{Check: "the sealed segments are whole and without gaps"}
	segments, err := a.facts.Segments(ctx)
	if err != nil {
		f.wrong("%v", err)
	}
	f.Counted = int64(len(segments))
	// Listing reads the descriptions only; the bytes are read here.
	if err == nil {
		err = a.facts.VerifySegments(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			f.wrong("%v", err)
		}
	}
	return []Finding{f}, nil
}

func (a *App) serveVerify(w http.ResponseWriter, r *http.Request) error {
	v, err := a.Verify(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

// Print writes the verdict for people.
func (v *Verdict) Print(w io.Writer) {
	for _, f := range v.Findings {
		mark := "ok  "
		if len(f.Wrong) > 0 {
			mark = "GAP "
		}
		fmt.Fprintf(w, "%s %-78s %9d\n", mark, f.Check, f.Counted)
		for _, s := range f.Wrong {
			fmt.Fprintf(w, "       %s\n", s)
		}
	}
	fmt.Fprintf(w, "verified in %s\n", v.Took)
}

// Verdicts counts the signals of a workspace by verdict, with those that could not
// be assigned to any workspace.
func (a *App) Verdicts(ctx context.Context, workspace string) (map[event.Verdict]int64, error) {
	sum := map[event.Verdict]int64{}
	for _, w := range []string{workspace, ""} {
		counts, err := a.db.Books().CountSignals(ctx, w)
		if err != nil {
			return nil, err
		}
		for v, n := range counts {
			sum[v] += n
		}
	}
	return sum, nil
}
