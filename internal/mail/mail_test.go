package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"clickledger/internal/account"
)

// memory is a Store; the SQL ones are held to the same by the conformance suite.
type memory struct {
	mu    sync.Mutex
	mails map[string]Mail
	order []string
	set   Settings
}

func (m *memory) InsertMail(_ context.Context, x *Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mails[x.ID] = *x
	m.order = append(m.order, x.ID)
	return nil
}

func (m *memory) UpdateMail(_ context.Context, x *Mail) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mails[x.ID].Version != x.Version {
		return account.ErrVersion
	}
	x.Version++
	m.mails[x.ID] = *x
	return nil
}

func (m *memory) GetMail(_ context.Context, id string) (*Mail, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x, ok := m.mails[id]
	if !ok {
		return nil, account.ErrNotFound
	}
	return &x, nil
}

func (m *memory) DueMails(_ context.Context, now int64, limit int) ([]*Mail, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*Mail
	for _, id := range m.order {
		x := m.mails[id]
		if x.State == StateQueued && x.NextAt <= now && len(out) < limit {
			out = append(out, &x)
		}
	}
	return out, nil
}

func (m *memory) ListMails(_ context.Context, workspace, about, _ string, limit int) ([]*Mail, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*Mail
	for _, id := range m.order {
		x := m.mails[id]
		if x.Workspace == workspace && (about == "" || x.About == about) {
			out = append(out, &x)
		}
	}
	return out, nil
}

func (m *memory) MailSettings(context.Context) (*Settings, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	set := m.set
	return &set, nil
}

func (m *memory) SaveMailSettings(_ context.Context, s *Settings) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s.Version != m.set.Version {
		return account.ErrVersion
	}
	s.Version++
	m.set = *s
	return nil
}

var owner = account.Principal{ID: "usr_owner", Owner: true, Write: true}

// room is the service with a clock of its own.
type room struct {
	*Service
	t     *testing.T
	store *memory
	now   time.Time
}

func newRoom(t *testing.T, srv *smtpServer) *room {
	r := &room{t: t, store: &memory{mails: map[string]Mail{}}, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	r.Service = New(Options{Store: r.store, Now: func() time.Time { return r.now }})
	if srv != nil {
		r.Service.tls = &tls.Config{RootCAs: srv.roots, MinVersion: tls.VersionTLS12}
		if _, err := r.Set(t.Context(), owner, 0, srv.settings()); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *room) queue(m Mail) *Mail {
	r.t.Helper()
	if m.To == "" {
		m.To = "ann@example.com"
	}
	if err := r.Queue(r.t.Context(), &m); err != nil {
		r.t.Fatal(err)
	}
	return &m
}

// turn looks at the queue once.
func (r *room) turn() {
	r.t.Helper()
	if _, err := r.round(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) read(id string) *Mail {
	r.t.Helper()
	m, err := r.store.GetMail(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func TestAMailIsSentAndItsLinkForgotten(t *testing.T) {
	for name, set := range map[string]func(*smtpServer){
		"starttls":     nil,
		"tls":          func(s *smtpServer) { s.implicit, s.startTLS = true, false },
		"login alone":  func(s *smtpServer) { s.auth = "LOGIN" },
		"both offered": func(s *smtpServer) { s.auth = "LOGIN PLAIN" },
	} {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t, set)
			r := newRoom(t, srv)
			if srv.implicit {
				d := srv.settings()
				d.Security, d.Password = SecurityTLS, ""
				if _, err := r.Set(t.Context(), owner, 0, d); err != nil {
					t.Fatal(err)
				}
			}
			m := r.queue(Mail{Workspace: "ws", Purpose: "confirm", Subject: "Grüße, bestätigen Sie", Body: "Hällo\n.\n" + LinkHere + "\n", Link: "https://c.example/confirm?token=clt_abc"})
			r.turn()
			got := srv.got()
			if len(got) != 1 {
				t.Fatalf("%d mails arrived, want 1; problem %q", len(got), r.read(m.ID).Problem)
			}
			l := got[0]
			if !l.secure || l.user != "mailer" || l.password != "s3cret" || !strings.Contains(l.from, "<partners@acme.example>") || !strings.Contains(l.to, "<ann@example.com>") {
				t.Errorf("it came as %+v", l)
			}
			msg, err := netmail.ReadMessage(strings.NewReader(l.data))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
			if err != nil || subject != "Grüße, bestätigen Sie" || msg.Header.Get("To") != "ann@example.com" || msg.Header.Get("From") != `"Acme" <partners@acme.example>` {
				t.Errorf("headers %v, subject %q", msg.Header, subject)
			}
			body, err := io.ReadAll(quotedprintable.NewReader(msg.Body))
			if err != nil || !strings.Contains(string(body), "Hällo") || !strings.Contains(string(body), "https://c.example/confirm?token=clt_abc") {
				t.Errorf("body %q, %v", body, err)
			}
			after := r.read(m.ID)
			if after.State != StateSent || after.Link != "" || strings.Contains(after.Text(), "clt_abc") || after.Sent == 0 {
				t.Errorf("kept as %+v, want sent and without its link", after)
			}
			r.turn()
			if n := len(srv.got()); n != 1 {
				t.Errorf("%d mails arrived after another look, want 1", n)
			}
		})
	}
}

func TestWithoutAServerTheLinkStays(t *testing.T) {
	r := newRoom(t, nil)
	m := r.queue(Mail{Workspace: "ws", Body: LinkHere, Link: "https://c.example/x", Expires: r.now.Add(time.Hour).UnixMicro()})
	r.turn()
	ms, err := r.List(t.Context(), account.Principal{ID: "u", Write: true, Workspaces: []string{"ws"}}, "ws", "", "", 10)
	if err != nil || len(ms) != 1 || ms[0].Link == "" || ms[0].State != StateQueued {
		t.Fatalf("listed %+v, %v, want it queued with its link", ms, err)
	}
	ms, err = r.List(t.Context(), account.Principal{ID: "key_r", Workspaces: []string{"ws"}}, "ws", "", "", 10)
	if err != nil || ms[0].Link != "" {
		t.Errorf("who may only read sees the link %q, %v", ms[0].Link, err)
	}
	srv := newServer(t, nil)
	r.Service.tls = &tls.Config{RootCAs: srv.roots}
	if _, err := r.Set(t.Context(), owner, 0, srv.settings()); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(2 * time.Minute)
	r.turn()
	if got := srv.got(); len(got) != 1 {
		t.Errorf("with a server at last, %d mails arrived, want 1", len(got))
	}
	late := r.queue(Mail{Workspace: "ws", Body: LinkHere, Link: "https://c.example/y", Expires: r.now.Add(-time.Second).UnixMicro()})
	r.turn()
	if got := r.read(late.ID); got.State != StateDropped || got.Link != "" || len(srv.got()) != 1 {
		t.Errorf("an expired one is %+v, want it dropped and not sent", got)
	}
	_ = m
}

func TestFailuresAreTriedAgainOrNot(t *testing.T) {
	for name, c := range map[string]struct {
		verb, answer string
		state        string
		problem      string
	}{
		"busy":               {"MAIL", "451 4.3.0 later", StateQueued, "451"},
		"no such mailbox":    {"RCPT", "550 5.1.1 nobody here", StateFailed, "550"},
		"full mailbox":       {"RCPT", "552 5.2.2 full", StateQueued, "552"},
		"not as this sender": {"MAIL", "553 5.7.1 not yours", StateQueued, "553"}, // the settings can be put right
		"wrong password":     {"AUTH", "535 5.7.8 wrong", StateQueued, "user name and password"},
		"hangs up":           {"DATA", "hang up", StateQueued, "did not take the mail"},
		"hangs up at once":   {"EHLO", "hang up", StateQueued, ""},
	} {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t, nil)
			srv.answer(c.verb, c.answer)
			r := newRoom(t, srv)
			m := r.queue(Mail{Body: LinkHere, Link: "https://c.example/x", Expires: r.now.Add(24 * time.Hour).UnixMicro()})
			r.turn()
			got := r.read(m.ID)
			if got.State != c.state || !strings.Contains(got.Problem, c.problem) || got.Link == "" || got.Attempts != 1 {
				t.Fatalf("it is %+v, want %s, with %q and the link", got, c.state, c.problem)
			}
			if c.state != StateQueued {
				return
			}
			if wait := time.Duration(got.NextAt-r.now.UnixMicro()) * time.Microsecond; wait != schedule[0] {
				t.Errorf("tried again in %s, want %s", wait, schedule[0])
			}
			srv.answer(c.verb, "")
			r.now = r.now.Add(schedule[0])
			r.turn()
			if got := r.read(m.ID); got.State != StateSent || len(srv.got()) != 1 {
				t.Errorf("with a server that is well again it is %+v, want sent once", got)
			}
		})
	}
}

func TestNothingIsSaidInTheClear(t *testing.T) {
	srv := newServer(t, func(s *smtpServer) { s.startTLS = false })
	r := newRoom(t, srv)
	m := r.queue(Mail{Body: "x"})
	r.turn()
	if got := r.read(m.ID); got.State != StateQueued || !strings.Contains(got.Problem, "STARTTLS") || len(srv.got()) != 0 {
		t.Errorf("a server without STARTTLS: %+v", got)
	}
	srv = newServer(t, nil)
	r = newRoom(t, srv)
	r.Service.tls = nil // its certificate is nobody's we know
	m = r.queue(Mail{Body: "x"})
	r.turn()
	if got := r.read(m.ID); got.State != StateQueued || !strings.Contains(got.Problem, "encrypted") || len(srv.got()) != 0 {
		t.Errorf("a server with a foreign certificate: %+v", got)
	}
}

// What was typed never becomes a header or a command.
func TestHeaderInjection(t *testing.T) {
	srv := newServer(t, nil)
	r := newRoom(t, srv)
	for _, to := range []string{"ann@example.com\r\nBcc: eve@example.com", "ann@example.com\nRCPT TO:<eve@example.com>", "ann@example.com, eve@example.com", "Ann <ann@example.com>", "ann@example.com> NOTIFY=x <", "", "ann"} {
		if err := r.Queue(t.Context(), &Mail{To: to, Body: "x"}); err == nil {
			t.Errorf("a mail to %q was queued", to)
		}
	}
	r.queue(Mail{Subject: "Hi\r\nBcc: eve@example.com\r\n\r\nBuy", Body: "one\r\n.\r\nMAIL FROM:<eve@example.com>\rtwo"})
	r.turn()
	got := srv.got()
	if len(got) != 1 {
		t.Fatalf("%d mails arrived, want 1", len(got))
	}
	msg, err := netmail.ReadMessage(strings.NewReader(got[0].data))
	if err != nil || msg.Header.Get("Bcc") != "" || msg.Header.Get("Subject") != "Hi Bcc: eve@example.com Buy" || !strings.Contains(got[0].from, "acme") {
		t.Errorf("headers %v, %v, from %s", msg.Header, err, got[0].from)
	}
	for field, d := range map[string]ServerDoc{
		"from":     {Host: "localhost", Security: SecurityTLS, From: "a@b.example\r\nBcc: eve@example.com"},
		"host":     {Host: "localhost\r\nQUIT", Security: SecurityTLS, From: "a@b.example"},
		"user":     {Host: "localhost", Security: SecurityTLS, From: "a@b.example", User: "x\ny"},
		"password": {Host: "localhost", Security: SecurityTLS, From: "a@b.example", User: "x", Password: "s3cret\r\nof-x"},
		"security": {Host: "smtp.example.com", Security: SecurityNone, From: "a@b.example", User: "x", Password: "s3cret-of-x"},
		"port":     {Host: "localhost", Port: 70000, Security: SecurityTLS, From: "a@b.example"},
	} {
		_, err := r.Set(t.Context(), owner, 0, d)
		if account.FieldOf(err, field) == "" {
			t.Errorf("settings %+v: %v, want %s refused", d, err, field)
		}
		if err != nil && d.Password != "" && strings.Contains(err.Error(), d.Password) {
			t.Errorf("the refusal repeats the password: %v", err)
		}
	}
}

func TestSettingsAreTheOwners(t *testing.T) {
	srv := newServer(t, nil)
	r := newRoom(t, srv)
	member := account.Principal{ID: "usr_m", Write: true, Workspaces: []string{"ws"}}
	party := account.Principal{ID: "usr_p", Write: true, Party: account.Party{Kind: account.PartyPublisher, ID: "pub", Workspace: "ws"}}
	for _, p := range []account.Principal{member, party, {}} {
		_, read := r.Settings(t.Context(), p)
		_, set := r.Set(t.Context(), p, 0, srv.settings())
		test := r.Test(t.Context(), p, srv.settings(), "ann@example.com")
		_, list := r.List(t.Context(), p, "", "", "", 10)
		for what, err := range map[string]error{"read": read, "set": set, "test": test, "list": list} {
			if !errors.Is(err, account.ErrDenied) {
				t.Errorf("%s by %q: %v, want ErrDenied", what, p.ID, err)
			}
		}
	}
	if _, err := r.List(t.Context(), party, "ws", "", "", 10); !errors.Is(err, account.ErrDenied) {
		t.Errorf("the mails of a workspace for a party: %v, want ErrDenied", err)
	}
	d := srv.settings()
	d.Password = ""
	if err := r.Test(t.Context(), owner, d, "ann@example.com"); err != nil || len(srv.got()) != 1 {
		t.Errorf("a test mail by the password that is kept: %v, %d arrived", err, len(srv.got()))
	}
	d.Host = "127.0.0.1" // another server must not be given the password of the first
	if _, err := r.Set(t.Context(), owner, 0, d); err != nil {
		t.Fatal(err)
	}
	if got := r.store.set.Password; got != "" {
		t.Errorf("the password %q went to another server", got)
	}
	var bad *Refused
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d.Port = int64(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	if err := r.Test(t.Context(), owner, d, "ann@example.com"); !errors.As(err, &bad) || !strings.Contains(err.Error(), "no connection") {
		t.Errorf("a test without a server: %v, want a sentence", err)
	}
}

func TestRunSendsWhatIsQueued(t *testing.T) {
	srv := newServer(t, nil)
	r := newRoom(t, srv)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	r.queue(Mail{Body: "x"})
	for deadline := time.Now().Add(20 * time.Second); len(srv.got()) == 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil || len(srv.got()) != 1 {
		t.Errorf("Run: %v, %d mails arrived, want 1", err, len(srv.got()))
	}
}
