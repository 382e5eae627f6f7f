package rates

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"
	_ "time/tzdata" // the bank's time must be known wherever the binary runs
)

// DailyURL is where the bank publishes the rates of the day, about 16:00 CET on its
// working days. Nothing fetches it unless the operator says so: an installation may have
// no way out.
const DailyURL = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml"

// Fetch is how rates are fetched. Only the operator sets the URL, so it may also be one
// of the operator's own network.
type Fetch struct {
	URL string
	// After is the time of day in Frankfurt from which the rates of the day are fetched,
	// since midnight; 0 is 16:30. The fetch comes up to 20 minutes later, so that not
	// everybody asks at once.
	After time.Duration
}

// Bounds of a fetch.
const (
	fetchTimeout = time.Minute
	fetchAfter   = 16*time.Hour + 30*time.Minute
	fetchSpread  = 20 * time.Minute
	firstRetry   = 5 * time.Minute
	longestRetry = 2 * time.Hour
	lateRetry    = time.Hour     // when the bank has not published yet
	lateUntil    = 5 * time.Hour // after which that day has no rates: a holiday
	maxHops      = 3
	mostFailure  = 300 // characters of a failure that are kept
)

// frankfurt is the bank's time zone.
var frankfurt = func() *time.Location {
	l, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return time.FixedZone("CET", 3600) // cannot be: the zones are built in
	}
	return l
}()

// startWait is when a process that was just started looks for the first time, and as much
// again by chance: a start has other things to do.
var startWait = 5 * time.Second

// schedule decides when to fetch.
type schedule struct {
	after    time.Duration // since midnight in Frankfurt, with this process's part of the spread
	failures int           // in a row
}

func newSchedule(f Fetch) *schedule {
	after := f.After
	if after <= 0 || after >= 24*time.Hour-fetchSpread {
		after = fetchAfter
	}
	return &schedule{after: after + rand.N(fetchSpread)}
}

// at is when the rates of a day are fetched.
func (c *schedule) at(day time.Time) time.Time {
	y, m, d := day.In(frankfurt).Date()
	return time.Date(y, m, d, 0, 0, int(c.after.Seconds()), 0, frankfurt)
}

// next is when to fetch, given when it was done last (by whatever process), whether that
// failed, and the newest rate known.
func (c *schedule) next(now, fetched time.Time, failed bool, newest string) time.Time {
	last := c.at(now)
	if last.After(now) {
		last = c.at(now.AddDate(0, 0, -1))
	}
	day := last.Weekday()
	switch {
	case fetched.After(now.Add(lateRetry)):
		return now // the clock was wrong then
	case failed && c.failures > 0:
		return fetched.Add(min(firstRetry<<min(c.failures-1, 10), longestRetry))
	case fetched.Before(last):
		return now
	case day != time.Saturday && day != time.Sunday && newest < last.Format(time.DateOnly) && now.Before(last.Add(lateUntil)):
		return fetched.Add(lateRetry)
	}
	return c.at(last.AddDate(0, 0, 1))
}

// fetchDaily fetches until ctx ends. A start does not wait for it, and a failed fetch is
// tried again later and later.
func (s *Service) fetchDaily(ctx context.Context) {
	plan := newSchedule(s.fetch)
	client := newClient()
	wait := startWait + rand.N(startWait)
	for {
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		wait = s.fetchIfDue(ctx, client, plan)
	}
}

// fetchIfDue fetches when it is time, and says how long to rest.
func (s *Service) fetchIfDue(ctx context.Context, client *http.Client, plan *schedule) time.Duration {
	rest := func(next time.Time) time.Duration { return min(max(next.Sub(s.now()), time.Second), time.Hour) }
	state, err := s.store.State(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Error("exchange rates cannot be read", "error", err)
		}
		return refreshEvery
	}
	due := plan.next(s.now(), time.UnixMicro(state.Fetched), state.Failure != "", s.Current().Newest())
	if due.After(s.now()) {
		return rest(due)
	}
	err = s.fetchOnce(ctx, client)
	if ctx.Err() != nil {
		return time.Second
	}
	failure := ""
	plan.failures++
	if err == nil {
		plan.failures = 0
	} else {
		failure = clip(err.Error())
		s.log.Warn("exchange rates could not be fetched", "error", err, "failures", plan.failures)
	}
	at := s.now()
	err = s.store.NoteFetch(ctx, at.UnixMicro(), failure)
	if err != nil {
		s.log.Error("the fetch of exchange rates cannot be noted", "error", err)
		return longestRetry // without the note it would be due at once
	}
	return rest(plan.next(at, at, failure != "", s.Current().Newest()))
}

func clip(s string) string {
	r := []rune(s)
	if len(r) > mostFailure {
		return string(r[:mostFailure]) + "…"
	}
	return s
}

// newClient makes the client of fetches. A redirect is followed to the same host, or to
// https at another port of it, never elsewhere: what the operator named is what is asked.
func newClient() *http.Client {
	return &http.Client{
		Timeout: fetchTimeout,
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			from := via[0].URL
			switch {
			case len(via) > maxHops:
				return errors.New("it redirects too often")
			case req.URL.Hostname() != from.Hostname():
				return fmt.Errorf("it redirects to another host, %q", req.URL.Hostname())
			case req.URL.Scheme != "https" && req.URL.Scheme != from.Scheme:
				return errors.New("it redirects from https to http")
			}
			return nil
		},
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives:      true, // once a day
		},
	}
}

// fetchOnce fetches and takes the file.
func (s *Service) fetchOnce(ctx context.Context, client *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.fetch.URL, nil)
	if err != nil {
		return fmt.Errorf("the URL cannot be asked: %w", bare(err))
	}
	req.Header.Set("User-Agent", "clickledger")
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the URL could not be reached: %w", bare(err))
	}
	defer func() { _ = resp.Body.Close() }() // all that is wanted was read by then
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the answer was %d, not 200", resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, MaxFile+1))
	if err != nil {
		return fmt.Errorf("the answer broke off: %w", bare(err))
	}
	_, err = s.take(ctx, data, "")
	return err
}

// bare takes the URL out of an error: it may hold what is nobody's business.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
