package console

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"clickledger/internal/store/pgtest"
)

// screen is a page to look at.
type screen struct {
	name string
	w    *world
	path string
}

// quick are the pages that are looked at in every run; the others only with CONSOLE_SCREENS.
const quick = "home offer-edit report settings signin empty-home offer signup-page application wizard creative payout-open"

// needBrowser skips the test where there is no Chromium, unless everything is required.
func needBrowser(t *testing.T) {
	t.Helper()
	if os.Getenv("CONSOLE_SCREENS") != "" {
		return
	}
	if _, err := os.Stat(chromium); err != nil {
		pgtest.Absent(t, "the pages in a browser: "+err.Error())
	}
	if testing.Short() && os.Getenv("CLICKLEDGER_TEST_ALL") != "1" {
		t.Skip("SKIPPED, NOT TESTED: the pages in a browser: -short")
	}
}

// tour opens pages. When CONSOLE_SCREENS names a folder it writes a picture of each, wide and
// narrow, light and dark; with CONSOLE_PAGES only of pages whose name contains it. Otherwise
// it only looks, and only at phone width, but with two currencies at three widths.
func tour(t *testing.T, screens []screen) {
	t.Helper()
	dir := os.Getenv("CONSOLE_SCREENS")
	widths, themes := []int64{1440, 390}, []string{"light", "dark"}
	if dir == "" {
		dir, widths, themes = t.TempDir(), []int64{390}, []string{"dark"}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b := openBrowser(t)
	for _, s := range screens {
		if os.Getenv("CONSOLE_SCREENS") == "" && !slices.Contains(strings.Fields(quick), s.name) && !strings.HasPrefix(s.name, "long-") && !strings.HasPrefix(s.name, "two-") {
			continue
		}
		if want := os.Getenv("CONSOLE_PAGES"); want != "" && !strings.Contains(s.name, want) {
			continue
		}
		at := widths
		if strings.HasPrefix(s.name, "two-") {
			at = []int64{1440, 1024, 390}
		}
		for _, width := range at {
			for _, theme := range themes {
				if theme == "dark" && width == 390 && len(widths) > 1 && os.Getenv("CONSOLE_DARK") == "" {
					continue
				}
				name := s.name + "-" + itoa(int(width)) + "-" + theme
				b.shoot(s.w, s.path, width, theme, filepath.Join(dir, name+".png"))
			}
		}
	}
}

// spilling names the tables that are wider than their place without scrolling there,
// and those of the home page that must scroll: its tables fit.
const spilling = `[...document.querySelectorAll(".t-wrap")].filter((e) => e.scrollWidth > e.clientWidth + 1 && (getComputedStyle(e).overflowX === "visible" || e.closest(".half")))
	.map((e) => e.firstElementChild.ariaLabel + " is " + e.scrollWidth + " px wide in " + e.clientWidth).join("; ")`

type browser struct {
	t   *testing.T
	ctx context.Context
}

// chromium is Debian's.
const chromium = "/usr/bin/chromium"

// openBrowser starts Debian's Chromium.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.UserDataDir(t.TempDir()))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel2 := chromedp.NewContext(alloc)
	t.Cleanup(cancel2)
	watch := page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.wrong = [];
		addEventListener("error", (e) => wrong.push(e.message));
		document.addEventListener("securitypolicyviolation", (e) => wrong.push(e.violatedDirective + " " + e.blockedURI + " " + e.sourceFile));`}
	if err := chromedp.Do(ctx, command(page.Enable, page.EnableParams{}), command(page.AddScriptToEvaluateOnNewDocument, watch)); err != nil {
		t.Fatal(err)
	}
	return &browser{t, ctx}
}

// command is a protocol command as an action.
func command[P, R any](cmd cdp.Command[P, R], p P) chromedp.Action[chromedp.Void] {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, cmd, p)
		return chromedp.Void{}, err
	}
}

// shoot opens a page, checks its width and what the console of the browser said, and
// writes a picture.
func (b *browser) shoot(w *world, path string, width int64, theme, file string) {
	b.t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(rw, r) }))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	cookie := func(name, value string) chromedp.Action[chromedp.Void] {
		return command(network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: srv.URL})
	}
	steps := []chromedp.Action[chromedp.Void]{
		command(emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: 900, DeviceScaleFactor: 1, Mobile: width < 900}),
		command(network.ClearBrowserCookies, cdp.Empty{}), cookie(themeCookie, theme), chromedp.Navigate(srv.URL + path), chromedp.Sleep(120 * time.Millisecond),
	}
	if w.cookie != "" {
		steps = append(steps[:3:3], append([]chromedp.Action[chromedp.Void]{cookie(w.srv.sessionName(), w.cookie)}, steps[3:]...)...)
	}
	// What stands behind # is a menu to open before looking.
	if _, menu, ok := strings.Cut(path, "#"); ok {
		steps = append(steps, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
			_, err := chromedp.Evaluate[string](`(document.querySelector("`+menu+`") || {}).open = true, document.querySelector("#nav-open").checked = "`+menu+`" === "drawer", [...document.querySelectorAll("tbody [name=id]")].slice(0, "`+menu+`" === "pick" ? 3 : 0).forEach((b) => b.click()), ""`)(ctx, t)
			return chromedp.Void{}, err
		})
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Errorf("%s: %v", file, err)
		return
	}
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
	if err != nil {
		b.t.Fatal(err)
	}
	errs, err := chromedp.Run(ctx, chromedp.Evaluate[string](`wrong.join("; ")`))
	if err != nil {
		b.t.Fatal(err)
	}
	if errs != "" {
		b.t.Errorf("%s: %s", filepath.Base(file), errs)
	}
	spills, err := chromedp.Run(ctx, chromedp.Evaluate[string](spilling))
	if err != nil {
		b.t.Fatal(err)
	}
	if spills != "" {
		b.t.Errorf("%s: %s", filepath.Base(file), spills)
	}
	if wide > width {
		who, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > screen.width).slice(-1).map((e) => e.outerHTML.slice(0, 200)).join()`))
		b.t.Errorf("%s is %d px wide in a window of %d: %s %v", filepath.Base(file), wide, width, who, err)
	}
	if os.Getenv("CONSOLE_SCREENS") == "" {
		return
	}
	tall, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollHeight`))
	if err != nil {
		b.t.Fatal(err)
	}
	grow := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: min(max(tall, 900), 2400), DeviceScaleFactor: 1, Mobile: width < 900}
	if err := chromedp.Do(ctx, command(emulation.SetDeviceMetricsOverride, grow), chromedp.Sleep(60*time.Millisecond)); err != nil {
		b.t.Fatal(err)
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
