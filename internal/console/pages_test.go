package console

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"clickledger/internal/account"
)

// everyPage is every GET page of a populated world.
func everyPage(w *world) []string {
	first := w.first()
	pages := []string{w.at(""), w.at("") + "?range=today", w.at("") + "?range=custom&from=2026-11-02&to=2026-11-05", w.at("search") + "?q=" + w.offs[0].ID[:6], w.at("search") + "?q=" + first.Click.String(), w.at("search"), w.at("search") + "?q=zzzzz"}
	for kind, id := range map[string]string{"offers": w.offs[0].ID, "advertisers": w.advs[0].ID, "publishers": w.pubs[0].ID} {
		pages = append(pages, w.at(kind), w.at(kind)+"?sort=-revenue", w.at(kind)+"?q=nothing-has-this", w.at(kind+"/new"), w.at(kind+"/"+id), w.at(kind+"/"+id+"/edit"))
	}
	pages = append(pages, w.at("offers")+"?sort=-epc&workspace=all&tag=q4", w.at("offers")+"?tag="+url.QueryEscape(`"><script>`), w.at("offers/"+w.offs[0].ID)+"?optional=true&method=script")
	pages = append(pages, w.at("links"), w.at("links")+"?status=paused", w.at("links/new"), w.at("links/"+w.lnks[0].ID+"/edit"), w.at("links/"+w.lnks[0].ID), w.at("links/"+w.lnks[0].ID)+"?page="+url.QueryEscape("https://shop.example/sale"), w.at("links/"+w.lnks[0].ID)+"?page="+url.QueryEscape(`https://evil.example/"><script>`), w.at("links/"+w.lnks[0].ID+"/deep-link")+"?page="+url.QueryEscape(`"><script>`), w.at("coupons"), w.at("coupons")+"?status=paused&publisher="+w.pubs[0].ID, w.at("coupons/new"), w.at("commission-rules"), w.at("commission-rules")+"?offer="+w.offs[0].ID, w.at("commission-rules/new")+"?offer="+w.offs[0].ID, w.at("simulator")+"?offer="+url.QueryEscape(`"><script>`), w.at("simulator")+"?do=order&offer="+w.offs[0].ID+"&amount=1", w.at("creatives/new")+"?offer="+w.offs[0].ID, w.at("creatives/"+w.banner().ID), w.at("creatives/"+w.banner().ID+"/edit"), w.at("applications"), w.at("terms/new")+"?offer="+w.offs[0].ID, w.at("goals/new")+"?offer="+w.offs[0].ID, w.at("enrollments/new"),
		w.at("conversions"), w.at("conversions")+"?status=reversed", w.at("conversions/"+first.ID), w.at("conversions/new")+"?click_id="+url.QueryEscape(`"><script>`), w.at("conversions/upload"),
		w.at("offers/"+w.offs[0].ID+"/test"), w.at("offers/"+w.offs[5].ID+"/diagnosis"), w.at("offers/"+w.offs[0].ID+"/from"), w.at("offers/"+w.offs[0].ID+"/diagnosis"), w.at("offers/"+w.offs[5].ID+"/reprice")+"?warned=true&id="+url.QueryEscape(`"><script>`), w.at("offers/"+w.offs[0].ID+"/reprice"), w.at("signals"), w.at("signals")+"?show=refused", w.at("signals/"+w.refused()),
		w.at("outbound"), w.at("outbound")+"?state=dead&publisher="+w.pubs[0].ID+"&q="+url.QueryEscape(`"><script>`), w.at("outbound/"+w.delivered()), w.at("postbacks/new")+"?publisher="+w.pubs[0].ID, w.at("postbacks/"+w.postbackOf(0)), w.at("postbacks/"+w.postbackOf(0)+"/edit"), w.at("rates"), w.at("rates")+"?show=all", w.at("documents"), w.at("documents/texts"), w.at("ledger"), w.at("ledger")+"?cause="+first.ID, w.at("reports"), w.at("reports")+"?d=publisher&d=sub1&d=date&sort=-visits", w.at("reports")+"?d=", w.at("settings"), w.at("settings/new-workspace"))
	return pages
}

// TestEveryTemplateRuns renders every page, full and empty, and fails when a template
// was never executed: dead markup is found as dead code is.
func TestEveryTemplateRuns(t *testing.T) {
	ran := map[string]bool{}
	mark := func(name string) string { ran[name] = true; return "" }
	bare := newWorld(t, mark)
	if got := bare.request("GET", "/", nil).Header.Get("Location"); got != "/setup" {
		t.Errorf("a fresh installation leads to %q", got)
	}
	bare.page("/setup")
	bare.signIn()
	bare.page("/setup/workspace")
	bare.workspace("Empty")
	bare.page("/signin")
	for _, p := range []string{"", "offers", "advertisers", "publishers", "links", "coupons", "applications", "conversions", "signals", "outbound", "ledger", "payouts", "payouts/settings", "commission-rules", "simulator", "rates", "reports", "settings", "search"} {
		bare.page(bare.at(p))
	}
	full := newWorld(t, mark)
	full.signIn()
	full.workspace("Acme affiliates")
	full.populate(people)
	for _, p := range everyPage(full) {
		full.page(p)
	}
	full.request("POST", full.at("offers/preview"), url.Values{"url": {"https://shop.example/?r={click_id}"}, "payout_kind": {"fixed"}, "payout": {"3.00"}})
	full.request("POST", full.at("conversions/new"), url.Values{"click_id": {full.visit(full.lnks[0], "US", "desktop", "").ID.String()}, "txid": {"E-1"}, "payout": {"1.00"}})
	full.page("/forgot")
	full.request("GET", full.at("no-such-page"), nil)
	full.request("POST", full.at("settings/keys"), url.Values{"name": {"Import"}, "scope": {account.ScopeRead}})
	res := full.request("POST", full.at("offers/new"), url.Values{"name": {""}, "append_click_id": {"true"}})
	if res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("an empty offer answers %d", res.StatusCode)
	}
	flash := full.request("POST", full.at("offers/"+full.offs[1].ID+"/archive"), url.Values{"archived": {"true"}})
	for _, ck := range flash.Cookies() {
		if ck.Name == flashCookie {
			full.request("GET", full.at("offers"), nil, "Cookie", ck.Name+"="+ck.Value)
		}
	}
	err := fs.WalkDir(files, "ui", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".tmpl") {
			return err
		}
		b, err := fs.ReadFile(files, p)
		if err != nil {
			return err
		}
		page := ""
		if strings.HasPrefix(p, "ui/pages/") {
			page = strings.Split(p, "/")[2] + "/"
		}
		for _, m := range defines.FindAllSubmatch(b, -1) {
			if name := page + string(m[1]); !ran[name] {
				t.Errorf("the template %s was never executed", name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// hostileCast are names and sub ids somebody might send (S11).
var hostileCast = cast{
	advs:   []string{`"><script>alert(1)</script>`, `' onmouseover='alert(2)`, `{{.Frame}}`, `</textarea><img src=x onerror=alert(3)>`},
	offers: []string{`<img src=x onerror=alert(4)>`, `javascript:alert(5)`, `=cmd|' /C calc'!A0`, `</title><script>alert(6)</script>`, `"};alert(7);//`, `<!--`, `F`},
	pubs:   []string{`<svg/onload=alert(8)>`, `"><a href="javascript:alert(9)">x</a>`, "C", "D", "E", "F", "G", "H"},
	subs:   []string{`<script>alert("sub")</script>`, `"><img src=x onerror=alert(10)>`, `=HYPERLINK("https://evil.example","x")`, "@SUM(1+1)", "\t=1+1", "+1", "-1+1", `' onfocus=alert(11) autofocus='`},
}

// TestHostileValues sends hostile strings through every page: none becomes markup.
// The same walk finds anything inline that the content security policy would refuse.
func TestHostileValues(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace(`<b onclick=alert(0)>ws</b>`)
	w.populate(hostileCast)
	pages := everyPage(w)
	for i := 1; i <= 20; i++ {
		if i == 1 || i == 20 {
			pages = append(pages, w.at("reports")+"?d=sub"+itoa(i))
		}
	}
	pages = append(pages, w.at("reports")+"?d="+url.QueryEscape(`"><script>alert(1)</script>`)+"&fd=sub1&fv="+url.QueryEscape(`"><script>`), w.at("search")+"?q="+url.QueryEscape(`"><script>alert(1)</script>`),
		w.at("signals")+"?click="+url.QueryEscape(`" onfocus=alert(1) x="`), "/signin?next="+url.QueryEscape(`javascript:alert(1)`))
	for _, p := range pages {
		res := w.request("GET", p, nil)
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode >= 500 {
			t.Errorf("%s: status %d", p, res.StatusCode)
		}
		checkMarkup(t, p, b)
	}
}

var qrSource = regexp.MustCompile(`^/w/ws_[0-9a-z]+/(links/lnk_[0-9a-z]+/qr\.svg(\?page=[0-9A-Za-z%._~+-]*)?|creatives/cre_[0-9a-z]+/image|images/[0-9a-f]{64})$`)

// checkMarkup parses a page and refuses what must not be in it.
func checkMarkup(t *testing.T, page string, b []byte) {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(b))
	if err != nil {
		t.Errorf("%s: %v", page, err)
		return
	}
	ids := map[string]bool{}
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.ElementNode {
			for _, a := range n.Attr {
				key, val := strings.ToLower(a.Key), strings.ToLower(strings.TrimSpace(a.Val))
				switch {
				case strings.HasPrefix(key, "on") || key == "style" || strings.HasPrefix(key, "hx-on"):
					t.Errorf("%s: <%s %s=%q>", page, n.Data, key, a.Val)
				case (key == "href" || key == "src" || key == "action") && (strings.HasPrefix(val, "javascript:") || strings.HasPrefix(val, "data:") || strings.Contains(val, "zgotmplz")):
					t.Errorf("%s: <%s %s=%q>", page, n.Data, key, a.Val)
				case key == "id":
					if ids[a.Val] {
						t.Errorf("%s: two elements have the id %q", page, a.Val)
					}
					ids[a.Val] = true
				}
			}
			src := slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "src" && strings.HasPrefix(a.Val, "/assets/") })
			switch n.Data {
			case "script":
				if !src {
					t.Errorf("%s: a script that is not an asset", page)
				}
			case "img": // codes that we draw, and images that were uploaded here
				if !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "src" && qrSource.MatchString(a.Val) }) {
					t.Errorf("%s: an image from elsewhere", page)
				}
			case "iframe", "object", "embed", "base", "style", "b onclick":
				t.Errorf("%s: <%s>", page, n.Data)
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
}

// TestForeignWorkspace asks for every page and every row of another workspace: the
// answer is that of a page which does not exist (S1). The table of routes drives it,
// so a new route is in it by itself.
func TestForeignWorkspace(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Theirs")
	theirs := w.ws.ID
	w.populate(cast{advs: people.advs, offers: people.offers, pubs: people.pubs, subs: people.subs})
	rows := map[string]string{"offers": w.offs[0].ID, "advertisers": w.advs[0].ID, "publishers": w.pubs[0].ID, "links": w.lnks[0].ID, "conversions": w.first().ID, "signals": w.refused(), "goals": "goal_x", "enrollments": "enr_x", "postbacks": w.postbackOf(0), "outbound": w.delivered()}
	rows["payouts"], rows["payout-lines"] = w.draftPayout()
	w.ws = nil
	w.workspace("Ours")
	ours := w.ws.ID
	_, err := w.acc.CreateUser(t.Context(), w.owner, account.UserDoc{Email: "m@example.com", Password: password, Workspaces: []string{ours}})
	w.must(err)
	w.cookie, _, err = w.acc.SignIn(t.Context(), "m@example.com", password, "192.0.2.9")
	w.must(err)
	same := ""
	for _, rt := range append(editorRoutes(), routes...) {
		method, path, ok := strings.Cut(rt.pattern, " ")
		if !ok || rt.need != needWorkspace {
			continue
		}
		part := strings.Split(path, "/")
		section := ""
		if len(part) > 3 {
			section = part[3]
		}
		for ws, id := range map[string]string{theirs: rows[section], ours: rows[section], "ws_nothing": "x"} {
			if ws == ours && !strings.Contains(path, "{id}") {
				continue
			}
			p := strings.NewReplacer("{ws}", ws, "{id}", orElse(id, "x")).Replace(path)
			var form url.Values
			if method == "POST" {
				form = url.Values{"to": {"approved"}, "name": {"x"}, "archived": {"true"}, "id": {"key_x"}}
			}
			res := w.request(method, p, form)
			b, err := io.ReadAll(res.Body)
			w.must(err)
			if res.StatusCode != http.StatusNotFound {
				t.Errorf("%s %s: status %d, want 404", method, p, res.StatusCode)
				continue
			}
			if ws == theirs || ws == "ws_nothing" {
				body := stripRequest(string(b))
				if same == "" {
					same = body
				}
				if body != same {
					t.Errorf("%s %s answers differently than an unknown page", method, p)
				}
			}
		}
	}
	if got := w.page("/w/" + ours + "/signals"); strings.Contains(got, "of no workspace") {
		t.Error("a member sees signals of no workspace")
	}
	if got := w.page("/w/" + ours + "/settings"); strings.Contains(got, "anna@acme-affiliates.com") {
		t.Error("a member sees the users of the installation")
	}
}

// stripRequest drops the request id, which differs by intent.
func stripRequest(s string) string {
	i := strings.Index(s, "<dt>Request</dt>")
	if i < 0 {
		return s
	}
	j := strings.Index(s[i:], "</dl>")
	return s[:i] + s[i+j:]
}

// TestEveryRouteNeedsSignIn walks the routes without a session.
func TestEveryRouteNeedsSignIn(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	w.cookie = ""
	for _, rt := range append(editorRoutes(), routes...) {
		method, path, ok := strings.Cut(rt.pattern, " ")
		if !ok || rt.need == needNothing {
			continue
		}
		p := strings.NewReplacer("{ws}", w.ws.ID, "{id}", "x", "{$}", "").Replace(path)
		var form url.Values
		if method == "POST" {
			form = url.Values{}
		}
		res := w.request(method, p, form)
		if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(res.Header.Get("Location"), "/signin") {
			t.Errorf("%s %s: status %d to %q", method, p, res.StatusCode, res.Header.Get("Location"))
		}
	}
}
