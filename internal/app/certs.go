package app

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"clickledger/internal/certs"
	"clickledger/internal/domains"
)

// openCertificates makes what gets certificates, where the server speaks HTTPS itself; nil
// where a proxy does. Which names may have one is asked with each.
func (a *App) openCertificates() domains.Certificates {
	if a.Config.TLSListen == "" {
		return nil
	}
	_, text, err := net.SplitHostPort(a.Config.Listen)
	port := 0
	if err == nil {
		port, _ = strconv.Atoi(text) // the listener would not open with another
	}
	a.certs = certs.New(certs.Options{Folder: a.folder.file("certificates"), Directory: a.Config.ACMEDirectory, Email: a.Config.ACMEEmail,
		Refuse: a.refuseCertificate, HTTPPort: port, Logger: a.Logger})
	a.onClose(func(context.Context) error {
		a.certs.Close()
		return nil
	})
	return a.certs
}

// listenTLS opens the HTTPS listener, nil when there is none.
func (a *App) listenTLS() (net.Listener, error) {
	if a.certs == nil {
		return nil, nil
	}
	l, err := net.Listen("tcp", a.Config.TLSListen)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", a.Config.TLSListen, err)
	}
	return l, nil
}
