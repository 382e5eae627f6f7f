package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// runFile tells verify and backup of the same machine how to reach the server that
// has the folder: its address and a token of this run. Only the folder's owner can
// read it.
const runFile = "running.json"

// Running is the content of the run file.
type Running struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

func (a *App) writeRun(l net.Listener) error {
	b, err := json.Marshal(Running{URL: "http://" + loopback(l.Addr().String()), Token: a.localToken})
	if err != nil {
		return err
	}
	return WriteFileSync(a.folder.file(runFile), b)
}

func (a *App) removeRun() {
	err := os.Remove(a.folder.file(runFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		a.Logger.Warn("remove the run file", "error", err)
	}
}

// loopback turns a wildcard address into one that can be dialed.
func loopback(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// NewToken makes an unguessable token of 26 characters.
func NewToken() string { return rand.Text() }

// Ask calls an operator's endpoint of the server that has the folder.
func Ask(ctx context.Context, data, method, path string, to io.Writer) error {
	b, err := os.ReadFile(filepath.Join(data, runFile))
	if err != nil {
		return fmt.Errorf("the data folder %s is in use, and its server cannot be found: %w", data, err)
	}
	var r Running
	err = json.Unmarshal(b, &r)
	if err != nil {
		return fmt.Errorf("read %s: %w", runFile, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.URL+path, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask the running server: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var body bytes.Buffer
		_, err := io.Copy(&body, io.LimitReader(res.Body, 4096))
		return errors.Join(fmt.Errorf("the running server answered %s: %s", res.Status, body.String()), err)
	}
	_, err = io.Copy(to, res.Body)
	if err != nil {
		return fmt.Errorf("read the running server's answer: %w", err)
	}
	return nil
}
