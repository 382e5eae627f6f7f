package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Refused says that the server, or we ourselves, do not take a mail.
type Refused struct {
	Permanent bool // trying again is of no use
	Msg       string
}

// Error is the sentence.
func (e *Refused) Error() string { return e.Msg }

// deadline bounds the whole conversation about one mail.
const deadline = 45 * time.Second

// address parses one plain address; a name, a list or a line break in it is refused.
func address(s string) (string, error) {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 || strings.ContainsAny(s, "\r\n\x00<> ") {
		return "", errors.New("not an e-mail address")
	}
	return a.Address, nil
}

// port is the one to call.
func (s *Settings) port() int64 {
	switch {
	case s.Port != 0:
		return s.Port
	case s.Security == SecurityTLS:
		return 465
	case s.Security == SecuritySTARTTLS:
		return 587
	}
	return 25
}

// deliver hands one mail to the server. A failure says what happened at which step.
func (s *Service) deliver(ctx context.Context, set *Settings, m *Mail) error {
	from, err := mail.ParseAddress(set.From)
	if err != nil {
		return &Refused{Permanent: false, Msg: "The sender's address is not one: " + set.From + "."}
	}
	to, err := address(m.To)
	if err != nil {
		return &Refused{Permanent: true, Msg: "The recipient's address is not one."}
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	c, err := s.dial(ctx, set)
	if err != nil {
		return err
	}
	defer c.Close() // after Quit there is nothing left to close
	err = s.signIn(c, set)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what  string
		final bool // its refusal is about this mail alone
		do    func() error
	}{
		{"does not take mail from " + from.Address, false, func() error { return c.Mail(from.Address) }},
		{"does not take mail for " + to, true, func() error { return c.Rcpt(to) }},
		{"did not take the mail", true, func() error {
			w, err := c.Data()
			if err != nil {
				return err
			}
			_, err = w.Write(message(from, to, m, s.now()))
			return errors.Join(err, w.Close())
		}},
	} {
		err := step.do()
		if err != nil {
			bad := refusal("The server "+step.what, err)
			bad.Permanent = bad.Permanent && step.final
			return bad
		}
	}
	_ = c.Quit() // the mail is theirs by now
	return nil
}

// dial opens the conversation, encrypted as the settings say.
func (s *Service) dial(ctx context.Context, set *Settings) (*smtp.Client, error) {
	at := net.JoinHostPort(set.Host, strconv.FormatInt(set.port(), 10))
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", at)
	if err != nil {
		return nil, refusal("There is no connection to "+at, err)
	}
	until, _ := ctx.Deadline()
	_ = conn.SetDeadline(until) // a connection that takes none ends by its own errors
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.tls != nil {
		conf = s.tls.Clone()
	}
	conf.ServerName = set.Host
	if set.Security == SecurityTLS {
		secure := tls.Client(conn, conf)
		err := secure.HandshakeContext(ctx)
		if err != nil {
			stop()
			conn.Close()
			return nil, refusal("The connection to "+at+" could not be encrypted", err)
		}
		conn = secure
	}
	c, err := smtp.NewClient(conn, set.Host)
	if err != nil {
		stop()
		conn.Close()
		return nil, refusal("The server does not greet", err)
	}
	if set.Security == SecuritySTARTTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			c.Close()
			return nil, &Refused{Msg: "The server does not offer STARTTLS: nothing was sent."}
		}
		err := c.StartTLS(conf)
		if err != nil {
			c.Close()
			return nil, refusal("The connection to "+at+" could not be encrypted", err)
		}
	}
	return c, nil
}

// signIn gives the server the name and the password, if there are any.
func (s *Service) signIn(c *smtp.Client, set *Settings) error {
	if set.User == "" {
		return nil
	}
	_, offered := c.Extension("AUTH")
	ways := strings.Fields(strings.ToUpper(offered))
	var auth smtp.Auth
	switch {
	case slices.Contains(ways, "PLAIN"):
		auth = smtp.PlainAuth("", set.User, set.Password, set.Host)
	case slices.Contains(ways, "LOGIN"):
		auth = &login{set.User, set.Password, set.Host}
	default:
		return &Refused{Msg: "The server offers no way to sign in that is known here: PLAIN or LOGIN."}
	}
	err := c.Auth(auth)
	if err != nil {
		return refusal("The server does not accept the user name and password", err)
	}
	return nil
}

// login is the older way to sign in, which some servers have alone.
type login struct{ user, password, host string }

// Start begins it; never in the clear, except on this machine.
func (l *login) Start(info *smtp.ServerInfo) (string, []byte, error) {
	if !info.TLS && !local(info.Name) {
		return "", nil, errors.New("the connection is not encrypted")
	}
	return "LOGIN", nil, nil
}

// Next answers the two questions in their order.
func (l *login) Next(question []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	if strings.HasPrefix(strings.ToLower(string(question)), "user") {
		return []byte(l.user), nil
	}
	return []byte(l.password), nil
}

// refusal makes a sentence of an error. The server's own 5xx may be for good; everything
// else may be better later.
func refusal(what string, err error) *Refused {
	var said *textproto.Error
	if errors.As(err, &said) {
		permanent := said.Code >= 550 && said.Code < 560 && said.Code != 552
		return &Refused{permanent, fmt.Sprintf("%s: %d %s", what, said.Code, oneLine(said.Msg))}
	}
	if errors.Is(err, io.EOF) {
		return &Refused{Msg: what + ": the server hung up."}
	}
	return &Refused{Msg: what + ": " + oneLine(err.Error()) + "."}
}

// message is the mail as it goes over the wire.
func message(from *mail.Address, to string, m *Mail, now time.Time) []byte {
	var b bytes.Buffer
	domain := from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	for _, h := range [][2]string{
		{"From", from.String()}, {"To", to}, {"Subject", mime.QEncoding.Encode("utf-8", oneLine(m.Subject))},
		{"Date", now.UTC().Format(time.RFC1123Z)}, {"Message-ID", "<" + m.ID + "@" + domain + ">"},
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"},
		{"Auto-Submitted", "auto-generated"},
	} {
		b.WriteString(h[0] + ": " + h[1] + "\r\n")
	}
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	text := strings.ReplaceAll(strings.ReplaceAll(m.Text(), "\r\n", "\n"), "\r", "\n")
	_, _ = w.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))) // a buffer takes everything
	_ = w.Close()
	b.WriteString("\r\n")
	return b.Bytes()
}
