package mail

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// letter is what the server took.
type letter struct {
	from, to, data string
	user, password string
	secure         bool
}

// smtpServer is a small SMTP server on loopback that speaks enough of the protocol to be
// one: greeting, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, QUIT.
type smtpServer struct {
	t        *testing.T
	addr     *net.TCPAddr
	conf     *tls.Config
	roots    *x509.CertPool
	implicit bool   // TLS from the first byte
	auth     string // what AUTH offers
	startTLS bool

	mu      sync.Mutex
	answers map[string]string // first word of a command → the answer in place of the usual one
	letters []letter
}

func newServer(t *testing.T, set func(*smtpServer)) *smtpServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s := &smtpServer{t: t, roots: x509.NewCertPool(), startTLS: true, auth: "PLAIN", answers: map[string]string{},
		conf: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}}
	s.roots.AddCert(cert)
	if set != nil {
		set(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().(*net.TCPAddr)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return s
}

func (s *smtpServer) serve(conn net.Conn) {
	defer func() { conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	if s.implicit {
		conn = tls.Server(conn, s.conf)
	}
	r := bufio.NewReader(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	read := func() string {
		line, err := r.ReadString('\n')
		if err != nil {
			return ""
		}
		return strings.TrimRight(line, "\r\n")
	}
	var l letter
	l.secure = s.implicit
	say("220 ready")
	for {
		line := read()
		if line == "" {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		verb = strings.ToUpper(verb)
		s.mu.Lock()
		other := s.answers[verb]
		s.mu.Unlock()
		switch {
		case other == "hang up":
			return
		case other != "":
			say(other)
			continue
		}
		switch verb {
		case "EHLO", "HELO":
			ext := []string{"localhost"}
			if s.startTLS && !l.secure {
				ext = append(ext, "STARTTLS")
			}
			if s.auth != "" {
				ext = append(ext, "AUTH "+s.auth)
			}
			for i, e := range ext {
				sep := "-"
				if i == len(ext)-1 {
					sep = " "
				}
				say("250" + sep + e)
			}
		case "STARTTLS":
			say("220 go")
			conn = tls.Server(conn, s.conf)
			r = bufio.NewReader(conn)
			l.secure = true
		case "AUTH":
			if strings.HasPrefix(rest, "PLAIN ") {
				b, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
				parts := strings.Split(string(b), "\x00")
				if len(parts) == 3 {
					l.user, l.password = parts[1], parts[2]
				}
			} else {
				say("334 " + base64.StdEncoding.EncodeToString([]byte("Username:")))
				u, _ := base64.StdEncoding.DecodeString(read())
				say("334 " + base64.StdEncoding.EncodeToString([]byte("Password:")))
				p, _ := base64.StdEncoding.DecodeString(read())
				l.user, l.password = string(u), string(p)
			}
			if l.password != "s3cret" {
				say("535 5.7.8 wrong")
				continue
			}
			say("235 ok")
		case "MAIL":
			l.from = rest
			say("250 ok")
		case "RCPT":
			l.to = rest
			say("250 ok")
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				line := read()
				if line == "." {
					break
				}
				b.WriteString(line + "\n")
			}
			l.data = b.String()
			s.mu.Lock()
			s.letters = append(s.letters, l)
			s.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("500 what")
		}
	}
}

func (s *smtpServer) got() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]letter(nil), s.letters...)
}

func (s *smtpServer) answer(verb, line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[verb] = line
}

func (s *smtpServer) settings() ServerDoc {
	port, _ := strconv.ParseInt(strconv.Itoa(s.addr.Port), 10, 64)
	return ServerDoc{Host: "localhost", Port: port, Security: SecuritySTARTTLS, User: "mailer", Password: "s3cret", From: "Acme <partners@acme.example>"}
}
