package eventlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"
	"time"
)

var frameTime = time.Unix(1_800_000_000, 123456789).UTC()

func encode(records []Record) []byte {
	frame := beginFrame(nil)
	for _, r := range records {
		var header [recordHeaderMax]byte
		n := recordHeader(&header, r.Class, r.Data)
		frame = append(append(frame, header[:n]...), r.Data...)
	}
	sealFrame(frame, frameTime, len(records))
	return frame
}

func sampleRecords() []Record {
	return []Record{
		{Visit, []byte("first")},
		{Signal, nil},
		{Fact, bytes.Repeat([]byte{0}, 200)},
		{Visit, bytes.Repeat([]byte("ab"), 70_000)},
	}
}

func TestFrameRoundTrip(t *testing.T) {
	want := sampleRecords()
	frame := encode(want)
	size := frameHeader
	for _, r := range want {
		size += recordSize(len(r.Data))
	}
	if len(frame) != size {
		t.Errorf("frame of %d bytes, recordSize says %d", len(frame), size)
	}
	last := want[len(want)-1].Data
	head := len(frame) - len(last) - 4 - 3 - 1
	if got := crc32.Checksum(append(frame[head:head+4:head+4], last...), castagnoli); got != binary.LittleEndian.Uint32(frame[head+4:]) {
		t.Errorf("the last record's checksum is not the CRC32-C of its class, length and data")
	}
	b, err := decodeFrame(7, frame)
	if err != nil {
		t.Fatal(err)
	}
	if b.Seq != 7 || !b.Time.Equal(frameTime) || len(b.Records) != len(want) {
		t.Fatalf("got seq %d, time %v, %d records", b.Seq, b.Time, len(b.Records))
	}
	for i, r := range b.Records {
		if r.Class != want[i].Class || !bytes.Equal(r.Data, want[i].Data) {
			t.Errorf("record %d differs", i)
		}
		if cap(r.Data) != len(r.Data) {
			t.Errorf("record %d: an append would reach the next one", i)
		}
	}
}

// Any single flipped bit and any cut must be noticed.
func TestFrameDamage(t *testing.T) {
	frame := encode([]Record{{Visit, []byte("one")}, {Signal, []byte("second record")}, {Fact, nil}})
	check := func(what string, damaged []byte) {
		t.Helper()
		_, err := decodeFrame(42, damaged)
		var corrupt *CorruptError
		if !errors.Is(err, ErrCorrupt) || !errors.As(err, &corrupt) {
			t.Fatalf("%s: got %v", what, err)
		}
		if corrupt.Seq != 42 || corrupt.Offset < 0 || corrupt.Offset > len(damaged) || !strings.Contains(err.Error(), "message 42") {
			t.Fatalf("%s: seq %d, offset %d: %v", what, corrupt.Seq, corrupt.Offset, err)
		}
	}
	for i := range frame {
		for bit := range 8 {
			damaged := bytes.Clone(frame)
			damaged[i] ^= 1 << bit
			check(fmt.Sprintf("bit %d of byte %d", bit, i), damaged)
		}
		check(fmt.Sprintf("cut at %d", i), frame[:i])
	}
	check("a byte more", append(bytes.Clone(frame), 0))
	check("twice", append(bytes.Clone(frame), frame...))
}

func FuzzDecodeFrame(f *testing.F) {
	f.Add(encode(sampleRecords()[:3]))
	f.Add(encode([]Record{{Signal, []byte("x")}}))
	f.Add([]byte{})
	f.Add([]byte("CL\x01\x00"))
	f.Fuzz(func(t *testing.T, frame []byte) {
		before := bytes.Clone(frame)
		b, err := decodeFrame(1, frame)
		if !bytes.Equal(before, frame) {
			t.Fatal("the frame was changed")
		}
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("not a corruption: %v", err)
			}
			// Give the fuzzer a way past the header's checksum.
			if len(frame) >= frameHeader {
				sealFrame(frame, frameTime, int(frame[12]))
				b, err = decodeFrame(1, frame)
			}
			if err != nil {
				return
			}
		}
		again := beginFrame(nil)
		for _, r := range b.Records {
			var header [recordHeaderMax]byte
			n := recordHeader(&header, r.Class, r.Data)
			again = append(append(again, header[:n]...), r.Data...)
		}
		sealFrame(again, b.Time, len(b.Records))
		if !bytes.Equal(again, frame) {
			t.Fatal("a frame that decodes is not the one its content encodes to")
		}
	})
}

func TestParseAck(t *testing.T) {
	for _, tc := range []struct {
		data string
		seq  uint64
		full bool
	}{
		{`{"stream":"LOG","seq":17}`, 17, false},
		{`{"stream":"LOG", "seq":18, "domain":"x"}`, 18, false},
		{`{"stream":"LOG","seq":0}`, 0, false},
		{`{"stream":"LOG","seq":}`, 0, false},
		{``, 0, false},
		{`{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"stream":"LOG","seq":0}`, 0, true},
		{`{"error":{"code":503,"err_code":10077,"description":"input/output error"},"stream":"LOG","seq":0}`, 0, false},
		{`{"error":{"code":500,"err_code":10023,"description":"insufficient resources"},"stream":"LOG","seq":0}`, 0, true},
	} {
		seq, err := parseAck([]byte(tc.data))
		if seq != tc.seq || (err == nil) != (tc.seq > 0) || errors.Is(err, errFullStore) != tc.full {
			t.Errorf("%s: got %d, %v", tc.data, seq, err)
		}
	}
}
