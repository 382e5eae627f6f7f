package domains

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"clickledger/internal/catalog"
	"clickledger/internal/outbound"
)

// Bounds of a request that asks a domain who it leads to.
const (
	probeTime = 10 * time.Second
	dialTime  = 5 * time.Second
	maxHops   = 3
	maxAnswer = 1 << 10
)

// UserAgent is what the check calls itself.
const UserAgent = "clickledger-domain-check/1"

// failure is why a domain was not found to lead here.
type failure struct{ code, detail string }

func (f *failure) Error() string { return f.detail }

func fail(code, format string, args ...any) *failure {
	return &failure{code, fmt.Sprintf(format, args...)}
}

// probe asks the domain at the addresses who it leads to, over http or https. certUntil is
// when the certificate that was shown ends, µs, 0 = there was none.
func (s *Service) probe(ctx context.Context, d *catalog.Domain, addrs []netip.Addr, scheme, port string) (certUntil int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	var random [16]byte
	_, err = rand.Read(random[:])
	if err != nil {
		return 0, err
	}
	path, want := catalog.DomainProof(d.Token, hex.EncodeToString(random[:]))
	client := &http.Client{
		// Each hop is made by hand, so that each is checked.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext:            s.dialer(addrs),
			TLSClientConfig:        &tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    dialTime,
			ResponseHeaderTimeout:  probeTime,
			MaxResponseHeaderBytes: 16 << 10,
			DisableKeepAlives:      true,
			Proxy:                  nil, // a proxy would dial for us, unchecked
		},
	}
	at := &url.URL{Scheme: scheme, Host: d.Host, Path: path}
	if port != "" {
		at.Host = net.JoinHostPort(d.Host, port)
	}
	for range maxHops + 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("User-Agent", UserAgent)
		res, err := client.Do(req)
		if err != nil {
			return 0, unanswered(ctx, d.Host, at.Scheme, err)
		}
		body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		_ = res.Body.Close() // all that is wanted was read
		if err != nil {
			return 0, unanswered(ctx, d.Host, at.Scheme, err)
		}
		if res.TLS != nil && len(res.TLS.PeerCertificates) > 0 {
			certUntil = res.TLS.PeerCertificates[0].NotAfter.UnixMicro()
		}
		if res.StatusCode == http.StatusOK && hmac.Equal([]byte(strings.TrimSpace(string(body))), []byte(want)) {
			return certUntil, nil
		}
		next, err := at.Parse(res.Header.Get("Location"))
		if res.StatusCode/100 != 3 || err != nil || res.Header.Get("Location") == "" {
			return 0, fail(SomebodyElse, "%s is answered by another server, or by a proxy that does not pass its name on: the answer was %d and not ours. Behind a proxy, pass the Host header through unchanged.", d.Host, res.StatusCode)
		}
		if !strings.EqualFold(next.Hostname(), d.Host) || next.Scheme != "http" && next.Scheme != "https" {
			return 0, fail(SomebodyElse, "%s redirects to %s, where the check does not follow: another server answers, or a proxy in front of this one redirects.", d.Host, clip(next.Hostname()))
		}
		at = next
	}
	return 0, fail(SomebodyElse, "%s redirects in a circle.", d.Host)
}

// dialer connects to one of the addresses that were looked up, whatever the name means by
// then, and to no private one unless that is allowed.
func (s *Service) dialer(addrs []netip.Addr) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, _, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		dial := net.Dialer{Timeout: dialTime}
		err = errors.New("no address")
		for _, a := range addrs {
			if !s.AllowPrivate && !outbound.Public(a) {
				err = &outbound.PrivateAddrError{Addr: a.String()}
				continue
			}
			var c net.Conn
			c, err = dial.DialContext(ctx, "tcp", net.JoinHostPort(a.String(), port))
			if err == nil {
				return c, nil
			}
		}
		return nil, err
	}
}

// unanswered says why there was no answer, without the URL.
func unanswered(ctx context.Context, host, scheme string, err error) error {
	var private *outbound.PrivateAddrError
	var cert *tls.CertificateVerificationError
	var alert tls.AlertError
	var op *net.OpError
	why := ""
	switch {
	case errors.As(err, &private):
		return fail(PrivateAddr, "%s leads to %s, a private address: visitors cannot reach it, and it is not called.", host, private.Addr)
	case errors.As(err, &cert):
		return fail(NoCertificate, "The certificate of %s is not valid: %s.", host, clip(cert.Err.Error()))
	case errors.As(err, &alert), scheme == "https" && strings.Contains(err.Error(), "tls: "):
		return fail(NoCertificate, "The server at %s has no certificate for it.", host)
	case ctx.Err() != nil:
		why = fmt.Sprintf("no answer within %s", probeTime)
	case errors.As(err, &op):
		why = strings.TrimPrefix(op.Error(), "dial ")
	default:
		why = "the connection broke off"
	}
	return fail(Unreachable, "Nobody answers at %s by %s: %s. If its addresses are right, look at the firewall; some routers let nobody call their own public address from inside.", host, scheme, clip(why))
}

// clip bounds what others wrote.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "")
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}
