package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"

var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 128},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// quantiles prints what the durations say.
func quantiles(what string, ds []time.Duration) {
	slices.Sort(ds)
	if len(ds) == 0 {
		fmt.Printf("%s: nothing measured\n", what)
		return
	}
	at := func(q float64) time.Duration { return ds[int(q*float64(len(ds)-1))].Round(10 * time.Microsecond) }
	fmt.Printf("%s: p50 %s, p99 %s, worst %s (%d)\n", what, at(0.5), at(0.99), at(1), len(ds))
}

// fsyncs measures one fsynced write of 30 kB, the unit of the latency budget.
func fsyncs(dir string) error {
	f, err := os.Create(filepath.Join(dir, "fsync"))
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, 30_000)
	var ds []time.Duration
	for range 500 {
		began := time.Now()
		_, err := f.Write(b)
		if err == nil {
			err = f.Sync()
		}
		if err != nil {
			return err
		}
		ds = append(ds, time.Since(began))
	}
	quantiles("one fsynced 30 kB write", ds)
	return nil
}

// paced calls do at a fixed rate on an open-loop schedule and returns how long each
// call took from when it was due: a server that stalls is charged for those who waited.
func paced(ctx context.Context, rate int, d time.Duration, do func(n int) error) ([]time.Duration, error) {
	total := int(float64(rate) * d.Seconds())
	took := make([]time.Duration, total)
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	began := time.Now()
	for range 64 {
		wg.Go(func() {
			for failed.Load() == nil && ctx.Err() == nil {
				n := int(next.Add(1)) - 1
				if n >= total {
					return
				}
				due := began.Add(time.Duration(n) * time.Second / time.Duration(rate))
				time.Sleep(time.Until(due))
				err := do(n)
				if err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				took[n] = time.Since(due)
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return took, ctx.Err()
}

func (m *market) visit() (string, error) {
	req, err := http.NewRequest(http.MethodGet, base+"/c/"+m.keys[rand.IntN(len(m.keys))]+"?sub1=a", nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("User-Agent", agent)
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	if err != nil {
		return "", err
	}
	to, err := url.Parse(res.Header.Get("Location"))
	if err != nil || res.StatusCode != http.StatusFound {
		return "", fmt.Errorf("visit: %s", res.Status)
	}
	return to.Query().Get("cid"), nil
}

func latency(ctx context.Context, m *market, rate int, d time.Duration) error {
	ds, err := paced(ctx, rate, d, func(int) error { _, err := m.visit(); return err })
	if err != nil {
		return err
	}
	quantiles(fmt.Sprintf("redirect at %d/s, from when it was due", rate), ds)
	return nil
}

// freshness samples, under load, how long after its redirect a visit is in a report.
func freshness(ctx context.Context, m *market, rate int, d time.Duration) error {
	var samples []time.Duration
	done := make(chan error, 1)
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			click, err := m.visit()
			if err != nil {
				done <- err
				return
			}
			began := time.Now()
			for {
				n, err := m.counted(click)
				if err != nil {
					done <- err
					return
				}
				if n {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			samples = append(samples, time.Since(began))
		}
	}()
	_, err := paced(ctx, rate, d, func(int) error { _, err := m.visit(); return err })
	close(stop)
	if serr := <-done; err == nil {
		err = serr
	}
	if err != nil {
		return err
	}
	quantiles(fmt.Sprintf("a visit is in a report after its redirect, at %d visits/s", rate), samples)
	return nil
}

func (m *market) counted(click string) (bool, error) {
	now := time.Now()
	b, err := json.Marshal(map[string]any{"from": now.Add(-time.Hour), "to": now.Add(time.Hour), "metrics": []string{"visits"},
		"filters": []map[string]any{{"dimension": "click_id", "op": "eq", "values": []string{click}}}})
	if err != nil {
		return false, err
	}
	req, err := http.NewRequest(http.MethodPost, base+"/api/v1/reports?workspace="+m.workspace, bytes.NewReader(b))
	if err != nil {
		return false, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := client.Do(req)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	var t struct{ Rows [][]any }
	err = json.NewDecoder(res.Body).Decode(&t)
	if err != nil || res.StatusCode != http.StatusOK {
		return false, fmt.Errorf("report: %s %w", res.Status, err)
	}
	return len(t.Rows) == 1 && fmt.Sprint(t.Rows[0][len(t.Rows[0])-1]) == "1", nil
}

// clicks makes clicks to convert.
func (m *market) clicks(ctx context.Context, n int) ([]string, error) {
	out := make([]string, n)
	_, err := paced(ctx, 1_000_000, time.Duration(n)*time.Microsecond, func(i int) error {
		var err error
		out[i], err = m.visit()
		return err
	})
	return out, err
}

func (m *market) postback(click string) (string, error) {
	res, err := client.Get(base + "/postback?click_id=" + click + "&amount=20.00&token=" + m.token + "&txid=" + click)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.Header.Get("Clickledger-Verdict"), err
}

// verdicts measures how long a postback waits until its conversion is in the ledger.
func verdicts(ctx context.Context, m *market, rate int, d time.Duration) error {
	clicks, err := m.clicks(ctx, int(float64(rate)*d.Seconds()))
	if err != nil {
		return err
	}
	var late atomic.Int64
	ds, err := paced(ctx, rate, d, func(n int) error {
		v, err := m.postback(clicks[n])
		if err == nil && v != "accepted" {
			late.Add(1)
		}
		return err
	})
	if err != nil {
		return err
	}
	quantiles(fmt.Sprintf("a conversion is in the ledger after its postback was due, at %d signals/s (%d answered before their verdict)", rate, late.Load()), ds)
	return nil
}

// throughput measures how many signals a second are logged, judged, priced and posted.
func throughput(ctx context.Context, m *market, d time.Duration) error {
	n := int(3000 * d.Seconds())
	clicks, err := m.clicks(ctx, n)
	if err != nil {
		return err
	}
	began := time.Now()
	_, err = paced(ctx, 1_000_000, time.Duration(n)*time.Microsecond, func(i int) error { _, err := m.postback(clicks[i]); return err })
	if err != nil {
		return err
	}
	for {
		res, err := http.Get(base + "/readyz")
		if err != nil {
			return err
		}
		var s struct{ Last, Books uint64 }
		err = json.NewDecoder(res.Body).Decode(&s)
		res.Body.Close()
		if err != nil {
			return err
		}
		if s.Books >= s.Last {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	took := time.Since(began)
	fmt.Printf("signals logged, judged, priced and posted: %.0f/s (%d over HTTP from 64 connections)\n", float64(n)/took.Seconds(), n)
	return nil
}

func memory(pid int) error {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return err
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if strings.HasPrefix(line, "VmRSS") || strings.HasPrefix(line, "VmHWM") {
			fmt.Println("memory", strings.Join(strings.Fields(line), " "))
		}
	}
	return nil
}
