// Command clickledger is the whole product in one binary: a tracker that turns
// every click on a tracking link into money that can be accounted for.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"clickledger/internal/app"
	"clickledger/internal/demo"
)

// command is one subcommand.
type command struct {
	name, args, help string
	run              func(ctx context.Context, args []string) error
}

var commands = []command{
	{"serve", "[flags]", "run the tracker; with no flags on embedded engines in ./data at 127.0.0.1:8080", serve},
	{"demo", "[--listen ADDR] [--visits N] [--exit]", "run a small shop, publishers and visitors through a fresh tracker, and show what was earned", runDemo},
	{"verify", "[--data DIR]", "check log, facts, books and ledger against each other; exit status 1 on any gap", verify},
	{"backup", "[--data DIR] FILE", "write everything, keys included, to FILE; also while the server runs", backup},
	{"restore", "[--data DIR] FILE", "make a data folder from a backup", restore},
	{"config", "[flags]", "print every setting with its effective value", config},
	{"version", "", "print the version", version},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "clickledger:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage")

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		for _, c := range commands {
			if c.name == args[0] {
				return c.run(ctx, args[1:])
			}
		}
	}
	w := os.Stderr
	fmt.Fprintln(w, "usage: clickledger COMMAND")
	for _, c := range commands {
		fmt.Fprintf(w, "\n  %s %s\n        %s\n", c.name, c.args, c.help)
	}
	if len(args) > 0 && (args[0] == "help" || args[0] == "-h" || args[0] == "--help") {
		return nil
	}
	return errUsage
}

func logger(level string) (*slog.Logger, error) {
	var l slog.Level
	err := l.UnmarshalText([]byte(level))
	if err != nil {
		return nil, fmt.Errorf("--log-level %q is not debug, info, warn or error", level)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l})), nil
}

func serve(ctx context.Context, args []string) error { return serveAt(ctx, args, time.Now) }

// serveAt is serve with the clock it tells the time by.
func serveAt(ctx context.Context, args []string, now func() time.Time) error {
	cfg, err := app.Load(flag.NewFlagSet("serve", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	log, err := logger(cfg.LogLevel)
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, cfg, app.Options{Logger: log, Now: now})
	if err != nil {
		return err
	}
	l, err := a.Listen()
	if err != nil {
		return errors.Join(err, a.Close(context.WithoutCancel(ctx)))
	}
	err = a.Announce(ctx, os.Stdout)
	if err == nil {
		err = a.Serve(ctx, l)
	}
	return errors.Join(err, a.Close(context.WithoutCancel(ctx)))
}

func runDemo(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	o := demo.Options{Out: os.Stdout, Progress: os.Stderr}
	fs.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "address of the tracker; a free port when it is taken")
	fs.IntVar(&o.Visits, "visits", 3000, "how many visits to send, 100 to 1000000")
	fs.BoolVar(&o.Exit, "exit", false, "end when the table is printed, with status 0 only if everything balanced")
	level := fs.String("log-level", "warn", "debug, info, warn or error")
	err := fs.Parse(args)
	if err != nil {
		return err
	}
	if o.Visits < 100 || o.Visits > 1_000_000 {
		return fmt.Errorf("--visits %d is outside 100…1000000", o.Visits)
	}
	o.Logger, err = logger(*level)
	if err != nil {
		return err
	}
	return demo.Run(ctx, o)
}

// dataFlags reads --data alone, and one file argument when wanted.
func dataFlags(name string, args []string, file bool) (*app.Config, string, error) {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	cfg := new(app.Config)
	err := cfg.Flags(fs, os.LookupEnv)
	if err != nil {
		return nil, "", err
	}
	err = fs.Parse(args)
	if err != nil {
		return nil, "", err
	}
	if file != (fs.NArg() == 1) || fs.NArg() > 1 {
		return nil, "", fmt.Errorf("%s takes %s", name, map[bool]string{true: "one file", false: "no arguments"}[file])
	}
	return cfg, fs.Arg(0), cfg.Check()
}

func verify(ctx context.Context, args []string) error {
	cfg, _, err := dataFlags("verify", args, false)
	if err != nil {
		return err
	}
	log, err := logger("warn")
	if err != nil {
		return err
	}
	v, err := app.VerifyFolder(ctx, cfg, log)
	if err != nil {
		return err
	}
	v.Print(os.Stdout)
	if !v.OK {
		return errors.New("verify found gaps")
	}
	return nil
}

func backup(ctx context.Context, args []string) error {
	cfg, file, err := dataFlags("backup", args, true)
	if err != nil {
		return err
	}
	log, err := logger("warn")
	if err != nil {
		return err
	}
	size, err := app.BackupFolder(ctx, cfg, log, file)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", file, size)
	return nil
}

func restore(ctx context.Context, args []string) error {
	cfg, file, err := dataFlags("restore", args, true)
	if err != nil {
		return err
	}
	err = app.Restore(ctx, cfg.Data, file)
	if err != nil {
		return err
	}
	fmt.Printf("restored into %s; check it with: clickledger verify --data %s\n", cfg.Data, cfg.Data)
	return nil
}

func config(_ context.Context, args []string) error {
	cfg, err := app.Load(flag.NewFlagSet("config", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	return cfg.Print(os.Stdout)
}

func version(context.Context, []string) error {
	_, err := io.WriteString(os.Stdout, "clickledger "+app.Version+"\n")
	return err
}
