package eventlog

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// metadataID is where the stream keeps its id.
const metadataID = "clickledger_stream_id"

// streamDir is where JetStream keeps the stream.
func streamDir(root string) string {
	return filepath.Join(root, "jetstream", "$G", "streams", streamName)
}

// contract is the stream's configuration. Nothing but Trim removes a message.
func contract(maxBytes int64) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:              streamName,
		Description:       "what clickledger was told, in order",
		Subjects:          []string{subject},
		Retention:         jetstream.LimitsPolicy,
		Storage:           jetstream.FileStorage,
		Replicas:          1,
		Discard:           jetstream.DiscardNew, // the oldest may be acknowledged and not yet read
		MaxBytes:          maxBytes,
		MaxMsgs:           -1,
		MaxMsgsPerSubject: -1,
		MaxMsgSize:        -1,
		DenyDelete:        true,
		DenyPurge:         false, // Trim needs it, and it could never be allowed again
		AllowDirect:       true,
		Compression:       jetstream.NoCompression,
		PersistMode:       jetstream.DefaultPersistMode,
	}
}

// openStream finds or creates the stream and checks what it finds.
func (s *store) openStream(ctx context.Context, existed bool) error {
	js, err := jetstream.New(s.in)
	if err != nil {
		return fmt.Errorf("eventlog: %w", err)
	}
	s.stream, err = js.Stream(ctx, streamName)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if existed {
			return fmt.Errorf("eventlog: the stream in %s could not be recovered by the NATS server (see its errors above); restore the folder from a backup, or move it away to begin a new log and rebuild every consumer",
				streamDir(s.o.Dir))
		}
		cfg := contract(s.o.MaxBytes)
		cfg.Metadata = map[string]string{metadataID: newID()}
		if s.o.origin.id != "" {
			cfg.Metadata[metadataID], cfg.FirstSeq = s.o.origin.id, s.o.origin.first
		}
		s.stream, err = js.CreateStream(ctx, cfg)
	}
	if err != nil {
		return fmt.Errorf("eventlog: open the stream: %w", err)
	}
	info := s.stream.CachedInfo()
	err = checkContract(info.Config)
	if err != nil {
		return fmt.Errorf("eventlog: the stream in %s does not keep the log's contract: %w", s.o.Dir, err)
	}
	if info.Config.MaxBytes != s.o.MaxBytes {
		cfg := info.Config
		cfg.MaxBytes = s.o.MaxBytes
		s.stream, err = js.UpdateStream(ctx, cfg)
		if err != nil {
			return fmt.Errorf("eventlog: change the stream's limit to %d bytes: %w", s.o.MaxBytes, err)
		}
	}
	s.id = info.Config.Metadata[metadataID]
	s.state = info.State
	return checkWhole(info.State)
}

func newID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// checkContract compares a stream's configuration with ours, in everything that
// decides whether an acknowledged message stays.
func checkContract(got jetstream.StreamConfig) error {
	want := contract(got.MaxBytes)
	var wrong []string
	check := func(ok bool, what string, got any) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s is %v", what, got))
		}
	}
	check(slices.Equal(got.Subjects, want.Subjects), "subjects", got.Subjects)
	check(got.Retention == want.Retention, "retention", got.Retention)
	check(got.Storage == want.Storage, "storage", got.Storage)
	check(got.Replicas == want.Replicas, "num_replicas", got.Replicas)
	check(got.Discard == want.Discard, "discard", got.Discard)
	check(got.MaxBytes > 0, "max_bytes", got.MaxBytes)
	check(got.MaxMsgs <= 0, "max_msgs", got.MaxMsgs)
	check(got.MaxMsgsPerSubject <= 0, "max_msgs_per_subject", got.MaxMsgsPerSubject)
	check(got.MaxMsgSize <= 0, "max_msg_size", got.MaxMsgSize)
	check(got.MaxAge == 0, "max_age", got.MaxAge)
	check(got.DenyDelete, "deny_delete", got.DenyDelete)
	check(!got.DenyPurge, "deny_purge", got.DenyPurge)
	check(!got.Sealed, "sealed", got.Sealed)
	check(!got.NoAck, "no_ack", got.NoAck)
	check(!got.AllowRollup, "allow_rollup_hdrs", got.AllowRollup)
	check(!got.AllowMsgTTL, "allow_msg_ttl", got.AllowMsgTTL)
	check(got.AllowDirect, "allow_direct", got.AllowDirect)
	check(got.Compression == want.Compression, "compression", got.Compression)
	check(got.PersistMode == want.PersistMode, "persist_mode", got.PersistMode)
	check(got.Mirror == nil && len(got.Sources) == 0, "mirror or sources", "set")
	check(got.Metadata[metadataID] != "", "metadata "+metadataID, "missing")
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, ", "))
	}
	return nil
}

// checkWhole refuses a log with holes: messages are only ever removed from its front.
func checkWhole(st jetstream.StreamState) error {
	if st.Msgs == 0 && st.LastSeq == 0 {
		return nil
	}
	if st.NumDeleted == 0 && st.LastSeq+1-st.FirstSeq == st.Msgs {
		return nil
	}
	return fmt.Errorf("eventlog: the store holds %d messages where sequences %d to %d are %d: a part of the log is lost or damaged; restore it from a backup, or move the log's folder away and rebuild every consumer",
		st.Msgs, st.FirstSeq, st.LastSeq, st.LastSeq+1-st.FirstSeq)
}
