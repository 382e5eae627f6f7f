package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Format is the layout of the data folder this version writes. It rises when an
// older version could no longer read the folder.
const Format = 1

// restoring marks a folder whose restore has not come to its end.
const restoring = "RESTORING"

// tempPrefix begins the names of what is only there while something runs; what a
// killed process left is removed at the next start.
const tempPrefix = ".tmp-"

// probeBytes is the room a start needs at the least: a full disk is better told here
// than by whichever store meets it first.
const probeBytes = 1 << 20

// ErrInUse says that another process has the data folder.
var ErrInUse = errors.New("in use by another clickledger")

// Folder is an open, locked data folder.
type Folder struct {
	Path string
	lock *os.File
}

// Paths of what the folder holds.
func (f *Folder) file(name string) string { return filepath.Join(f.Path, name) }

// OpenFolder makes and locks the data folder. It refuses, with a sentence for the
// operator, one that is in use, was written by a newer version, cannot be written,
// holds something else, or holds a restore that broke off.
func OpenFolder(path string) (*Folder, error) {
	f, err := lockFolder(path)
	if err != nil {
		return nil, err
	}
	_, err = os.Stat(f.file(restoring))
	if err == nil {
		return nil, errors.Join(fmt.Errorf("a restore into the data folder %s broke off: delete the folder and restore again", path), f.Close())
	}
	return f, nil
}

// lockFolder is OpenFolder for a folder that may be half restored.
func lockFolder(path string) (*Folder, error) {
	err := os.MkdirAll(path, 0o700)
	if err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be made: %w", path, err)
	}
	name := filepath.Join(path, "lock")
	lock, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("the data folder %s cannot be written: %w", path, err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		lock.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("the data folder %s is %w; stop that one first, or give this one another --data", path, ErrInUse)
		}
		return nil, fmt.Errorf("lock the data folder %s: %w", path, err)
	}
	f := &Folder{Path: path, lock: lock}
	err = f.checkFormat()
	if err != nil {
		lock.Close()
		return nil, err
	}
	return f, nil
}

func (f *Folder) checkFormat() error {
	name := f.file("FORMAT")
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		err := f.checkEmpty()
		if err != nil {
			return err
		}
		err = WriteFileSync(name, []byte(strconv.Itoa(Format)+"\n"))
		if err != nil {
			return fmt.Errorf("the data folder %s cannot be written: %w", f.Path, err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	have, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		return fmt.Errorf("%s does not hold a number: is %s a data folder of clickledger?", name, f.Path)
	}
	if have > Format {
		return fmt.Errorf("the data folder %s was written by a newer clickledger (format %d, this one knows %d); use that version", f.Path, have, Format)
	}
	probe := f.file(tempPrefix + "probe")
	err = WriteFileSync(probe, make([]byte, probeBytes))
	if err != nil {
		return fmt.Errorf("the data folder %s cannot be written: %w", f.Path, err)
	}
	left, err := filepath.Glob(f.file(tempPrefix + "*"))
	if err != nil {
		return fmt.Errorf("look for temporary files: %w", err)
	}
	for _, name := range left {
		err := os.RemoveAll(name)
		if err != nil {
			return fmt.Errorf("remove what an earlier run left: %w", err)
		}
	}
	return nil
}

// checkEmpty refuses a folder that holds what no data folder begins with: it is a
// mistake, or a data folder that lost its FORMAT.
func (f *Folder) checkEmpty() error {
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		return fmt.Errorf("read the data folder %s: %w", f.Path, err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "lock", name == "lost+found", name == restoring, strings.HasPrefix(name, "FORMAT.tmp"):
		default:
			return fmt.Errorf("%s is not empty (it holds %s) and has no file FORMAT: it is not a data folder of clickledger; name a new or empty folder with --data", f.Path, name)
		}
	}
	return nil
}

// Close unlocks the folder.
func (f *Folder) Close() error { return f.lock.Close() }

// WriteFileSync replaces a file so that after a crash it holds either the old or
// the new bytes: write, fsync, rename, fsync of the folder.
func WriteFileSync(name string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".tmp*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails, as it should, after the rename
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	err = os.Rename(tmp.Name(), name)
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

// markFile keeps the click ids' high-water mark in the data folder.
type markFile string

// Load reads the mark; 0 when there is none.
func (m markFile) Load() (int64, error) {
	b, err := os.ReadFile(string(m))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}

// Store writes the mark durably.
func (m markFile) Store(ms int64) error {
	return WriteFileSync(string(m), []byte(strconv.FormatInt(ms, 10)+"\n"))
}
