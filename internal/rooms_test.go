// Package internal_test keeps the rooms apart: what each may import is architecture,
// and a test is the only fence that holds.
package internal_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

type pkg struct {
	ImportPath string
	Doc        string
	Imports    []string
	Deps       []string
	GoFiles    []string
}

func packages(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Doc,Imports,Deps,GoFiles", "./...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]pkg{}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

const root = "clickledger/internal/"

func TestEveryRoomSaysWhatItIs(t *testing.T) {
	for path, p := range packages(t) {
		if !strings.HasPrefix(path, root) || len(p.GoFiles) == 0 || strings.HasSuffix(path, "/store/q") { // q is generated
			continue
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment", path)
		}
	}
}

// TestRooms: for a room, what must not be among all it depends on.
func TestRooms(t *testing.T) {
	all := packages(t)
	for _, c := range []struct {
		rooms   string
		without string
		why     string
	}{
		{"event macro money attribution commission dialect qrcode csvout", "net/http database/sql html/template os/exec", "pure rooms: bytes in, bytes out"},
		{"event macro visitor routing eventlog attribution edge", "database/sql html/template text/template github.com/duckdb github.com/danielgtaylor", "the data plane meets no SQL, templates or REST framework"},
		{"catalog account inbox conversion ledger books clickindex outbound rates facts report diagnosis upload mail signup payout purge funds document", "database/sql github.com/duckdb github.com/jackc modernc.org/sqlite", "the domain owns interfaces, not engines"},
		{"api console", "clickledger/internal/store github.com/duckdb modernc.org/sqlite", "pages ask services, not stores"},
		{"store", "github.com/duckdb clickledger/internal/edge", "SQL for the books only"},
	} {
		for room := range strings.FieldsSeq(c.rooms) {
			p, ok := all[root+room]
			if !ok {
				t.Errorf("there is no room %s", room)
				continue
			}
			for _, dep := range p.Deps {
				for bad := range strings.FieldsSeq(c.without) {
					if dep == bad || (strings.Contains(bad, "/") && strings.HasPrefix(dep, bad+"/")) && bad != "database/sql" {
						t.Errorf("%s depends on %s: %s", room, dep, c.why)
					}
				}
			}
		}
	}
	for path, p := range all {
		if !strings.HasPrefix(path, "clickledger/") || path == root+"facts/duck" {
			continue
		}
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, "github.com/duckdb/") {
				t.Errorf("%s imports %s: a link takes 15 s, so only facts/duck does", path, imp)
			}
		}
	}
}
