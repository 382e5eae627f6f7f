package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"clickledger/internal/demo"
)

// openBrowser starts a fresh Chromium. Without one the test is skipped, and with
// CLICKLEDGER_TEST_ALL=1 it fails.
func openBrowser(t *testing.T, flags ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CLICKLEDGER_TEST_ALL") == "1" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed: the journey in a real browser is NOT tested")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.UserDataDir(t.TempDir()))
	opts = append(opts, flags...)
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel2 := chromedp.NewContext(alloc)
	t.Cleanup(cancel2)
	ctx, cancel3 := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel3)
	// The first action starts the browser, which lives as long as that action's context.
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900), chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// steps runs actions and names the one that failed.
func steps(t *testing.T, ctx context.Context, what string, as ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	limited, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := chromedp.Do(limited, as...); err != nil {
		where, _ := chromedp.Run(ctx, chromedp.Location())
		body, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
		t.Fatalf("%s: %v\nat %s\n%s", what, err, where, body)
	}
}

// sees waits until the page says something; a page that is being left says nothing.
func sees(what string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			s, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
			if err == nil && strings.Contains(s, what) {
				return nil
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
}

func text(t *testing.T, ctx context.Context) string {
	t.Helper()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMainJobInARealBrowser does the main job by hand: somebody sets a new
// installation up, a visitor follows a publisher's link to the shop and buys, and the
// commission is in the console.
func TestMainJobInARealBrowser(t *testing.T) {
	ctx := openBrowser(t)
	p := start(t, dataDir(t), freePort(t), 0)
	setup := regexp.MustCompile(`http://\S+/setup\?token=\S+`).FindString(p.log.String())
	if setup == "" {
		t.Fatalf("the start-up text names no set-up page:\n%s", p.log)
	}
	steps(t, ctx, "first run: the owner", chromedp.Navigate(setup),
		chromedp.SendKeys(`input[name=email]`, "owner@example.com"), chromedp.SendKeys(`input[name=name]`, "Olga Owner"),
		chromedp.SendKeys(`input[name=password]`, "correct horse battery"), chromedp.Click(`form button.primary`),
		chromedp.WaitVisible(`input[name=currency]`))
	steps(t, ctx, "first run: the workspace", chromedp.SendKeys(`input[name=name]`, "My network"), chromedp.Click(`form button.primary`),
		sees("Four steps to a tracked conversion"))

	shop, err := demo.OpenShop(p.url, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shop.Close() })
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	ws := regexp.MustCompile(`/w/(ws_[a-z0-9]+)`).FindStringSubmatch(at)
	if ws == nil {
		t.Fatalf("after the set-up the browser is at %s", at)
	}
	adv := p.api("POST", "/advertisers", map[string]any{"workspace": ws[1], "name": "Alpine Shoes"})
	offer := p.api("POST", "/offers", map[string]any{"workspace": ws[1], "name": "Trail shoes", "advertiser": adv["id"], "url": shop.URL + "/p/shoes?cid={click_id}", "go_live_reason": "a journey",
		"payout_kind": "percent", "payout_percent": "12", "commission_kind": "percent_sale", "commission_percent": "8"})
	pub := p.api("POST", "/publishers", map[string]any{"workspace": ws[1], "name": "Running Blog"})
	shop.Sell("shoes", demo.Integration{Name: "Trail shoes", Price: "89.90", Currency: "USD", Token: fmt.Sprint(adv["token"]), Key: fmt.Sprint(offer["key"]), Postback: true, Pixel: true})

	// The link is made in the console, which enrolls the publisher on the way.
	steps(t, ctx, "make a link", chromedp.Navigate(p.url+"/w/"+ws[1]+"/links/new"),
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`for (const [n, v] of [["offer", %q], ["publisher", %q]]) document.querySelector("[name=" + n + "]").value = v`, offer["id"], pub["id"])),
		chromedp.Click(`form button.primary`), chromedp.WaitVisible(`[data-copy*="/c/"]`))
	link, err := chromedp.Run(ctx, chromedp.AttributeValue(`[data-copy*="/c/"]`, "data-copy"))
	if err != nil {
		t.Fatal(err)
	}

	steps(t, ctx, "follow the link and buy", chromedp.Navigate(link.Value+"?sub1=footer"), chromedp.WaitVisible(`#buy`))
	at, err = chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(at, shop.URL+"/p/shoes?cid=") {
		t.Fatalf("the link led to %s", at)
	}
	steps(t, ctx, "buy", chromedp.Click(`#buy`), chromedp.WaitVisible(`#order`), chromedp.WaitReady(`#pixel`))

	steps(t, ctx, "see the conversion", chromedp.Navigate(p.url+"/w/"+ws[1]+"/conversions"), chromedp.WaitVisible(`tbody tr[data-href]`))
	shot(t, ctx, "conversions")
	list := text(t, ctx)
	for _, want := range []string{"Trail shoes", "Running Blog", "7.19"} {
		if !strings.Contains(list, want) {
			t.Errorf("the conversions do not show %q:\n%s", want, list)
		}
	}
	story, err := chromedp.Run(ctx, chromedp.AttributeValue(`tbody tr[data-href]`, "data-href"))
	if err != nil {
		t.Fatal(err)
	}
	steps(t, ctx, "read its story", chromedp.Navigate(p.url+story.Value), sees("Raw request"))
	shot(t, ctx, "story")
	told := text(t, ctx)
	for _, want := range []string{"89.90", "10.79", "7.19", "footer", "8 %", "12 %", "The conversion was recorded"} {
		if !strings.Contains(strings.ToLower(told), strings.ToLower(want)) {
			t.Errorf("the story does not tell %q:\n%s", want, told)
		}
	}
	steps(t, ctx, "see the money in the ledger", chromedp.Navigate(p.url+"/w/"+ws[1]+"/ledger"), sees("Receivable"))
	shot(t, ctx, "ledger")
	if books := text(t, ctx); !strings.Contains(books, "7.19") || !strings.Contains(books, "10.79") {
		t.Errorf("the ledger does not show the money:\n%s", books)
	}
	// The pixel reported the same order: one conversion, not two.
	out := p.api("GET", "/conversions?workspace="+ws[1], nil)
	if n := len(out["data"].([]any)); n != 1 {
		t.Errorf("%d conversions for one order by postback and pixel", n)
	}
	verified(t, p.data)
}

// shot keeps a picture when CLICKLEDGER_SHOTS names a folder.
func shot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("CLICKLEDGER_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}
