package signup

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"clickledger/internal/account"
	"clickledger/internal/catalog"
	"clickledger/internal/event"
	"clickledger/internal/mail"
)

// Service lets people in.
type Service struct {
	Options
	limits *account.Limiter
	behind sync.WaitGroup // what is done after the answer
}

// Options are what a [Service] needs.
type Options struct {
	Store    Store
	Mail     Mailer
	Accounts *account.Service
	Catalog  *catalog.Service
	// URL is the console's, without a slash at its end: links in mails begin with it.
	URL    string
	Now    func() time.Time
	Logger *slog.Logger
}

// Mailer is what it needs of mail.Service.
type Mailer interface {
	Queue(ctx context.Context, m *mail.Mail) error
	Drop(ctx context.Context, workspace, about string) error
}

// How long links open their doors.
const (
	ConfirmLife = 3 * 24 * time.Hour
	InviteLife  = 14 * 24 * time.Hour
	ResetLife   = time.Hour
	noticeLife  = 3 * 24 * time.Hour // of mails without a link
)

// New makes a service.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.URL = strings.TrimRight(o.URL, "/")
	return &Service{Options: o, limits: account.NewLimiter(o.Now)}
}

// Wait waits for what is still being done after answers were given.
func (s *Service) Wait() { s.behind.Wait() }

// door is the service itself as who makes parties: the token has authorized it.
var door = account.Principal{ID: "signup", Name: "Sign-up", Owner: true, Write: true}

// Limits on what comes from outside: from one address, and mails to one address, which a
// stranger may have typed.
var (
	perAddress = account.Allowance{Burst: 10, Every: time.Minute}
	perEmail   = account.Allowance{Burst: 3, Every: 20 * time.Minute}
	perToken   = account.Allowance{Burst: 30, Every: 10 * time.Second}
)

// workspace is the one of a public page; archived ones have none.
func (s *Service) workspace(ctx context.Context, id string) (*catalog.Workspace, error) {
	e, err := s.Catalog.Get(ctx, door, catalog.KindWorkspace, id, id)
	if err != nil {
		return nil, err
	}
	ws, ok := e.(*catalog.Workspace)
	if !ok || ws.Archived {
		return nil, account.ErrNotFound
	}
	return ws, nil
}

// secret is a new token's value, 160 random bits.
func secret() string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	var b [32]byte
	rand.Read(b[:]) // never fails: it ends the process instead
	for i := range b {
		b[i] = alphabet[b[i]&31]
	}
	return "clt_" + string(b[:])
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// issue makes a token and gives its link. path is of the console's page.
func (s *Service) issue(ctx context.Context, purpose, subject, path string, life time.Duration) (link string, expires int64, err error) {
	now := s.Now()
	value := secret()
	t := &Token{Hash: hashOf(value), Purpose: purpose, Subject: subject, Created: now.UnixMicro(), Expires: now.Add(life).UnixMicro()}
	err = s.Store.InsertToken(ctx, t)
	if err != nil {
		return "", 0, fmt.Errorf("store token: %w", err)
	}
	return s.URL + path + "?token=" + url.QueryEscape(value), t.Expires, nil
}

// blank stores a token that opens nothing: an answer without a link takes as long as one
// with it.
func (s *Service) blank(ctx context.Context, subject string) error {
	now := s.Now().UnixMicro()
	err := s.Store.InsertToken(ctx, &Token{Hash: hashOf(secret()), Purpose: "none", Subject: subject, Created: now, Expires: now, Used: now})
	if err != nil {
		return fmt.Errorf("store token: %w", err)
	}
	return nil
}

// open finds the token of a link that still opens its door; [ErrToken] otherwise.
func (s *Service) open(ctx context.Context, purpose, value string) (*Token, error) {
	if value == "" || len(value) > 100 {
		return nil, ErrToken
	}
	t, err := s.Store.GetToken(ctx, hashOf(value))
	if errors.Is(err, account.ErrNotFound) {
		return nil, ErrToken
	}
	if err != nil {
		return nil, fmt.Errorf("look up token: %w", err)
	}
	if t.Purpose != purpose || t.Used != 0 || s.Now().UnixMicro() >= t.Expires {
		return nil, ErrToken
	}
	return t, nil
}

// use closes the door behind who came through.
func (s *Service) use(ctx context.Context, t *Token) error {
	ok, err := s.Store.UseToken(ctx, t.Hash, s.Now().UnixMicro())
	if err != nil {
		return fmt.Errorf("use token: %w", err)
	}
	if !ok {
		return ErrToken
	}
	return nil
}

// knock limits tries of tokens, of one address.
func (s *Service) knock(addr string) error {
	return s.limits.Take("t:"+account.Network(addr), perToken)
}

// cleanEmail is the form in which addresses are compared and kept.
func cleanEmail(e string) string { return strings.ToLower(strings.TrimSpace(e)) }

// mailTo queues a mail to an address; a few an hour, since strangers may type it.
func (s *Service) mailTo(ctx context.Context, m *mail.Mail) error {
	err := s.limits.Take("m:"+m.To, perEmail)
	var throttled *account.ErrThrottled
	if errors.As(err, &throttled) {
		return nil // who waits for one has got three
	}
	return s.Mail.Queue(ctx, m)
}

func (s *Service) newID(prefix string) string { return event.NewID(prefix, s.Now()) }

// Contact is who looks after a party, as its people may know them: empty when nobody does.
func (s *Service) Contact(ctx context.Context, party account.Party) (name, email string, err error) {
	e, err := s.Catalog.Get(ctx, door, catalog.Kind(party.Kind), party.Workspace, party.ID)
	if err != nil {
		return "", "", err
	}
	manager := managerOf(e)
	if manager == "" {
		return "", "", nil
	}
	is, err := s.Accounts.IsStaff(ctx, party.Workspace, manager)
	if err != nil || !is {
		return "", "", err
	}
	u, err := s.Accounts.GetUser(ctx, door, manager)
	if err != nil {
		return "", "", err
	}
	return u.Principal().Name, u.Email, nil
}

// managerOf is who looks after a party, "" = nobody.
func managerOf(e catalog.Entity) string {
	switch e := e.(type) {
	case *catalog.Publisher:
		return e.Manager
	case *catalog.Advertiser:
		return e.Manager
	}
	return ""
}
