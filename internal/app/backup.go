package app

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"clickledger/internal/books"
	"clickledger/internal/event"
	"clickledger/internal/eventlog"
	"clickledger/internal/store"
)

// A backup is a tar file of, in this order: manifest.json, books.db, the click ids'
// high-water marks, the sealed segments with their descriptions, keys and certificates, the
// log from its first message on, and last the SHA-256 of all the bytes before it.
//
// The parts are one moment. The log goes as far as it had come when the books were
// copied, and on to the last fact that the copied books know to be in it; there it is
// cut, since what follows are facts of judgments that the copy does not have. Signals
// behind the copied books' position are judged after the restore.

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

// Names of entries.
const (
	manifestName = "manifest.json"
	sumName      = "sha256"
	segmentsName = "segments/"
	logName      = "log/"
	certsName    = "certificates/"
)

// sumTail is what the last entry takes with the end of the tar file: a header, a
// block of content, and two empty blocks.
const sumTail = 4 * 512

// Backup writes everything that is kept to w, while the server goes on.
func (a *App) Backup(ctx context.Context, w io.Writer) error {
	a.keeping.RLock()
	defer a.keeping.RUnlock()
	tmp, err := os.MkdirTemp(a.folder.Path, tempPrefix+"backup-")
	if err != nil {
		return fmt.Errorf("make a folder for the copy: %w", err)
	}
	defer os.RemoveAll(tmp)
	last := a.log.Last() // before the copy: facts up to here are numbered in it
	copied := filepath.Join(tmp, "books.db")
	err = a.db.Books().Backup(ctx, copied)
	if err != nil {
		return fmt.Errorf("copy the books: %w", err)
	}
	pos, published, err := readCopy(ctx, copied)
	if err != nil {
		return err
	}
	last, err = a.cut(ctx, max(last, pos.Seq), published)
	if err != nil {
		return fmt.Errorf("find the end of the log: %w", err)
	}
	first, err := a.log.First()
	if err != nil {
		return fmt.Errorf("read the log's first sequence: %w", err)
	}
	m := manifest{Format: Format, Version: Version, Created: time.Now().UTC(), Stream: a.log.StreamID(), First: first, Last: last}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	files, err := a.backupFiles(ctx, last)
	if err != nil {
		return err
	}
	return summed(w, func(t *tar.Writer) error {
		err := addBytes(t, manifestName, b)
		if err != nil {
			return err
		}
		for _, f := range append([]backupFile{{"books.db", copied}}, files...) {
			err := addFile(t, f.name, f.path)
			if err != nil {
				return fmt.Errorf("add %s: %w", f.name, err)
			}
		}
		err = a.addCertificates(t)
		if err != nil {
			return fmt.Errorf("add the certificates: %w", err)
		}
		err = a.addLog(ctx, t, first, last)
		if err != nil {
			return fmt.Errorf("add the log: %w", err)
		}
		return nil
	})
}

// summed writes a tar file with what fill adds, and the sum of its bytes last.
func summed(w io.Writer, fill func(t *tar.Writer) error) error {
	sum := sha256.New()
	t := tar.NewWriter(io.MultiWriter(w, sum))
	err := fill(t)
	if err != nil {
		return err
	}
	err = t.Flush()
	if err != nil {
		return err
	}
	err = addBytes(t, sumName, []byte(hex.EncodeToString(sum.Sum(nil))))
	if err != nil {
		return err
	}
	return t.Close()
}

// backupFile is a file that goes into a backup, and its name there.
type backupFile struct{ name, path string }

// backupFiles lists the high-water marks, and the segments up to a sequence: each
// behind its description, as it was made.
func (a *App) backupFiles(ctx context.Context, last uint64) ([]backupFile, error) {
	var files []backupFile
	marks, err := filepath.Glob(a.folder.file("clickid-*.mark"))
	if err != nil {
		return nil, err
	}
	for _, f := range marks {
		files = append(files, backupFile{filepath.Base(f), f})
	}
	segments, err := a.facts.Segments(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the segments: %w", err)
	}
	for _, s := range segments {
		if s.Last > last {
			break // it reaches behind the cut
		}
		for _, f := range []string{s.File + ".json", s.File} {
			files = append(files, backupFile{segmentsName + filepath.Base(f), f})
		}
	}
	return files, nil
}

// readCopy reads how far the copied books had come: the position, and the number of
// the last fact they know to be in the log.
func readCopy(ctx context.Context, file string) (eventlog.Position, int64, error) {
	db, err := store.OpenSQLite(ctx, file, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return eventlog.Position{}, 0, fmt.Errorf("open the copy of the books: %w", err)
	}
	var pos eventlog.Position
	err = db.Books().Update(ctx, func(ctx context.Context, tx books.Tx) error {
		var err error
		pos, err = tx.Position(ctx, books.Consumer)
		return err
	})
	published, perr := db.Books().FactsPublished(ctx)
	err = errors.Join(err, perr, db.Close())
	if err != nil {
		return eventlog.Position{}, 0, fmt.Errorf("read the copy of the books: %w", err)
	}
	return pos, published, nil
}

// cut is where the log of a backup ends: at the given sequence, or behind it at the
// last fact that the copied books count as published. Facts are in the log in the
// order of their numbers.
func (a *App) cut(ctx context.Context, at uint64, published int64) (uint64, error) {
	last := a.log.Last()
	if at >= last {
		return last, nil
	}
	end := at
	err := a.log.Follow(ctx, at, func(bs []eventlog.Batch) error {
		for _, b := range bs {
			if b.Seq > last {
				return errEnd
			}
			for _, r := range b.Records {
				if r.Class != eventlog.Fact {
					continue
				}
				f, err := event.DecodeFact(r.Data)
				if err != nil {
					return fmt.Errorf("log message %d: %w", b.Seq, err)
				}
				if f.No > published {
					return errEnd
				}
				end = b.Seq
			}
			if b.Seq == last {
				return errEnd
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnd) {
		return 0, err
	}
	return end, nil
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

// addCertificates adds keys and certificates, where the server has its own. They are read
// as a whole: the running server replaces files, it does not write into them. What it holds
// locked is its own affair.
func (a *App) addCertificates(t *tar.Writer) error {
	root := a.folder.file("certificates")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && name == "locks":
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it was replaced just now, or was only there for a moment
		}
		if err != nil {
			return err
		}
		return addBytes(t, certsName+filepath.ToSlash(name), b)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
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
		err := addBytes(t, fmt.Sprintf("%s%08d", logName, n), chunk)
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
	dst = binary.AppendUvarint(dst, uint64(b.Time.UnixNano()))
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
	b.Seq, b.Time = head[0], time.Unix(0, int64(head[1]))
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
	tmp, err := os.CreateTemp(a.folder.Path, tempPrefix+"backup-*")
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
