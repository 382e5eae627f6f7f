// Package pgtest gives tests a real PostgreSQL: one throw-away cluster for each test
// binary, and a fresh database for each test.
//
// Invariants:
//   - It uses the server binaries of the machine and downloads nothing; without them
//     a test is skipped loudly, or fails when CLICKLEDGER_TEST_ALL=1.
//   - The cluster is reached only through a socket in its own temporary folder, and is
//     stopped by its process id and removed when the test binary ends.
//   - Databases have a collation of a natural language, so that text that is not
//     compared byte by byte shows.
package pgtest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Main runs the tests of a package that uses [DSN] and stops the cluster; call it
// from TestMain: os.Exit(pgtest.Main(m)).
func Main(m *testing.M) int {
	code := m.Run()
	err := stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return max(code, 1)
	}
	return code
}

// cluster is the one cluster of this process.
var cluster struct {
	once   sync.Once
	err    error
	dir    string
	server *exec.Cmd
	output *bytes.Buffer
	dbs    atomic.Int64
}

// errAbsent says that the machine has no server binaries.
var errAbsent = errors.New("no PostgreSQL server found (looked for /usr/lib/postgresql/*/bin/initdb and $CLICKLEDGER_TEST_PG_BIN)")

// DSN makes a fresh database and gives its address. The database is dropped when the
// test ends.
func DSN(tb testing.TB) string {
	tb.Helper()
	cluster.once.Do(func() { cluster.err = start() })
	if errors.Is(cluster.err, errAbsent) {
		Absent(tb, cluster.err.Error())
	}
	if cluster.err != nil {
		tb.Fatalf("pgtest: %v", cluster.err)
	}
	name := "t" + strconv.FormatInt(cluster.dbs.Add(1), 10)
	admin("CREATE DATABASE " + name + " TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'")(tb)
	tb.Cleanup(func() { admin("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")(tb) })
	return dsn(name)
}

// Absent skips a test whose engine or tool is not on the machine, loudly; with
// CLICKLEDGER_TEST_ALL=1 it fails it.
func Absent(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv("CLICKLEDGER_TEST_ALL") == "1" {
		tb.Fatalf("CLICKLEDGER_TEST_ALL=1, but: %s", what)
	}
	fmt.Fprintf(os.Stderr, "SKIP %s: %s\n", tb.Name(), what)
	tb.Skip(what)
}

func dsn(database string) string {
	return "host=" + cluster.dir + " user=postgres dbname=" + database
}

func admin(statement string) func(testing.TB) {
	return func(tb testing.TB) {
		tb.Helper()
		db, err := sql.Open("pgx", dsn("postgres"))
		if err != nil {
			tb.Fatalf("pgtest: %v", err)
		}
		defer db.Close()
		_, err = db.ExecContext(context.Background(), statement)
		if err != nil {
			tb.Fatalf("pgtest: %s: %v", statement, err)
		}
	}
}

// binaries finds the newest server's folder. Client-only folders have no initdb.
func binaries() (string, error) {
	if dir := os.Getenv("CLICKLEDGER_TEST_PG_BIN"); dir != "" {
		return dir, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errAbsent
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
	return filepath.Dir(found[0]), nil
}

// start makes the cluster and waits until it answers.
func start() error {
	bin, err := binaries()
	if err != nil {
		return err
	}
	// Under /tmp and not $TMPDIR: the server's user must be able to reach it, and the
	// path of a socket may have 107 bytes.
	cluster.dir, err = os.MkdirTemp("/tmp", "clpg")
	if err != nil {
		return err
	}
	err = os.Chmod(cluster.dir, 0o755)
	if err != nil {
		return err
	}
	attr := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 { // the server refuses to run as root
		attr, err = asPostgres(cluster.dir)
		if err != nil {
			return err
		}
	}
	data := filepath.Join(cluster.dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, cluster.dir
	out, err := initdb.CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	cluster.output = &bytes.Buffer{}
	cluster.server = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-k", cluster.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off",
		"-c", "max_connections=200", "-c", "shared_buffers=64MB", "-c", "max_wal_size=512MB")
	dies := *attr
	dies.Pdeathsig = syscall.SIGQUIT // also when the test binary is killed
	cluster.server.SysProcAttr, cluster.server.Dir = &dies, cluster.dir
	cluster.server.Stdout, cluster.server.Stderr = cluster.output, cluster.output
	err = cluster.server.Start()
	if err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	return answers()
}

// asPostgres runs the server as the user that Debian's package made for it.
func asPostgres(dir string) (*syscall.SysProcAttr, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("running as root, and: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	err = os.Chown(dir, uid, gid)
	if err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}

// answers waits until the server takes connections.
func answers() error {
	db, err := sql.Open("pgx", dsn("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err = db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w\n%s", err, strings.TrimSpace(cluster.output.String()))
		}
	}
}

// stop ends the server and removes the cluster.
func stop() error {
	if cluster.server != nil && cluster.server.Process != nil {
		// SIGQUIT: at once and without a checkpoint; the data is thrown away.
		err := cluster.server.Process.Signal(syscall.SIGQUIT)
		if err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop the server: %w", err)
		}
		_ = cluster.server.Wait() // it reports the signal
	}
	if cluster.dir == "" {
		return nil
	}
	return os.RemoveAll(cluster.dir)
}
