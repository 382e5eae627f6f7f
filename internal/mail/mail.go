// Package mail sends what people are told by e-mail: text mails with at most one link,
// queued in the store and sent by SMTP when the operator has set a server up.
//
// Invariants:
//   - A mail is stored before it is sent. It is sent at least once while it is worth
//     anything, and again and again, ever slower, while the server does not take it.
//   - Its link is a secret: it is kept apart from the text and forgotten once the mail was
//     sent. Until then the operator can see it and pass it on, so that an installation
//     without a mail server works, too.
//   - Nothing that was typed becomes a header: addresses are parsed, subjects are encoded.
package mail

import (
	"context"
	"strings"
	"time"
	"unicode"
)

// Mail is one mail, waiting or done.
type Mail struct {
	ID        string
	Workspace string // "" = of the installation: for its owners to see
	Created   int64  // µs
	Version   int64
	Purpose   string // one of [Purposes]
	About     string // id of what it is about
	To        string // one plain address
	Subject   string
	Body      string // plain text; [LinkHere] stands for the link
	Link      string // "" = there is none, or it was forgotten
	State     string // StateQueued, StateSent, StateFailed, StateDropped
	Attempts  int64
	NextAt    int64 // µs; of a queued mail
	Expires   int64 // µs; from then on it is not worth sending
	Sent      int64 // µs
	Problem   string
}

// Purposes are what mails are for: the doors of signing up, the decisions about a sign-up,
// what waits for staff, the decisions about access to an offer, and postbacks that fail.
var Purposes = []string{"confirm", "taken", "invite", "reset", "approved", "rejected", "signup", "application",
	"agreement_approved", "agreement_invited", "agreement_rejected", "agreement_paused", "agreement_revoked", "postback_paused"}

// LinkHere stands for the link in a mail's text.
const LinkHere = "{link}"

// States of a mail.
const (
	StateQueued  = "queued"
	StateSent    = "sent"
	StateFailed  = "failed"  // the server refuses it for good
	StateDropped = "dropped" // it was not worth sending any more
)

// Text is the whole text, with the link if it is still known.
func (m *Mail) Text() string {
	link := m.Link
	if link == "" {
		link = "(the link was sent and is not kept)"
	}
	return strings.ReplaceAll(m.Body, LinkHere, link)
}

// Settings say how mails are sent. The zero Settings send none.
type Settings struct {
	Host     string
	Port     int64
	User     string // "" = without signing in
	Password string
	Security string // SecurityTLS, SecuritySTARTTLS, SecurityNone
	From     string // address, or name and address, as in Acme <partners@acme.example>
	Updated  int64  // µs
	Version  int64  // 0 = never set
}

// How the connection is kept from listeners.
const (
	SecurityTLS      = "tls"      // from the first byte, usually port 465
	SecuritySTARTTLS = "starttls" // required; usually port 587
	SecurityNone     = "none"     // for a server on the same machine
)

// On reports whether there is a server to send by.
func (s *Settings) On() bool { return s.Host != "" }

// Store keeps mails and settings. Every method is one transaction, durable on return;
// absent rows are account.ErrNotFound, changed ones account.ErrVersion.
type Store interface {
	InsertMail(ctx context.Context, m *Mail) error
	// UpdateMail writes what may change of a mail, by Version.
	UpdateMail(ctx context.Context, m *Mail) error
	GetMail(ctx context.Context, id string) (*Mail, error)
	// DueMails are queued mails whose NextAt has come, the longest waiting first.
	DueMails(ctx context.Context, now int64, limit int) ([]*Mail, error)
	// ListMails gives the mails of a workspace exactly, newest first, those about one
	// thing when about is not "", before the id before when that is not "".
	ListMails(ctx context.Context, workspace, about, before string, limit int) ([]*Mail, error)
	// MailSettings are the zero Settings when they were never set.
	MailSettings(ctx context.Context) (*Settings, error)
	// SaveMailSettings writes by Version, and sets the new one.
	SaveMailSettings(ctx context.Context, s *Settings) error
}

// schedule is how long to wait after each failed attempt; the last one repeats until the
// mail expires.
var schedule = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour}

// oneLine makes text fit for a header: without control characters, not endless.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}
