package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"clickledger/internal/account"
	"clickledger/internal/event"
)

// Service queues mails and sends them.
type Service struct {
	store  Store
	now    func() time.Time
	logger *slog.Logger
	wake   chan struct{}
	tls    *tls.Config // of tests; nil trusts the system's authorities
}

// Options are what a [Service] needs.
type Options struct {
	Store  Store
	Now    func() time.Time
	Logger *slog.Logger
}

// New makes a service; [Service.Run] sends.
func New(o Options) *Service {
	s := &Service{store: o.Store, now: o.Now, logger: o.Logger, wake: make(chan struct{}, 1)}
	if s.now == nil {
		s.now = time.Now
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	return s
}

// rest is how often the queue is looked at without being woken; batch is how many mails
// are taken from it at once.
const (
	rest  = 15 * time.Second
	batch = 50
)

// Queue stores a mail to be sent and gives it its id. The caller has authorized it. An
// address that is none is an error: people are told where they typed it.
func (s *Service) Queue(ctx context.Context, m *Mail) error {
	_, err := address(m.To)
	if err != nil {
		return fmt.Errorf("queue mail: %w", err)
	}
	now := s.now()
	m.ID, m.Created, m.State, m.NextAt, m.Version = event.NewID("mail_", now), now.UnixMicro(), StateQueued, now.UnixMicro(), 1
	m.Subject = oneLine(m.Subject)
	err = s.store.InsertMail(ctx, m)
	if err != nil {
		return fmt.Errorf("queue mail: %w", err)
	}
	s.Wake()
	return nil
}

// Wake makes Run look at the queue now.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run sends what is due until ctx ends. Without a server mails stay queued until they
// expire.
func (s *Service) Run(ctx context.Context) error {
	for {
		more, err := s.round(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			s.logger.Error("mails could not be looked at", "error", err)
		}
		if more && err == nil {
			continue
		}
		t := time.NewTimer(rest)
		select {
		case <-s.wake:
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil
		}
		t.Stop()
	}
}

// round tries every mail that is due; more says that there may be others.
func (s *Service) round(ctx context.Context) (more bool, err error) {
	set, err := s.store.MailSettings(ctx)
	if err != nil {
		return false, fmt.Errorf("read mail settings: %w", err)
	}
	due, err := s.store.DueMails(ctx, s.now().UnixMicro(), batch)
	if err != nil {
		return false, fmt.Errorf("read due mails: %w", err)
	}
	for _, m := range due {
		err := s.try(ctx, set, m)
		if err != nil || ctx.Err() != nil {
			return false, err
		}
	}
	return len(due) == batch && set.On(), nil
}

// try sends one mail and stores what came of it.
func (s *Service) try(ctx context.Context, set *Settings, m *Mail) error {
	now := s.now()
	switch {
	case m.Expires != 0 && now.UnixMicro() >= m.Expires:
		m.State, m.Link, m.NextAt = StateDropped, "", 0
		if m.Problem == "" {
			m.Problem = "There was no mail server before it expired."
		}
	case !set.On():
		m.NextAt = now.Add(time.Minute).UnixMicro() // so that those behind it are looked at, too
	default:
		err := s.deliver(ctx, set, m)
		if ctx.Err() != nil {
			return nil // the next start tries it again
		}
		m.Attempts++
		m.after(now, err)
	}
	err := s.store.UpdateMail(context.WithoutCancel(ctx), m)
	if errors.Is(err, account.ErrVersion) {
		return nil // it was revoked meanwhile
	}
	if err != nil {
		return fmt.Errorf("store what came of mail %s: %w", m.ID, err)
	}
	return nil
}

// after sets what an attempt means.
func (m *Mail) after(now time.Time, err error) {
	var bad *Refused
	switch {
	case err == nil:
		m.State, m.Sent, m.Problem, m.Link, m.NextAt = StateSent, now.UnixMicro(), "", "", 0
	case errors.As(err, &bad) && bad.Permanent:
		m.State, m.Problem, m.NextAt = StateFailed, err.Error(), 0
	default:
		wait := schedule[min(int(m.Attempts), len(schedule))-1]
		m.Problem, m.NextAt = err.Error(), now.Add(wait).UnixMicro()
	}
}

// List returns the mails of a workspace, or with "" those of the installation, newest
// first, which are its owners'. Links are shown to those who may write.
func (s *Service) List(ctx context.Context, p account.Principal, workspace, about, before string, limit int) ([]*Mail, error) {
	if !may(p, workspace, false) {
		return nil, account.ErrDenied
	}
	ms, err := s.store.ListMails(ctx, workspace, about, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list mails: %w", err)
	}
	for _, m := range ms {
		if !p.Write || (m.Expires != 0 && s.now().UnixMicro() >= m.Expires) {
			m.Link = ""
		}
	}
	return ms, nil
}

func may(p account.Principal, workspace string, write bool) bool {
	if workspace == "" {
		return p.Owner && p.Staff() && (p.Write || !write)
	}
	return p.May(workspace, write)
}

// Drop forgets the mails about something that were not sent: their links open nothing any
// more. The caller has authorized it.
func (s *Service) Drop(ctx context.Context, workspace, about string) error {
	ms, err := s.store.ListMails(ctx, workspace, about, "", 100)
	if err != nil {
		return fmt.Errorf("list mails about %s: %w", about, err)
	}
	for _, m := range ms {
		if m.Link == "" && m.State != StateQueued {
			continue
		}
		if m.State == StateQueued {
			m.State, m.NextAt, m.Problem = StateDropped, 0, "What it was about is settled."
		}
		m.Link = ""
		err := s.store.UpdateMail(ctx, m)
		if err != nil && !errors.Is(err, account.ErrVersion) {
			return fmt.Errorf("drop mail %s: %w", m.ID, err)
		}
	}
	return nil
}

// On reports whether mails are sent at all.
func (s *Service) On(ctx context.Context) (bool, error) {
	set, err := s.store.MailSettings(ctx)
	if err != nil {
		return false, fmt.Errorf("read mail settings: %w", err)
	}
	return set.On(), nil
}

// ServerDoc is what owners set; the password is never shown.
type ServerDoc struct {
	Host     string `json:"host" required:"false" maxLength:"253" example:"smtp.example.com" doc:"The mail server. Empty: mails are not sent, and their links are shown to you."`
	Port     int64  `json:"port" required:"false" minimum:"0" maximum:"65535" doc:"0: 465 with tls, 587 with starttls, 25 with none."`
	Security string `json:"security" required:"false" enum:"tls,starttls,none" doc:"tls from the first byte, starttls before anything is said, or none for a server on the same machine. Default starttls."`
	User     string `json:"user" required:"false" maxLength:"254" doc:"Name to sign in with. Empty: without signing in."`
	Password string `json:"password" required:"false" writeOnly:"true" maxLength:"500" doc:"Empty in a change keeps the present one."`
	From     string `json:"from" required:"false" maxLength:"254" example:"Acme partners <partners@acme.example>" doc:"Who mails come from."`
}

// Doc is the settings' document, without the password.
func (s *Settings) Doc() ServerDoc {
	d := ServerDoc{Host: s.Host, Port: s.Port, Security: s.Security, User: s.User, From: s.From}
	if d.Security == "" {
		d.Security = SecuritySTARTTLS
	}
	return d
}

// Settings returns the present ones. Only owners may.
func (s *Service) Settings(ctx context.Context, p account.Principal) (*Settings, error) {
	if !may(p, "", false) {
		return nil, account.ErrDenied
	}
	return s.store.MailSettings(ctx)
}

// Set writes the settings. Only owners may. version is the one that was read; 0 takes the
// current one.
func (s *Service) Set(ctx context.Context, p account.Principal, version int64, d ServerDoc) (*Settings, error) {
	set, err := s.proposed(ctx, p, d)
	if err != nil {
		return nil, err
	}
	if version != 0 && version != set.Version {
		return nil, account.ErrVersion
	}
	set.Updated = s.now().UnixMicro()
	err = s.store.SaveMailSettings(ctx, set)
	if err != nil {
		return nil, fmt.Errorf("store mail settings: %w", err)
	}
	s.Wake()
	return set, nil
}

// Test sends a test mail by the settings given, which need not be stored, and answers
// what the server said. Only owners may.
func (s *Service) Test(ctx context.Context, p account.Principal, d ServerDoc, to string) error {
	set, err := s.proposed(ctx, p, d)
	if err != nil {
		return err
	}
	bad := &account.Invalid{}
	if _, err := address(to); err != nil {
		bad.Add("to", "invalid_email", to, "Must be an e-mail address such as ann@example.com.")
	}
	if !set.On() {
		bad.Add("host", "required", "", "There is no mail server to test.")
	}
	if bad.Err() != nil {
		return bad
	}
	return s.deliver(ctx, set, &Mail{ID: event.NewID("mail_", s.now()), To: to, Subject: "Test mail", Body: "This is a test mail of clickledger. Mails are sent."})
}

// proposed are the settings as they would be, checked.
func (s *Service) proposed(ctx context.Context, p account.Principal, d ServerDoc) (*Settings, error) {
	if !may(p, "", true) {
		return nil, account.ErrDenied
	}
	now, err := s.store.MailSettings(ctx)
	if err != nil {
		return nil, fmt.Errorf("read mail settings: %w", err)
	}
	d.Host, d.User, d.From = strings.TrimSpace(d.Host), strings.TrimSpace(d.User), strings.TrimSpace(d.From)
	if d.Security == "" {
		d.Security = SecuritySTARTTLS
	}
	err = d.check()
	if err != nil {
		return nil, err
	}
	set := *now
	if d.Password == "" && d.Host == now.Host && d.User == now.User {
		d.Password = now.Password // it is for this server and nobody else
	}
	set.Host, set.Port, set.User, set.Password, set.Security, set.From = d.Host, d.Port, d.User, d.Password, d.Security, d.From
	return &set, nil
}

func (d *ServerDoc) check() error {
	bad := &account.Invalid{}
	for _, f := range []struct {
		name, value string
		most        int
	}{{"host", d.Host, 253}, {"user", d.User, 254}, {"password", d.Password, 500}, {"from", d.From, 254}} {
		value := f.value
		if f.name == "password" {
			value = ""
		}
		switch {
		case utf8.RuneCountInString(f.value) > f.most:
			bad.Add(f.name, "too_long", value, fmt.Sprintf("Must be at most %d characters long.", f.most))
		case f.value != oneLine(f.value) && f.name != "password", !utf8.ValidString(f.value), strings.ContainsAny(f.value, "\r\n\x00"):
			bad.Add(f.name, "characters", value, "Must not contain control characters or spaces in a row.")
		}
	}
	if d.Host == "" {
		return bad.Err() // mails are off: the rest is kept for later
	}
	if strings.ContainsAny(d.Host, " /:@") {
		bad.Add("host", "invalid_host", d.Host, "Must be the name of the server alone, such as smtp.example.com.")
	}
	if d.Port < 0 || d.Port > 65535 {
		bad.Add("port", "out_of_range", fmt.Sprint(d.Port), "Must be between 1 and 65535, or 0 for the usual one.")
	}
	if d.Security != SecurityTLS && d.Security != SecuritySTARTTLS && d.Security != SecurityNone {
		bad.Add("security", "not_one_of", d.Security, "Must be one of tls, starttls, none.")
	}
	if d.User != "" && d.Security == SecurityNone && !local(d.Host) {
		bad.Add("security", "password_in_the_clear", d.Security, "Without encryption the password could be read on its way; only a server on the same machine may have it so.")
	}
	if _, err := mail.ParseAddress(d.From); err != nil {
		bad.Add("from", "invalid_email", d.From, "Must be an address such as partners@acme.example, with a name before it if you like.")
	}
	return bad.Err()
}

func local(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }
