package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// VerifyFolder verifies a data folder: through its server when one runs on it, else
// by opening it and catching up.
func VerifyFolder(ctx context.Context, cfg *Config, logger *slog.Logger) (*Verdict, error) {
	a, err := openOffline(ctx, cfg, logger)
	if errors.Is(err, ErrInUse) {
		var buf bytes.Buffer
		err := Ask(ctx, cfg.Data, http.MethodPost, "/operator/verify", &buf)
		if err != nil {
			return nil, err
		}
		v := new(Verdict)
		err = json.Unmarshal(buf.Bytes(), v)
		if err != nil {
			return nil, fmt.Errorf("read the running server's verdict: %w", err)
		}
		return v, nil
	}
	if err != nil {
		return nil, err
	}
	var v *Verdict
	err = a.offline(ctx, func(ctx context.Context) error {
		var err error
		v, err = a.Verify(ctx)
		return err
	})
	return v, errors.Join(err, a.Close(context.WithoutCancel(ctx)))
}

// openOffline opens a folder that must exist, without a listener.
func openOffline(ctx context.Context, cfg *Config, logger *slog.Logger) (*App, error) {
	_, err := os.Stat(filepath.Join(cfg.Data, "FORMAT"))
	if err != nil {
		return nil, fmt.Errorf("%s is not a data folder of clickledger: %w", cfg.Data, err)
	}
	return Open(ctx, cfg, Options{Logger: logger})
}

// offline runs the log's consumers, and nothing that talks to the outside, while fn
// runs.
func (a *App) offline(ctx context.Context, fn func(context.Context) error) error {
	work, stop := context.WithCancel(ctx)
	g, gctx := errgroup.WithContext(work)
	for _, run := range []func(context.Context) error{a.indexSink.Run, a.factsSink.Run, a.processor.Run} {
		g.Go(func() error { return run(gctx) })
	}
	done := make(chan error, 1)
	go func() { done <- fn(gctx) }()
	var err error
	select {
	case err = <-done:
	case <-gctx.Done():
		err = errors.Join(context.Cause(gctx), <-done)
	}
	stop()
	return errors.Join(err, g.Wait())
}
