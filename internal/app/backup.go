package app

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/eventlog"
	"clickledger/internal/store"
)

// A backup is a tar file of, in this order: manifest.json, books.db, the click ids'
// high-water marks, the sealed segments, and the log from its first message up to the
// position of the copied books. Cutting the log there makes the parts one moment:
// facts that later judgments put into the log are not in it.

// manifest describes a backup.
type manifest struct {
	Format  int       `json:"format"`
	Version string    `json:"version"`
	Created time.Time `json:"created"`
	Stream  string    `json:"stream"`
	First   uint64    `json:"first"` // sequences of the log that follow
	Last    uint64    `json:"last"`
}

// logChunk is how much of the log one entry of the tar file holds, in bytes.
const logChunk = 4 << 20

// Backup writes everything that is kept to w, while the server goes on.
func (a *App) Backup(ctx context.Context, w io.Writer) error {
	tmp, err := os.MkdirTemp(a.folder.Path, "backup-")
	if err != nil {
		return fmt.Errorf("make a folder for the copy: %w", err)
	}
	defer os.RemoveAll(tmp)
	copied := filepath.Join(tmp, "books.db")
	err = a.db.Books().Backup(ctx, copied)
	if err != nil {
		return fmt.Errorf("copy the books: %w", err)
	}
	pos, err := copiedPosition(ctx, copied)
	if err != nil {
		return err
	}
	first, err := a.log.First()
	if err != nil {
		return fmt.Errorf("read the log's first sequence: %w", err)
	}
	t := tar.NewWriter(w)
	m := manifest{Format: Format, Version: Version, Created: time.Now().UTC(), Stream: a.log.StreamID(), First: first, Last: pos.Seq}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	err = addBytes(t, "manifest.json", b)
	if err != nil {
		return err
	}
	marks, err := filepath.Glob(a.folder.file("clickid-*.mark"))
	if err != nil {
		return err
	}
	files := map[string]string{"books.db": copied}
	names := []string{"books.db"}
	for _, f := range marks {
		files[filepath.Base(f)] = f
		names = append(names, filepath.Base(f))
	}
	segments, err := a.facts.Segments(ctx)
	if err != nil {
		return fmt.Errorf("list the segments: %w", err)
	}
	for _, s := range segments {
		if s.Last > pos.Seq {
			break // sealed after the books were copied
		}
		name := "segments/" + filepath.Base(s.File)
		files[name] = s.File
		names = append(names, name)
	}
	for _, n := range names {
		err := addFile(t, n, files[n])
		if err != nil {
			return fmt.Errorf("add %s: %w", n, err)
		}
	}
	err = a.addLog(ctx, t, first, pos.Seq)
	if err != nil {
		return fmt.Errorf("add the log: %w", err)
	}
	return t.Close()
}

// copiedPosition reads how far the copied books had come.
func copiedPosition(ctx context.Context, file string) (eventlog.Position, error) {
	db, err := store.OpenSQLite(ctx, file, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return eventlog.Position{}, fmt.Errorf("open the copy of the books: %w", err)
	}
	var pos eventlog.Position
	err = db.Books().Update(ctx, func(ctx context.Context, tx books.Tx) error {
		var err error
		pos, err = tx.Position(ctx, books.Consumer)
		return err
	})
	return pos, errors.Join(err, db.Close())
}

func addBytes(t *tar.Writer, name string, b []byte) error {
	err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(b))})
	if err != nil {
		return err
	}
	_, err = t.Write(b)
	return err
}

func addFile(t *tar.Writer, name, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	err = t.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: st.Size(), ModTime: st.ModTime()})
	if err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}

// addLog adds the messages of a range in chunks.
func (a *App) addLog(ctx context.Context, t *tar.Writer, first, last uint64) error {
	if last < first {
		return nil
	}
	var chunk []byte
	n := 0
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		n++
		err := addBytes(t, fmt.Sprintf("log/%08d", n), chunk)
		chunk = chunk[:0]
		return err
	}
	err := a.log.Follow(ctx, first-1, func(bs []eventlog.Batch) error {
		for _, b := range bs {
			if b.Seq > last {
				return errEnd
			}
			chunk = appendBatch(chunk, b)
			if len(chunk) >= logChunk {
				err := flush()
				if err != nil {
					return err
				}
			}
			if b.Seq == last {
				return errEnd
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnd) {
		return err
	}
	return flush()
}

func appendBatch(dst []byte, b eventlog.Batch) []byte {
	dst = binary.AppendUvarint(dst, b.Seq)
	dst = binary.AppendUvarint(dst, uint64(b.Time.UnixMicro()))
	dst = binary.AppendUvarint(dst, uint64(len(b.Records)))
	for _, r := range b.Records {
		dst = append(dst, byte(r.Class))
		dst = binary.AppendUvarint(dst, uint64(len(r.Data)))
		dst = append(dst, r.Data...)
	}
	return dst
}

var errBackup = errors.New("the backup is damaged")

func readBatch(r *bytes.Reader) (eventlog.Batch, error) {
	var b eventlog.Batch
	var head [3]uint64
	for i := range head {
		n, err := binary.ReadUvarint(r)
		if err != nil {
			return b, errBackup
		}
		head[i] = n
	}
	b.Seq, b.Time = head[0], time.UnixMicro(int64(head[1]))
	for range head[2] {
		class, err := r.ReadByte()
		if err != nil {
			return b, errBackup
		}
		n, err := binary.ReadUvarint(r)
		if err != nil || n > uint64(r.Len()) {
			return b, errBackup
		}
		data := make([]byte, n)
		_, err = io.ReadFull(r, data)
		if err != nil {
			return b, errBackup
		}
		b.Records = append(b.Records, eventlog.Record{Class: eventlog.Class(class), Data: data})
	}
	return b, nil
}

// BackupFolder backs a data folder up to a new file: through its server when one
// runs on it, else by opening it. The file appears under its name only when it is
// whole and on disk.
func BackupFolder(ctx context.Context, cfg *Config, logger *slog.Logger, file string) (int64, error) {
	_, err := os.Stat(file)
	if err == nil {
		return 0, fmt.Errorf("%s exists already", file)
	}
	part, err := os.OpenFile(file+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return 0, err
	}
	defer os.Remove(part.Name()) // fails, as it should, after the rename
	err = backupTo(ctx, cfg, logger, part)
	if err == nil {
		err = part.Sync()
	}
	size, serr := part.Seek(0, io.SeekCurrent)
	err = errors.Join(err, serr, part.Close())
	if err != nil {
		return 0, err
	}
	err = os.Rename(part.Name(), file)
	if err != nil {
		return 0, err
	}
	return size, syncDir(filepath.Dir(file))
}

func backupTo(ctx context.Context, cfg *Config, logger *slog.Logger, w io.Writer) error {
	a, err := openOffline(ctx, cfg, logger)
	if errors.Is(err, ErrInUse) {
		return Ask(ctx, cfg.Data, http.MethodPost, "/operator/backup", w)
	}
	if err != nil {
		return err
	}
	err = a.offline(ctx, func(ctx context.Context) error {
		err := a.CatchUp(ctx)
		if err != nil {
			return err
		}
		return a.Backup(ctx, w)
	})
	return errors.Join(err, a.Close(context.WithoutCancel(ctx)))
}

func (a *App) serveBackup(w http.ResponseWriter, r *http.Request) error {
	// A backup that fails half way must not look whole: it is made first, then sent.
	tmp, err := os.CreateTemp(a.folder.Path, "backup-*.tar")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	err = a.Backup(r.Context(), tmp)
	if err != nil {
		return err
	}
	size, err := tmp.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	_, err = tmp.Seek(0, io.SeekStart)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-tar")
	w.Header().Set("Content-Length", fmt.Sprint(size))
	_, err = io.Copy(w, tmp)
	if err != nil {
		return fmt.Errorf("send the backup: %w", errors.Join(err, r.Context().Err()))
	}
	return nil
}

// Restore makes a data folder, which must not exist or be empty, from a backup.
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
	folder, err := OpenFolder(data)
	if err != nil {
		return err
	}
	err = folder.restore(ctx, tar.NewReader(f))
	return errors.Join(err, folder.Close())
}

func (f *Folder) restore(ctx context.Context, t *tar.Reader) error {
	h, err := t.Next()
	if err != nil || h.Name != "manifest.json" {
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
	var chunk *bytes.Reader
	next := func() (eventlog.Batch, error) {
		for chunk == nil || chunk.Len() == 0 {
			h, err := t.Next()
			if err != nil {
				return eventlog.Batch{}, err // io.EOF at the end
			}
			if !strings.HasPrefix(h.Name, "log/") {
				return eventlog.Batch{}, errBackup
			}
			b, err := io.ReadAll(t)
			if err != nil {
				return eventlog.Batch{}, err
			}
			chunk = bytes.NewReader(b)
		}
		return readBatch(chunk)
	}
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if strings.HasPrefix(h.Name, "log/") {
			b, err := io.ReadAll(t)
			if err != nil {
				return err
			}
			chunk = bytes.NewReader(b)
			break
		}
		err = f.restoreFile(h.Name, t)
		if err != nil {
			return fmt.Errorf("restore %s: %w", h.Name, err)
		}
	}
	err = eventlog.Import(ctx, eventlog.Options{Dir: f.file("log"), Logger: slog.New(slog.DiscardHandler)}, m.Stream, m.First, m.Last, next)
	if err != nil {
		return fmt.Errorf("restore the log: %w", err)
	}
	return nil
}

func (f *Folder) restoreFile(name string, r io.Reader) error {
	to := name
	switch {
	case strings.HasPrefix(name, "segments/"):
		to = filepath.Join("facts", name)
	case name == "books.db":
	case strings.HasPrefix(name, "clickid-") && strings.HasSuffix(name, ".mark"):
	default:
		return errBackup
	}
	if !filepath.IsLocal(to) {
		return errBackup
	}
	path := f.file(to)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}
