// Package certs gets and renews TLS certificates by ACME, for a server without a proxy in
// front of it.
//
// Invariants:
//   - No certificate is asked for, renewed or served from storage anew under a name that the
//     decision function refuses: strangers cannot make us knock at the authority.
//   - Account keys and certificates are in one folder that only the server's user can read.
package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// LetsEncrypt is the default directory.
const LetsEncrypt = certmagic.LetsEncryptProductionCA

// Options are what a [Keeper] needs.
type Options struct {
	Folder    string // of keys and certificates
	Directory string // URL of the authority's ACME directory
	Email     string // of the account, may be empty
	// Refuse says why there must be no certificate for a name, "" = there may be.
	Refuse func(host string) string
	// HTTPPort is where the server itself listens for http: the authority asks there, by port
	// 80 of the outside.
	HTTPPort int
	Roots    *x509.CertPool // whom to trust as the authority, nil = the system's
	Logger   *slog.Logger
}

// Keeper has certificates.
type Keeper struct {
	refuse   func(host string) string
	cache    *certmagic.Cache
	onDemand *certmagic.Config
	eager    *certmagic.Config
	issuer   *certmagic.ACMEIssuer
}

// ChallengePath begins the paths under which the authority asks.
const ChallengePath = "/.well-known/acme-challenge/"

// New makes a keeper. Nothing is asked for yet.
func New(o Options) *Keeper {
	k := &Keeper{refuse: o.Refuse}
	quiet := zap.NewNop() // what matters comes as an event
	k.cache = certmagic.NewCache(certmagic.CacheOptions{Logger: quiet, GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return k.onDemand, nil }})
	base := certmagic.Config{Storage: &certmagic.FileStorage{Path: o.Folder}, Logger: quiet, OnEvent: func(_ context.Context, event string, data map[string]any) error {
		switch event {
		case "cert_obtained":
			o.Logger.Info("a certificate was obtained", "host", data["identifier"])
		case "cert_failed":
			o.Logger.Warn("no certificate could be had", "host", data["identifier"], "error", data["error"])
		}
		return nil
	}}
	demand := base
	demand.OnDemand = &certmagic.OnDemandConfig{DecisionFunc: func(_ context.Context, name string) error { return k.decide(name) }}
	k.onDemand, k.eager = certmagic.New(k.cache, demand), certmagic.New(k.cache, base)
	k.issuer = certmagic.NewACMEIssuer(k.eager, certmagic.ACMEIssuer{
		CA: o.Directory, TestCA: o.Directory, Email: o.Email, Agreed: true, DisableTLSALPNChallenge: true, AltHTTPPort: o.HTTPPort, TrustedRoots: o.Roots, Logger: quiet,
	})
	k.onDemand.Issuers, k.eager.Issuers = []certmagic.Issuer{k.issuer}, []certmagic.Issuer{k.issuer}
	return k
}

func (k *Keeper) decide(name string) error {
	if why := k.refuse(name); why != "" {
		return errors.New(why)
	}
	return nil
}

// TLS is the configuration of a listener: it serves certificates that are there, and gets
// those that may be had when a visitor asks for the name.
func (k *Keeper) TLS() *tls.Config {
	c := k.onDemand.TLSConfig()
	c.MinVersion = tls.VersionTLS12
	c.NextProtos = []string{"h2", "http/1.1"}
	return c
}

// Challenge answers the authority, and reports whether it was it that asked.
func (k *Keeper) Challenge(w http.ResponseWriter, r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, ChallengePath) && k.issuer.HandleHTTPChallenge(w, r)
}

// Obtain gets a certificate for the host, or leaves the one there is.
func (k *Keeper) Obtain(ctx context.Context, host string) error {
	err := k.decide(host)
	if err == nil {
		err = k.eager.ObtainCertSync(ctx, host)
	}
	if err != nil {
		return fmt.Errorf("certificate for %s: %w", host, err)
	}
	return nil
}

// Close ends the care for what is in memory.
func (k *Keeper) Close() { k.cache.Stop() }
