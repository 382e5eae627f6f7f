package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// origin makes a new stream go on for another: under its id, from its sequence.
type origin struct {
	id    string
	first uint64
}

// Import makes a new log in an empty directory out of messages of another one, whose
// id and sequences it keeps, so that positions in it stay valid. next returns the
// messages first…last in order, then io.EOF; anything else is an error. Import
// returns when all is on disk.
func Import(ctx context.Context, o Options, id string, first, last uint64, next func() (Batch, error)) error {
	err := o.setDefaults()
	if err != nil {
		return err
	}
	if id == "" || first == 0 || last+1 < first {
		return fmt.Errorf("eventlog: cannot import sequences %d to %d of the log %q", first, last, id)
	}
	_, err = os.Stat(streamDir(o.Dir))
	if err == nil {
		return fmt.Errorf("eventlog: there is a log in %s already", o.Dir)
	}
	o.origin = origin{id: id, first: first}
	st, err := openStore(ctx, &o)
	if err != nil {
		return err
	}
	defer st.close()
	for want := first; ; want++ {
		b, err := next()
		if errors.Is(err, io.EOF) {
			if want != last+1 {
				return fmt.Errorf("eventlog: the messages end at %d, want %d: %w", want-1, last, ErrGap)
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("eventlog: read message %d: %w", want, err)
		}
		if b.Seq != want || len(b.Records) == 0 {
			return fmt.Errorf("eventlog: message %d with %d records where %d was due: %w", b.Seq, len(b.Records), want, ErrGap)
		}
		frame := beginFrame(nil)
		var header [recordHeaderMax]byte
		for _, r := range b.Records {
			if !r.Class.valid() || len(r.Data) > MaxRecordBytes {
				return fmt.Errorf("eventlog: message %d has a %v of %d bytes", want, r.Class, len(r.Data))
			}
			head := recordHeader(&header, r.Class, r.Data)
			frame = append(append(frame, header[:head]...), r.Data...)
		}
		sealFrame(frame, b.Time, len(b.Records))
		seq, err := st.publish(frame)
		if err != nil {
			return fmt.Errorf("eventlog: import message %d: %w", want, err)
		}
		if seq != want {
			return fmt.Errorf("eventlog: message %d became %d: %w", want, seq, ErrGap)
		}
	}
}
