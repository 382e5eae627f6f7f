package eventlog

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// settle makes what a store directory shows be what the disk holds, before a server
// opens it. After a kill the newest block may hold messages that were written but
// not fsynced; after a failed fsync it may hold pages that the kernel shows, has
// marked clean, and never wrote, so that a further fsync proves nothing. The newest
// block is therefore copied, fsynced and put in its place: at most 8 MiB. Older
// blocks were fsynced before the newest was begun.
func settle(root, stream string) error {
	msgs := filepath.Join(stream, "msgs")
	block, err := newestBlock(msgs)
	if errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(root, 0o750)
	}
	if err != nil {
		return err
	}
	if block != "" {
		err = rewrite(filepath.Join(msgs, block), filepath.Join(root, "settle.tmp"))
		if err != nil {
			return fmt.Errorf("rewrite the newest block: %w", err)
		}
	}
	return syncDirs(root, stream)
}

// newestBlock names the block file with the highest number, "" if there is none.
func newestBlock(msgs string) (string, error) {
	entries, err := os.ReadDir(msgs)
	if err != nil {
		return "", err
	}
	var name string
	highest := uint64(0)
	for _, e := range entries {
		number, ok := strings.CutSuffix(e.Name(), ".blk")
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 64)
		if err == nil && (name == "" || n > highest) {
			name, highest = e.Name(), n
		}
	}
	return name, nil
}

func rewrite(name, temp string) error {
	from, err := os.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	info, err := from.Stat()
	if err != nil {
		return err
	}
	to, err := os.OpenFile(temp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err == nil {
		err = to.Sync()
	}
	err = errors.Join(err, to.Close())
	if err == nil {
		err = os.Rename(temp, name)
	}
	if err != nil {
		os.Remove(temp)
	}
	return err
}

// syncDirs fsyncs the directories from the stream's block files up to root's parent,
// so that the entries that lead to them are durable.
func syncDirs(root, stream string) error {
	top := filepath.Dir(filepath.Clean(root))
	for dir := filepath.Join(stream, "msgs"); ; dir = filepath.Dir(dir) {
		err := syncDir(dir)
		if err != nil {
			return err
		}
		if len(dir) <= len(top) {
			return nil
		}
	}
}

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// dirSync closes a gap in JetStream: it fsyncs a new block file but not the
// directory that names it. The directory is fsynced when its modification time has
// changed, before the message that began the block is acknowledged. (A second block
// within one tick of that clock would go unseen; filling one takes far longer.)
type dirSync struct {
	dir  string // "" if not wanted
	seen time.Time
}

func (d *dirSync) init(dir string) { d.dir = dir }

func (d *dirSync) sync() error {
	if d.dir == "" {
		return nil
	}
	info, err := os.Stat(d.dir)
	if err != nil {
		return err
	}
	if info.ModTime().Equal(d.seen) {
		return nil
	}
	err = syncDir(d.dir)
	if err != nil {
		return err
	}
	d.seen = info.ModTime()
	return nil
}
