package edge

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestDataPlaneImports keeps the redirect path free of everything that could make it
// slow, fragile or unsafe (DESIGN §3). It asks the Go tool, so that what a dependency
// drags in counts as well.
func TestDataPlaneImports(t *testing.T) {
	banned := []string{
		"database/sql", "html/template", "text/template",
		"github.com/duckdb/", "github.com/marcboeker/go-duckdb", "github.com/ClickHouse/",
		"modernc.org/sqlite", "github.com/mattn/go-sqlite3", "github.com/ncruces/go-sqlite3", "github.com/jackc/pgx", "github.com/lib/pq",
		"github.com/danielgtaylor/huma",
		"clickledger/internal/store", "clickledger/internal/facts", "clickledger/internal/books", "clickledger/internal/console", "clickledger/internal/api",
	}
	rooms := []string{"routing", "visitor", "macro", "event", "eventlog", "attribution", "edge"}
	for _, room := range rooms {
		t.Run(room, func(t *testing.T) {
			t.Parallel()
			out, err := exec.Command("go", "list", "-deps", "clickledger/internal/"+room).CombinedOutput()
			if err != nil {
				t.Fatalf("go list: %v\n%s", err, out)
			}
			deps := strings.Fields(string(out))
			if !slices.Contains(deps, "clickledger/internal/"+room) {
				t.Fatalf("go list says nothing about the package itself: %s", out)
			}
			for _, dep := range deps {
				if dep == "database/sql/driver" {
					continue // interfaces that the decimal type implements; it opens nothing
				}
				for _, b := range banned {
					if dep == strings.TrimSuffix(b, "/") || strings.HasPrefix(dep, strings.TrimSuffix(b, "/")+"/") {
						t.Errorf("%s depends on %s", room, dep)
					}
				}
			}
		})
	}
}
