package api_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clickledger/internal/report"
)

func TestConversionExplainsItself(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	path := "/conversions/" + s.ids["conversions"]

	c := w.call(w.reader, "GET", path, "").want(200)
	for at, want := range map[string]any{
		"status": "pending", "revenue": "10.00", "commission": "6.00", "sale_amount": nil, "payout_sent": nil, "currency": "EUR", "txid": "A-1",
		"offer": s.ids["offers"], "publisher": s.ids["publishers"], "click_id": s.click.String(),
		"visit.id": s.click.String(), "visit.subs.sub1": "banner", "visit.country": "DE",
		"signals.0.id": s.ids["signals"], "signals.0.verdict": "accepted", "changes.0.to": "pending", "changes.0.actor": s.ids["signals"],
		"transactions.0.kind": "accrual", "transactions.0.cause": s.ids["conversions"], "deliveries.0.id": s.ids["deliveries"], "deliveries.0.state": "waiting",
	} {
		if got := c.get(at); got != want {
			t.Errorf("%s is %v, want %v", at, got, want)
		}
	}
	if !strings.Contains(c.text("commission_rule"), "60") {
		t.Errorf("commission rule %q does not name the rate", c.text("commission_rule"))
	}
	for query, want := range map[string]int{
		"": 1, "?txid=A-1": 1, "?txid=A-2": 0, "?status=pending": 1, "?status=approved": 0, "?publisher=" + s.ids["publishers"]: 1, "?click_id=" + s.click.String(): 1, "?offer=off_x": 0,
	} {
		if n := len(w.call(w.reader, "GET", "/conversions"+query, "").want(200).get("data").([]any)); n != want {
			t.Errorf("%d conversions with %q, want %d", n, query, want)
		}
	}
}

func TestDecisions(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	path := "/conversions/" + s.ids["conversions"]
	balance := func() map[string]any {
		t.Helper()
		return w.call(w.reader, "GET", "/publishers/"+s.ids["publishers"]+"/balance", "").want(200).get("data.0").(map[string]any)
	}
	want := func(pending, available string) {
		t.Helper()
		if diff := cmp.Diff(map[string]any{"currency": "EUR", "pending": pending, "available": available, "in_payment": "0.00"}, balance()); diff != "" {
			t.Errorf("balance (-want +got):\n%s", diff)
		}
	}
	want("6.00", "0.00")
	if got := w.call(w.writer, "POST", path+"/reverse", `{"reason":"returned"}`).want(409).text("code"); got != "illegal_transition" {
		t.Errorf("code %s, want illegal_transition", got)
	}
	w.call(w.writer, "POST", path+"/approve", "").want(200)
	want("0.00", "6.00")
	w.call(w.writer, "POST", path+"/approve", `{"reason":"again"}`).want(200) // the answer got lost
	want("0.00", "6.00")
	if got := w.call(w.writer, "POST", path+"/reverse", "").want(422).rules()["reason"]; got != "required" {
		t.Errorf("a reversal without a reason: %q, want required", got)
	}
	if got := w.call(w.writer, "POST", path+"/reverse", `{"reason":"returned","because":1}`).want(422).rules()["because"]; got != "unknown_field" {
		t.Errorf("an unknown field: %q, want unknown_field", got)
	}
	if got := w.call(w.writer, "POST", path+"/reverse", `{"reason":"returned"}`).want(200).text("status"); got != "reversed" {
		t.Errorf("status %s, want reversed", got)
	}
	want("0.00", "0.00")
	changes := w.call(w.reader, "GET", path, "").want(200).get("changes").([]any)
	last := changes[len(changes)-1].(map[string]any)
	if last["reason"] != "returned" || last["from"] != "approved" || !strings.HasPrefix(last["actor"].(string), "key_") {
		t.Errorf("last change %v, want the reversal with its reason and its key", last)
	}

	all := w.call(w.reader, "GET", "/ledger/balances", "").want(200)
	if n := len(all.get("data").([]any)); n != 5 {
		t.Errorf("%d accounts, want 5: %s", n, all.body)
	}
	for _, row := range all.get("data").([]any) {
		if row := row.(map[string]any); row["balance"] != "0.00" || row["debits"] != row["credits"] {
			t.Errorf("after the reversal %v, want a balance of 0", row)
		}
	}
	posted := w.call(w.reader, "GET", "/ledger/transactions?limit=2&cause="+s.ids["conversions"], "").want(200)
	if posted.text("data.0.kind") != "reversal" || posted.text("data.1.kind") != "approval" || posted.get("next_cursor") == nil {
		t.Errorf("transactions %s, want the reversal, the approval, and more", posted.body)
	}
	rest := w.call(w.reader, "GET", "/ledger/transactions?limit=2&cause="+s.ids["conversions"]+"&cursor="+posted.text("next_cursor"), "").want(200)
	if rest.text("data.0.kind") != "accrual" || rest.get("next_cursor") != nil {
		t.Errorf("rest %s, want the accrual", rest.body)
	}
}

func TestSignals(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	token := w.call(w.writer, "GET", "/advertisers/"+s.ids["advertisers"], "").want(200).text("token")
	bad := w.postback("click_id=" + s.click.String() + "&txid=A-2&payout=12,50&token=" + token)
	lost := w.postback("click_id=" + strings.Repeat("a", 32)) // nobody's

	if got := w.call(w.reader, "GET", "/signals?verdict=invalid_amount", "").want(200).text("data.0.id"); got != bad.ID {
		t.Errorf("refused signal %s, want %s", got, bad.ID)
	}
	one := w.call(w.reader, "GET", "/signals/"+bad.ID, "").want(200)
	if strings.Contains(string(one.body), token) || !strings.Contains(one.text("request.query"), "payout=12,50&token=[hidden]") || one.text("field") != "payout" {
		t.Errorf("signal %s, want its query without the token", one.body)
	}
	w.call(w.reader, "GET", "/signals/"+lost.ID, "").want(404)
	w.call(w.writer, "GET", "/signals?unassigned=true", "").want(403)
	if got := w.call(adminToken, "GET", "/signals?unassigned=true&workspace="+w.ws, "").want(200).text("data.0.id"); got != lost.ID {
		t.Errorf("an owner's newest signal is %s, want the one of nobody", got)
	}
	w.call(adminToken, "GET", "/signals/"+lost.ID+"?workspace="+w.ws, "").want(200)

	again := w.call(w.writer, "POST", "/signals/"+bad.ID+"/replay", "").want(200)
	if again.text("verdict") != "invalid_amount" || again.get("tries") != 2.0 {
		t.Errorf("replayed: %s, want the same verdict on the second try", again.body)
	}
}

func TestDeliveries(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	if got := w.call(w.reader, "GET", "/deliveries?conversion="+s.ids["conversions"], "").want(200).text("data.0.url"); got != "https://blog.example/pb?c=6.00&key=•••" {
		t.Errorf("delivery calls %s", got)
	}
	if got := w.call(w.reader, "GET", "/deliveries/"+s.ids["deliveries"], "").want(200).text("publisher"); got != s.ids["publishers"] {
		t.Errorf("delivery tells %s, want the publisher", got)
	}
}

func TestReport(t *testing.T) {
	w := newWorld(t)
	body := `{"from":"2026-11-01T00:00:00Z","to":"2026-11-02T00:00:00Z","metrics":["visits"],"dimensions":["offer"],"filters":[{"dimension":"country","op":"eq","values":["DE"]}],"sort":[{"by":"visits","desc":true}],"limit":5,"totals":true,"money":"original"}`
	a := w.call(w.reader, "POST", "/reports", body).want(200)
	if a.text("columns.0.formula") != "visits" || a.get("rows.0.0") != 3.0 {
		t.Errorf("answer %s, want the table", a.body)
	}
	if a.text("currency_column") != "currency" || a.text("notes.0.code") != "unconverted" || a.get("notes.0.count") != 2.0 || a.text("notes.0.text") == "" {
		t.Errorf("answer %s, want the column of currencies and the note", a.body)
	}
	q := w.asked
	if q.Money != report.MoneyOriginal {
		t.Errorf("asked for %q money, want original", q.Money)
	}
	if q.Workspace != w.ws || q.TimeZone != "Europe/Berlin" || len(q.Filters) != 1 || q.Filters[0].Values[0] != "DE" || !q.Sort[0].Desc || q.Limit != 5 || !q.Totals {
		t.Errorf("asked %+v, want the question in the workspace and its time zone", q)
	}
	if got := w.call(w.reader, "POST", "/reports", `{"from":"2026-11-01T00:00:00Z","to":"2026-11-02T00:00:00Z","metrics":[]}`).want(422).rules()["metrics"]; got != "required" {
		t.Errorf("no metric: %q, want required", got)
	}
	if got := w.call(w.reader, "POST", "/reports", `{"metrics":"visits"}`).want(422).rules()["metrics"]; got != "type" {
		t.Errorf("a metric that is no list: %q, want type", got)
	}
	w.call(w.reader, "POST", "/reports", `{"from":"yesterday"}`).want(422)
}

func TestUsers(t *testing.T) {
	w := newWorld(t)
	a := w.call(adminToken, "POST", "/users", `{"email":"Ann@Example.com","password":"a long password","workspaces":["`+w.ws+`"]}`).want(201)
	path := "/users/" + a.text("id")
	if a.text("email") != "ann@example.com" || strings.Contains(string(a.body), "password") {
		t.Errorf("user %s, want the e-mail in lower case and no password", a.body)
	}
	bad := w.call(adminToken, "POST", "/users", `{"email":"no","password":"short","owner":"yes"}`).want(422)
	if diff := cmp.Diff(map[string]string{"email": "invalid_email", "password": "too_short", "owner": "type"}, bad.rules()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := w.call(adminToken, "POST", "/users", `{"email":"ann@example.com","password":"a long password"}`).want(422).rules()["email"]; got != "taken" {
		t.Errorf("the same e-mail: %q, want taken", got)
	}
	w.call(adminToken, "PATCH", path, `{"name":"Ann"}`, "If-Match", `"v7"`).want(412)
	changed := w.call(adminToken, "PATCH", path, `{"name":"Ann"}`, "If-Match", a.header.Get("ETag")).want(200)
	if changed.text("name") != "Ann" || changed.text("email") != "ann@example.com" || changed.header.Get("ETag") == a.header.Get("ETag") {
		t.Errorf("changed %s", changed.body)
	}
	secret, _, err := w.options.Accounts.SignIn(t.Context(), "ann@example.com", "a long password", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	w.call(adminToken, "PATCH", path, `{"disabled":true}`).want(200)
	if _, _, err := w.options.Accounts.Session(t.Context(), secret); err == nil {
		t.Error("a disabled user is still signed in")
	}
	if n := len(w.call(adminToken, "GET", "/users?limit=1", "").want(200).get("data").([]any)); n != 1 {
		t.Errorf("%d users, want 1", n)
	}
}

func TestKeys(t *testing.T) {
	w := newWorld(t)
	bad := w.call(adminToken, "POST", "/api_keys", `{"name":"","scope":"all","expires":"2020-01-01T00:00:00Z","x":1}`).want(422)
	if diff := cmp.Diff(map[string]string{"name": "required", "scope": "not_one_of", "expires": "out_of_range", "x": "unknown_field"}, bad.rules()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	list := w.call(w.reader, "GET", "/api_keys", "").want(200)
	if strings.Contains(string(list.body), "secret") || !strings.HasPrefix(list.text("data.0.prefix"), "clk_") || list.get("data.0.used") == nil {
		t.Errorf("keys %s, want prefixes, the last use and no secrets", list.body)
	}
}

// Signals of a filter are previewed, judged again, and a second time changes nothing.
func TestReplaySignals(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	late := "&goal=late&click_id=" + s.click.String() + "&token=" + w.call(w.writer, "GET", "/advertisers/"+s.ids["advertisers"], "").want(200).text("token")
	first, second := w.postback("txid=late-1"+late), w.postback("txid=late-2"+late)
	for _, filter := range []string{"text=LATE-", "open=true&goal=late", "verdict=unknown_goal&offer=" + s.ids["offers"]} {
		if got := w.call(w.reader, "GET", "/signals?"+filter, "").want(200).get("data").([]any); len(got) != 2 {
			t.Errorf("%d signals of %s, want 2", len(got), filter)
		}
	}
	one := w.call(w.reader, "GET", "/signals/"+first.ID, "").want(200)
	if one.get("replayable") != true || one.text("fix_place") != "goals" || one.text("fix") == "" || one.text("goal") != "late" || one.text("advertiser") != s.ids["advertisers"] {
		t.Errorf("the signal says %s", one.body)
	}
	filter := `{"verdict":"unknown_goal","offer":"` + s.ids["offers"] + `","text":"late-","from":"2020-01-01T00:00:00Z"}`
	w.call(w.writer, "POST", "/goals", `{"offer":"`+s.ids["offers"]+`","key":"late","name":"Late","type":"lead"}`).want(201)
	preview := w.call(w.writer, "POST", "/signals/replay", filter).want(200)
	if preview.get("dry_run") != true || preview.get("changed") != 2.0 || preview.text("counts.0.before") != "unknown_goal" || preview.text("counts.0.after") != "accepted" || preview.text("lines.0.signal.id") != first.ID {
		t.Errorf("preview %s", preview.body)
	}
	if got := w.call(w.reader, "GET", "/signals/"+second.ID, "").want(200).text("verdict"); got != "unknown_goal" {
		t.Errorf("after the preview: %s", got)
	}
	done := w.call(w.writer, "POST", "/signals/replay?dry_run=false", filter).want(200)
	if done.get("dry_run") != false || done.get("changed") != 2.0 || done.text("lines.1.signal.verdict") != "accepted" {
		t.Errorf("replay %s", done.body)
	}
	before := w.call(w.reader, "GET", "/ledger/balances", "").want(200).body
	again := w.call(w.writer, "POST", "/signals/replay?dry_run=false", `{}`).want(200)
	if again.get("changed") != 0.0 || string(w.call(w.reader, "GET", "/ledger/balances", "").want(200).body) != string(before) {
		t.Errorf("a second replay changed something: %s", again.body)
	}
	// A filter by somebody else's offer finds nothing, and what is wrong is named.
	theirs := w.shop(w.otherWrite, w.other)
	if got := w.call(w.writer, "POST", "/signals/replay", `{"offer":"`+theirs.ids["offers"]+`"}`).want(200); got.get("checked") != 0.0 {
		t.Errorf("a foreign offer: %s", got.body)
	}
	w.call(w.writer, "POST", "/signals/replay", `{"unassigned":true}`).want(403)
	for body, field := range map[string]string{`{"verdict":"x"}`: "verdict", `{"from":"1960-01-01T00:00:00Z"}`: "from", `{"from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z"}`: "to"} {
		if _, ok := w.call(w.writer, "POST", "/signals/replay", body).want(422).rules()[field]; !ok {
			t.Errorf("%s: %s is not named", body, field)
		}
	}
}

// A signing secret is shown once, to who may write, and asked for by the guards.
func TestSigningSecret(t *testing.T) {
	w := newWorld(t)
	s := w.shop(w.writer, w.ws)
	path := "/advertisers/" + s.ids["advertisers"]
	if got := w.call(w.writer, "PATCH", path, `{"signature_required":true}`).want(422).rules()["signature_required"]; got != "no_secret" {
		t.Errorf("signatures without a secret: %s", got)
	}
	w.call(w.reader, "POST", path+"/signing_secret", "").want(403)
	first := w.call(w.writer, "POST", path+"/signing_secret", "").want(200)
	secret := first.text("signing_secret")
	if !strings.HasPrefix(secret, "whsec_") || len(secret) < 40 {
		t.Fatalf("secret %q", secret)
	}
	if again := w.call(w.writer, "POST", path+"/signing_secret", "").want(200).text("signing_secret"); again == secret || again == "" {
		t.Error("a new secret is the one before")
	} else {
		secret = again
	}
	w.call(w.writer, "PATCH", path, `{"signature_required":true}`).want(200)
	for _, p := range []string{path, "/advertisers", "/audit"} {
		a := w.call(w.writer, "GET", p, "")
		if strings.Contains(string(a.body), secret) {
			t.Errorf("GET %s shows the secret", p)
		}
	}
	if got := w.call(w.reader, "GET", path, "").want(200); got.get("has_signing_secret") != true || got.get("signature_required") != true {
		t.Errorf("%s", got.body)
	}
}
