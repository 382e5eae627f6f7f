package console

import (
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/signup"
)

// stranger asks without a session.
func (w *world) stranger(method, path string, form url.Values) (status int, page string) {
	w.t.Helper()
	mine := w.cookie
	w.cookie = ""
	defer func() { w.cookie = mine }()
	res := w.request(method, path, form)
	b, err := io.ReadAll(res.Body)
	w.must(err)
	return res.StatusCode, string(b)
}

// linkOf is the path of the newest link about something that waits in the mails.
func (w *world) linkOf(page string) string {
	w.t.Helper()
	m := regexp.MustCompile(`https://console\.example(/[a-z]+\?token=clt_[0-9a-z]+)`).FindStringSubmatch(page)
	if m == nil {
		w.t.Fatalf("there is no link on %s", text(page))
	}
	return m[1]
}

func TestSignUpToPortal(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme & Co")
	at := "/signup/" + w.ws.ID + "/publisher"
	if status, page := w.stranger("GET", at, nil); status != http.StatusNotFound || !strings.Contains(page, "closed") {
		t.Errorf("before it is open: %d %s", status, text(page))
	}
	settings := url.Values{"open": {"true"}, "intro": {"Welcome <b>"}, "questions": {""}, "questions.0.label": {"Visitors?"}, "questions.0.kind": {"text"}, "questions.0.required": {"yes"},
		"questions.1.label": {"Where?"}, "questions.1.kind": {"choice"}, "questions.1.choices": {"EU | US"}, "questions.1.required": {"no"}, "terms": {"Be nice."}, "group": {""}, "manager": {""}}
	if res := w.request("POST", w.at("settings/signup/publisher"), settings); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("settings: %d", res.StatusCode)
	}
	if page := w.page(w.at("settings/signup/publisher")); !strings.Contains(page, "https://console.example"+at) || !strings.Contains(page, "EU | US") {
		t.Error("the settings lack the address or the choices")
	}
	_, page := w.stranger("GET", at, nil)
	for _, want := range []string{"Acme &amp; Co", "Welcome &lt;b&gt;", "Visitors?", "Where?", "Be nice.", trapField} {
		if !strings.Contains(page, want) {
			t.Errorf("the sign-up page lacks %q", want)
		}
	}
	form := url.Values{"person": {"Pia"}, "email": {"pia@blog.example"}, "name": {"Pia <i>"}, "promotion": {"Reviews"}, "answer0": {""}, "answer1": {"EU"}, "password": {password}, "terms": {"true", "false"}}
	status, page := w.stranger("POST", at, form)
	if status != http.StatusUnprocessableEntity || !strings.Contains(page, "<code>required</code>") || strings.Contains(page, password) || !strings.Contains(page, "pia@blog.example") {
		t.Errorf("with a missing answer: %d %s", status, text(page))
	}
	form.Set("answer0", "1000")
	status, done := w.stranger("POST", at, form)
	if status != http.StatusOK || !strings.Contains(done, "Look into your mail") {
		t.Fatalf("signing up: %d %s", status, text(done))
	}
	// A taken address is answered word for word the same.
	form.Set("email", "anna@acme-affiliates.com")
	status, taken := w.stranger("POST", at, form)
	if status != http.StatusOK || strings.ReplaceAll(taken, "anna@acme-affiliates.com", "pia@blog.example") != done {
		t.Errorf("a taken address: %d %s", status, text(taken))
	}
	rows, err := w.signups.List(t.Context(), w.owner, w.ws.ID, "", "", "", 10)
	if err != nil || len(rows) != 2 || rows[0].State != signup.Refused {
		t.Fatalf("sign-ups %+v, %v", rows, err)
	}
	// The link to confirm waits to be passed on: the queue leads there, although nobody is pending.
	if page := w.page(w.at("signups")); !strings.Contains(page, w.at("signups")+"?state=unconfirmed\">Unconfirmed") || !strings.Contains(text(page), "not confirmed yet") {
		t.Errorf("the queue: %s", text(page))
	}
	if page := w.page(w.at("signups") + "?state=refused"); !strings.Contains(page, rows[0].ID) {
		t.Error("the refused one is not listed")
	}
	if page := w.page(w.at("signups/" + rows[0].ID)); !strings.Contains(page, signup.CodeTaken) {
		t.Error("the refused one's page lacks its code")
	}
	link := w.linkOf(w.page(w.at("signups/" + rows[1].ID)))
	if status, page := w.stranger("GET", link, nil); status != http.StatusOK || !strings.Contains(page, "Confirm your address") {
		t.Fatalf("the link: %d %s", status, text(page))
	}
	token := strings.TrimPrefix(link, "/confirm?token=")
	if status, page := w.stranger("POST", "/confirm", url.Values{"token": {token}}); status != http.StatusOK || !strings.Contains(page, "waits for approval") {
		t.Fatalf("confirming: %d %s", status, text(page))
	}
	if status, page := w.stranger("GET", link, nil); status != http.StatusGone || !strings.Contains(page, "does not open anything") {
		t.Errorf("the link again: %d %s", status, text(page))
	}
	queue := w.page(w.at("signups"))
	if !strings.Contains(queue, "Pia &lt;i&gt;") || !strings.Contains(queue, `<b class="n">1</b>`) {
		t.Errorf("the queue lacks her, or the rail its count: %s", text(queue))
	}
	one := w.at("signups/" + rows[1].ID)
	if page := w.page(one); !strings.Contains(page, "1000") || !strings.Contains(page, "version 1 accepted") {
		t.Errorf("her sign-up lacks the answers: %s", text(page))
	}
	if res := w.request("POST", one+"/decide", url.Values{"to": {"rejected"}, "reason": {""}}); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("rejected without a reason: %d", res.StatusCode)
	}
	if res := w.request("POST", one+"/decide", url.Values{"to": {"approved"}, "reason": {""}}); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("approving: %d", res.StatusCode)
	}
	mine := w.cookie
	w.cookie = ""
	res := w.request("POST", "/signin", url.Values{"email": {"pia@blog.example"}, "password": {password}, "next": {w.at("offers")}})
	w.cookie = mine
	if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/portal" {
		t.Errorf("she signs in and lands on %s, want /portal", res.Header.Get("Location"))
	}
}

func TestInvitationsAndPasswords(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	pub := make2[*catalog.Publisher](w, &catalog.PublisherDoc{Name: "Blog", Status: catalog.StatusActive})
	res := w.request("POST", w.at("invitations"), url.Values{"email": {"pia@blog.example"}, "name": {"Pia"}, "to": {"publisher:" + pub.ID}})
	if res.StatusCode != http.StatusSeeOther {
		t.Fatalf("inviting: %d", res.StatusCode)
	}
	one := res.Header.Get("Location")
	link := w.linkOf(w.page(one))
	token := strings.TrimPrefix(link, "/invitation?token=")
	if status, page := w.stranger("GET", link, nil); status != http.StatusOK || !strings.Contains(page, "You are invited to Acme") {
		t.Fatalf("the link: %d %s", status, text(page))
	}
	if status, page := w.stranger("POST", "/invitation", url.Values{"token": {token}, "name": {"Pia"}, "password": {"short"}}); status != http.StatusUnprocessableEntity || !strings.Contains(page, "too_short") {
		t.Errorf("a short password: %d %s", status, text(page))
	}
	if status, page := w.stranger("POST", "/invitation", url.Values{"token": {token}, "name": {"Pia"}, "password": {password}}); status != http.StatusOK || !strings.Contains(page, "have an account now") {
		t.Fatalf("accepting: %d %s", status, text(page))
	}
	if page := w.page(w.at("invitations")); !strings.Contains(page, "accepted") || !strings.Contains(page, "pia@blog.example") {
		t.Error("the list lacks the accepted invitation")
	}
	if res := w.request("POST", one+"/revoke", url.Values{}); res.StatusCode != http.StatusBadRequest {
		t.Errorf("revoking an accepted one: %d, want 400", res.StatusCode)
	}
	var answers []string
	for _, email := range []string{"anna@acme-affiliates.com", "nobody@acme-affiliates.com"} {
		status, page := w.stranger("POST", "/forgot", url.Values{"email": {email}})
		if status != http.StatusOK {
			t.Fatalf("forgot: %d", status)
		}
		answers = append(answers, strings.ReplaceAll(page, email, "x"))
	}
	if answers[0] != answers[1] {
		t.Error("the answer tells who has an account")
	}
	w.signups.Wait()
	link = w.linkOf(w.page(w.at("settings/mail")))
	token = strings.TrimPrefix(link, "/reset?token=")
	if status, page := w.stranger("GET", link, nil); status != http.StatusOK || !strings.Contains(page, "Choose another password") {
		t.Fatalf("the link: %d %s", status, text(page))
	}
	if status, _ := w.stranger("POST", "/reset", url.Values{"token": {token}, "password": {"another password"}}); status != http.StatusOK {
		t.Fatalf("resetting: %d", status)
	}
	if res := w.request("GET", w.at(""), nil); res.StatusCode != http.StatusSeeOther {
		t.Errorf("the session before lives on: %d", res.StatusCode)
	}
	if _, _, err := w.acc.SignIn(t.Context(), "anna@acme-affiliates.com", "another password", "192.0.2.9"); err != nil {
		t.Errorf("signing in with the new one: %v", err)
	}
}

func TestMailSettingsPage(t *testing.T) {
	w := newWorld(t, nil)
	w.signIn()
	w.workspace("Acme")
	page := w.page(w.at("settings/mail"))
	if strings.Contains(page, "Send a test mail") {
		t.Error("there is a test without a server")
	}
	form := url.Values{"host": {"localhost"}, "port": {"1"}, "security": {"none"}, "user": {""}, "password": {"s3cret-pw"}, "from": {"no address"}}
	res := w.request("POST", w.at("settings/mail"), form)
	b, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(string(b), "invalid_email") || strings.Contains(string(b), "s3cret-pw") {
		t.Errorf("a wrong sender: %d %s", res.StatusCode, text(string(b)))
	}
	form.Set("from", "Acme <partners@acme.example>")
	if res := w.request("POST", w.at("settings/mail"), form); res.StatusCode != http.StatusSeeOther {
		t.Fatalf("saving: %d", res.StatusCode)
	}
	if page := w.page(w.at("settings/mail")); strings.Contains(page, "s3cret-pw") || !strings.Contains(page, "Send a test mail") {
		t.Error("the page shows the password, or lacks the test")
	}
	res = w.request("POST", w.at("settings/mail/test"), url.Values{"to": {"anna@acme-affiliates.com"}})
	b, err = io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != http.StatusOK || !strings.Contains(string(b), "There is no connection to localhost:1") {
		t.Errorf("a test without a listener: %d %s", res.StatusCode, text(string(b)))
	}
	member, err := w.acc.CreateUser(t.Context(), w.owner, account.UserDoc{Email: "ben@acme-affiliates.com", Password: password, Workspaces: []string{w.ws.ID}})
	w.must(err)
	w.cookie, _, err = w.acc.SignIn(t.Context(), member.Email, password, "192.0.2.8")
	w.must(err)
	if res := w.request("GET", w.at("settings/mail"), nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("a member reads the mail settings: %d, want 404", res.StatusCode)
	}
}
