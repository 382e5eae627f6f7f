package eventlog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	streamName   = "LOG"
	subject      = "log"
	messageExtra = 30 + len(subject) // what the store adds to a message without headers
)

// store is one run of the embedded server with its stream. The log replaces it when
// a write fails; it is never repaired in place.
type store struct {
	o       *Options
	srv     *server.Server
	out     *nats.Conn // the writer's; never carries reads, which would delay acknowledgments
	in      *nats.Conn // everything else
	stream  jetstream.Stream
	id      string
	state   jetstream.StreamState // when it was opened
	dirs    dirSync               // used by the writer only
	ctx     context.Context       // ends when the store is broken or closed; its cause says why
	cancel  context.CancelCauseFunc
	since   atomic.Int64 // Unix nanoseconds since when a write is in flight, 0 if none
	asking  atomic.Bool  // a health question is under way
	closing sync.Once
}

// errFullStore says that the server refused a message by its own limit: it is not stored.
var errFullStore = errors.New("the store's limit is reached")

// openStore starts the server, makes sure that it syncs as promised and that the
// stream keeps the contract, and that what the store holds is on disk.
func openStore(ctx context.Context, o *Options) (*store, error) {
	dir := streamDir(o.Dir)
	_, err := os.Stat(dir)
	existed := err == nil
	if !o.Relaxed {
		err = settle(o.Dir, dir)
		if err != nil {
			return nil, fmt.Errorf("eventlog: make the store durable: %w", err)
		}
	}
	s := &store{o: o}
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	err = s.open(ctx, existed)
	if err != nil {
		s.close()
		return nil, err
	}
	if !o.Relaxed {
		err = syncDirs(o.Dir, dir)
		if err != nil {
			s.close()
			return nil, fmt.Errorf("eventlog: make the store durable: %w", err)
		}
		s.dirs.init(filepath.Join(dir, "msgs"))
	}
	return s, nil
}

func (s *store) open(ctx context.Context, existed bool) error {
	log := &serverLog{log: s.o.Logger}
	srv, err := server.NewServer(&server.Options{
		ServerName: "clickledger", DontListen: true, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: s.o.Dir, SyncAlways: !s.o.Relaxed,
		// Our own limits are checked before the server's; these must not interfere.
		JetStreamMaxStore: 1 << 50, JetStreamMaxMemory: 1 << 20,
		MaxPayload:             MaxRecordBytes + 64<<10,
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return fmt.Errorf("eventlog: configure the embedded NATS server: %w", err)
	}
	s.srv = srv
	srv.SetLoggerV2(log, false, false, false)
	srv.Start()
	if fatal := log.fatal.Load(); fatal != nil {
		return fmt.Errorf("eventlog: start the embedded NATS server in %s: %s", s.o.Dir, *fatal)
	}
	if !srv.ReadyForConnections(time.Minute) {
		return fmt.Errorf("eventlog: the embedded NATS server in %s does not become ready", s.o.Dir)
	}
	err = s.checkSync()
	if err != nil {
		return err
	}
	s.out, err = nats.Connect("", nats.InProcessServer(srv), nats.Name("writer"), nats.NoReconnect(),
		nats.ClosedHandler(func(*nats.Conn) { s.fail(errors.New("the connection to the embedded NATS server closed")) }))
	if err != nil {
		return fmt.Errorf("eventlog: connect to the embedded NATS server: %w", err)
	}
	s.in, err = nats.Connect("", nats.InProcessServer(srv), nats.Name("reader"),
		nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond))
	if err != nil {
		return fmt.Errorf("eventlog: connect to the embedded NATS server: %w", err)
	}
	return s.openStream(ctx, existed)
}

// checkSync asks the running server, not our options, whether it fsyncs each write.
func (s *store) checkSync() error {
	info, err := s.srv.Jsz(nil)
	if err != nil {
		return fmt.Errorf("eventlog: ask the embedded NATS server for its configuration: %w", err)
	}
	if info.Disabled {
		return errors.New("eventlog: the embedded NATS server runs without JetStream")
	}
	if !info.Config.SyncAlways && !s.o.Relaxed {
		return errors.New("eventlog: the embedded NATS server does not fsync each write (sync_always is off): refusing to acknowledge anything")
	}
	return nil
}

// serverLog passes the server's warnings and errors on. Its notices are about itself.
type serverLog struct {
	log   *slog.Logger
	fatal atomic.Pointer[string]
}

// The server.Logger interface.

func (l *serverLog) Noticef(string, ...any) {}
func (l *serverLog) Debugf(string, ...any)  {}
func (l *serverLog) Tracef(string, ...any)  {}
func (l *serverLog) Warnf(format string, v ...any) {
	l.log.Warn("eventlog: NATS: " + fmt.Sprintf(format, v...))
}
func (l *serverLog) Errorf(format string, v ...any) {
	l.log.Error("eventlog: NATS: " + fmt.Sprintf(format, v...))
}

// Fatalf keeps the text: the server returns from Start after it.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.fatal.CompareAndSwap(nil, &text)
}

// fail marks the store as broken; the writer then reopens it.
func (s *store) fail(cause error) { s.cancel(cause) }

// close stops the server. Acknowledged messages are on disk already.
func (s *store) close() {
	s.closing.Do(func() {
		s.cancel(ErrClosed)
		if s.out != nil {
			s.out.Close()
		}
		if s.in != nil {
			s.in.Close()
		}
		if s.srv != nil {
			s.srv.Shutdown()
			s.srv.WaitForShutdown()
		}
	})
}

// publish writes one message and returns its sequence once it is on disk. Any error
// but errFullStore leaves open whether the message is stored.
func (s *store) publish(frame []byte) (uint64, error) {
	s.since.Store(time.Now().UnixNano())
	defer s.since.Store(0)
	msg, err := s.out.RequestWithContext(s.ctx, subject, frame)
	if err != nil {
		if s.ctx.Err() != nil {
			err = context.Cause(s.ctx)
		}
		return 0, fmt.Errorf("write a message: %w", err)
	}
	seq, err := parseAck(msg.Data)
	if err != nil {
		return 0, fmt.Errorf("write a message: %w", err)
	}
	err = s.dirs.sync()
	if err != nil {
		return 0, fmt.Errorf("sync the log's directory: %w", err)
	}
	return seq, nil
}

var ackPrefix = []byte(`{"stream":"` + streamName + `","seq":`)

// parseAck reads a PubAck; the usual one without the JSON decoder.
func parseAck(data []byte) (uint64, error) {
	if rest, ok := bytes.CutPrefix(data, ackPrefix); ok && len(rest) > 1 && rest[len(rest)-1] == '}' {
		seq, err := strconv.ParseUint(string(rest[:len(rest)-1]), 10, 64)
		if err == nil && seq > 0 {
			return seq, nil
		}
	}
	var ack struct {
		Error *jetstream.APIError `json:"error"`
		Seq   uint64              `json:"seq"`
	}
	err := json.Unmarshal(data, &ack)
	if err != nil {
		return 0, fmt.Errorf("unreadable acknowledgment %q: %w", data, err)
	}
	if ack.Error != nil {
		const resources, accountResources, storeFailed, storage = 10023, 10002, 10077, 10047
		switch code := ack.Error.ErrorCode; {
		case code == storeFailed && strings.Contains(ack.Error.Description, server.ErrMaxBytes.Error()),
			code == resources, code == accountResources, code == storage:
			return 0, fmt.Errorf("%w: %s", errFullStore, ack.Error.Description)
		}
		return 0, ack.Error
	}
	if ack.Seq == 0 {
		return 0, fmt.Errorf("acknowledgment without a sequence: %q", data)
	}
	return ack.Seq, nil
}

// probe looks for a broken store: the server reports a write error only through its
// health, a write that failed is simply never answered.
func (s *store) probe(now time.Time) {
	since := s.since.Load()
	if since != 0 {
		age := now.Sub(time.Unix(0, since))
		if age < probeAfter {
			return
		}
		if age > storeTimeout {
			s.fail(fmt.Errorf("no answer within %v", storeTimeout))
			return
		}
	}
	// The answer waits behind a write that hangs, and must not keep the caller.
	if s.asking.Swap(true) {
		return
	}
	go func() {
		defer s.asking.Store(false)
		health := s.srv.Healthz(&server.HealthzOptions{Account: "$G", Stream: streamName})
		if health.Error != "" {
			s.fail(errors.New(health.Error))
		}
	}()
}
