package eventlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/bits"
	"time"
)

// The frame is the payload of one log message:
//
//	offset  size
//	0       2     "CL"
//	2       1     version, 1
//	3       1     zero
//	4       8     Unix time in nanoseconds, when the frame was closed; little endian
//	12      4     number of records, at least 1
//	16      4     CRC32-C of the 16 bytes before
//	20            the records, each:
//	              class (1), length (uvarint, shortest form),
//	              CRC32-C of class, length and data (4), data
//
// The checksums are here although JetStream has its own: those protect its block
// files, these protect a record from our encoder to our decoder.
const (
	frameMagic0, frameMagic1 = 'C', 'L'
	frameVersion             = 1
	frameHeader              = 20
	recordHeaderMax          = 1 + binary.MaxVarintLen64 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrCorrupt is wrapped by every [CorruptError].
var ErrCorrupt = errors.New("eventlog: corrupt message")

// CorruptError says where a log message does not decode.
type CorruptError struct {
	Seq    uint64 // the message's sequence
	Offset int    // where in the message's payload; -1 when the message itself is missing
	Reason string
}

// Error names sequence, offset and reason.
func (e *CorruptError) Error() string {
	if e.Offset < 0 {
		return fmt.Sprintf("eventlog: message %d: %s", e.Seq, e.Reason)
	}
	return fmt.Sprintf("eventlog: message %d is corrupt at byte %d: %s", e.Seq, e.Offset, e.Reason)
}

// Unwrap gives ErrCorrupt.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// recordSize is the encoded size of a record with n bytes of data.
func recordSize(n int) int { return 1 + uvarintLen(uint64(n)) + 4 + n }

func uvarintLen(v uint64) int { return (bits.Len64(v|1) + 6) / 7 }

// beginFrame starts a frame in buf, reusing its memory; sealFrame completes the header.
func beginFrame(buf []byte) []byte {
	var header [frameHeader]byte
	return append(buf[:0], header[:]...)
}

// recordHeader encodes what precedes a record's data. It is separate from appending,
// so that the checksum is computed outside the writer's lock.
func recordHeader(dst *[recordHeaderMax]byte, class Class, data []byte) int {
	dst[0] = byte(class)
	n := 1 + binary.PutUvarint(dst[1:], uint64(len(data)))
	binary.LittleEndian.PutUint32(dst[n:], recordChecksum(dst[:n], data))
	return n + 4
}

// recordChecksum is the CRC32-C of a record's class and length and its data. The few
// bytes of the former go through the table by hand: crc32.Update makes its argument
// escape, which would cost an allocation per record.
func recordChecksum(head, data []byte) uint32 {
	crc := ^uint32(0)
	for _, b := range head {
		crc = castagnoli[byte(crc)^b] ^ crc>>8
	}
	return crc32.Update(^crc, castagnoli, data)
}

func sealFrame(frame []byte, at time.Time, records int) {
	frame[0], frame[1], frame[2], frame[3] = frameMagic0, frameMagic1, frameVersion, 0
	binary.LittleEndian.PutUint64(frame[4:], uint64(at.UnixNano()))
	binary.LittleEndian.PutUint32(frame[12:], uint32(records))
	binary.LittleEndian.PutUint32(frame[16:], crc32.Checksum(frame[:16], castagnoli))
}

// decodeFrame reads the message with the sequence. The records' data are parts of
// frame, with their capacity cut so that an append cannot reach the next record.
func decodeFrame(seq uint64, frame []byte) (Batch, error) {
	fail := func(offset int, format string, args ...any) (Batch, error) {
		return Batch{}, &CorruptError{Seq: seq, Offset: offset, Reason: fmt.Sprintf(format, args...)}
	}
	if len(frame) < frameHeader {
		return fail(len(frame), "the header is cut off")
	}
	if frame[0] != frameMagic0 || frame[1] != frameMagic1 {
		return fail(0, "not a frame of this log: begins with %x", frame[:2])
	}
	if frame[2] != frameVersion || frame[3] != 0 {
		return fail(2, "unknown frame version %d.%d: written by a newer clickledger?", frame[2], frame[3])
	}
	if binary.LittleEndian.Uint32(frame[16:]) != crc32.Checksum(frame[:16], castagnoli) {
		return fail(16, "the header's checksum is wrong")
	}
	at := time.Unix(0, int64(binary.LittleEndian.Uint64(frame[4:]))).UTC()
	count := int(binary.LittleEndian.Uint32(frame[12:]))
	if count < 1 || count > (len(frame)-frameHeader)/recordSize(0) {
		return fail(12, "%d records cannot be in %d bytes", count, len(frame))
	}
	records := make([]Record, 0, count)
	off := frameHeader
	for range count {
		if off >= len(frame) {
			return fail(off, "record %d of %d is missing", len(records)+1, count)
		}
		class := Class(frame[off])
		if !class.valid() {
			return fail(off, "unknown record class %d", class)
		}
		size, n := binary.Uvarint(frame[off+1:])
		if n <= 0 || n != uvarintLen(size) {
			return fail(off+1, "the record's length is malformed")
		}
		head := off + 1 + n
		if rest := len(frame) - head - 4; rest < 0 || size > uint64(rest) {
			return fail(head, "the record is cut off")
		}
		start := head + 4
		end := start + int(size)
		data := frame[start:end:end]
		if binary.LittleEndian.Uint32(frame[head:]) != recordChecksum(frame[off:head], data) {
			return fail(head, "the checksum of record %d is wrong", len(records)+1)
		}
		records = append(records, Record{Class: class, Data: data})
		off = end
	}
	if off != len(frame) {
		return fail(off, "%d bytes follow the last record", len(frame)-off)
	}
	return Batch{Seq: seq, Time: at, Records: records}, nil
}
