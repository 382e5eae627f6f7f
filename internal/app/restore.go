package app

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"clickledger/internal/eventlog"
)

// Restore makes a data folder, which must not exist or be empty, from a backup. It
// reads the backup through before it makes anything, and leaves nothing behind when
// it fails.
func Restore(ctx context.Context, data, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	have, err := os.ReadDir(data)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(have) > 0 {
		return fmt.Errorf("%s is not empty; restore into a new folder", data)
	}
	size, err := checkSum(ctx, f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	_, err = f.Seek(0, io.SeekStart)
	if err != nil {
		return err
	}
	// What is marked is not opened by a server: a restore that is killed stays a
	// restore that broke off.
	err = os.MkdirAll(data, 0o700)
	if err == nil {
		err = WriteFileSync(filepath.Join(data, restoring), nil)
	}
	if err != nil {
		return fmt.Errorf("the data folder %s cannot be written: %w", data, err)
	}
	err = restoreInto(ctx, data, tar.NewReader(f), size)
	if err != nil {
		return errors.Join(err, removeContents(data))
	}
	err = os.Remove(filepath.Join(data, restoring))
	if err != nil {
		return err
	}
	return syncDir(data)
}

// checkSum reads a backup through and compares it with the sum at its end. It returns
// the size.
func checkSum(ctx context.Context, f *os.File) (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if !st.Mode().IsRegular() || st.Size() <= sumTail {
		return 0, fmt.Errorf("this is not a backup of clickledger: %w", errBackup)
	}
	sum := sha256.New()
	rest := io.LimitReader(f, st.Size()-sumTail)
	for {
		_, err := io.CopyN(sum, rest, logChunk)
		if errors.Is(err, io.EOF) {
			break
		}
		err = errors.Join(err, ctx.Err())
		if err != nil {
			return 0, err
		}
	}
	t := tar.NewReader(f)
	h, err := t.Next()
	if err != nil || h.Name != sumName {
		return 0, fmt.Errorf("it is cut short, or not a backup of clickledger: %w", errBackup)
	}
	want, err := io.ReadAll(t)
	if err != nil {
		return 0, fmt.Errorf("read its sum: %w", errors.Join(errBackup, err))
	}
	if string(want) != hex.EncodeToString(sum.Sum(nil)) {
		return 0, fmt.Errorf("its bytes are not those that were written: %w", errBackup)
	}
	return st.Size(), nil
}

func removeContents(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return errors.Join(errs...)
}

func restoreInto(ctx context.Context, data string, t *tar.Reader, size int64) error {
	folder, err := lockFolder(data)
	if err != nil {
		return err
	}
	return errors.Join(folder.restore(ctx, t, size), folder.Close())
}

func (f *Folder) restore(ctx context.Context, t *tar.Reader, size int64) error {
	h, err := t.Next()
	if err != nil || h.Name != manifestName {
		return fmt.Errorf("this is not a backup of clickledger: %w", errors.Join(errBackup, err))
	}
	var m manifest
	err = json.NewDecoder(t).Decode(&m)
	if err != nil {
		return fmt.Errorf("read the manifest: %w", err)
	}
	if m.Format > Format {
		return fmt.Errorf("the backup was made by a newer clickledger (%s); use that version", m.Version)
	}
	dirs := map[string]bool{}
	h, err = t.Next()
	for ; err == nil && h.Name != sumName && !strings.HasPrefix(h.Name, logName); h, err = t.Next() {
		dir, err := f.restoreFile(h.Name, t)
		if err != nil {
			return fmt.Errorf("restore %s: %w", h.Name, err)
		}
		for ; len(dir) >= len(f.Path); dir = filepath.Dir(dir) {
			dirs[dir] = true
		}
	}
	for dir := range dirs {
		err := syncDir(dir)
		if err != nil {
			return fmt.Errorf("sync %s: %w", dir, err)
		}
	}
	chunk := bytes.NewReader(nil)
	next := func() (eventlog.Batch, error) {
		for chunk.Len() == 0 {
			switch {
			case err != nil:
				return eventlog.Batch{}, err
			case h.Name == sumName:
				return eventlog.Batch{}, io.EOF
			case !strings.HasPrefix(h.Name, logName):
				return eventlog.Batch{}, errBackup
			}
			b, rerr := io.ReadAll(t)
			if rerr != nil {
				return eventlog.Batch{}, rerr
			}
			chunk.Reset(b)
			h, err = t.Next()
		}
		return readBatch(chunk)
	}
	o := eventlog.Options{Dir: f.file("log"), MaxBytes: max(10<<30, 2*size), Logger: slog.New(slog.DiscardHandler)}
	ierr := eventlog.Import(ctx, o, m.Stream, m.First, m.Last, next)
	if ierr != nil {
		return fmt.Errorf("restore the log: %w", ierr)
	}
	return nil
}

// restoreFile writes one file and returns its folder, which is still to be synced.
func (f *Folder) restoreFile(name string, r io.Reader) (string, error) {
	to := name
	switch {
	case strings.HasPrefix(name, segmentsName):
		to = filepath.Join("facts", name)
	case strings.HasPrefix(name, certsName):
	case name == "books.db":
	case strings.HasPrefix(name, "clickid-") && strings.HasSuffix(name, ".mark"):
	default:
		return "", errBackup
	}
	if !filepath.IsLocal(to) {
		return "", errBackup
	}
	path := f.file(to)
	dir := filepath.Dir(path)
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return "", err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, r)
	if err == nil {
		err = out.Sync()
	}
	return dir, errors.Join(err, out.Close())
}
