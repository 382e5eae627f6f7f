package app

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBackupKeepsCertificates: keys and certificates come back with a restore, where they
// were and for the server's user alone; locks of the running server do not.
func TestBackupKeepsCertificates(t *testing.T) {
	t.Parallel()
	s := start(t, filepath.Join(t.TempDir(), "data"))
	m := s.market()
	s.traffic(m, "before", 3)
	want := map[string]string{
		"acme/acme.example-directory/users/ops@brand.test/ops.key":               "account key",
		"certificates/acme.example-directory/go.brand.test/go.brand.test.key":    "private key",
		"certificates/acme.example-directory/go.brand.test/go.brand.test.crt":    strings.Repeat("certificate\n", 1000),
		"certificates/acme.example-directory/wildcard_.brand.test/wildcard_.key": "",
	}
	folder := filepath.Join(s.data, "certificates")
	put := func(name, text string) {
		t.Helper()
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range want {
		put(name, text)
	}
	put("locks/issue_cert_go.brand.test.lock", "held")
	s.caughtUp()
	before := state(t, s.app, m)
	file := s.backup("a.tar")
	s.stop()

	data := restored(t, file)
	got := map[string]string{}
	root := filepath.Join(data, "certificates")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %s", path, info.Mode())
		}
		if d.IsDir() {
			return nil
		}
		b, err := os.ReadFile(path)
		name, rerr := filepath.Rel(root, path)
		if err != nil || rerr != nil {
			t.Fatal(err, rerr)
		}
		got[filepath.ToSlash(name)] = string(b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range want {
		if b, ok := got[name]; !ok || b != text {
			t.Errorf("%s came back: %v, with %d bytes, want %d", name, ok, len(b), len(text))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files came back, want %d: %v", len(got), len(want), got)
	}
	same(t, before, inspect(t, data, m))
}
