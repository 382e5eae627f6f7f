package visitor

import (
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// mmdbEntry is a network and its record, a tree of map[string]any, []any, string and int.
type mmdbEntry struct {
	network string
	record  any
}

// writeMMDB writes a database of IPv4 and IPv6 networks to a file. Like the real ones it
// writes equal records of neighbouring entries once.
func writeMMDB(t testing.TB, entries ...mmdbEntry) string {
	t.Helper()
	// A node is two children: 0 = nothing, n > 0 = node n, n < 0 = the record at -n-1.
	nodes := [][2]int{{}}
	var data []byte
	at := map[string]int{}
	for _, e := range entries {
		enc := string(encodeMMDB(nil, e.record))
		offset, ok := at[enc]
		if !ok {
			offset = len(data)
			at[enc] = offset
			data = append(data, enc...)
		}
		p := netip.MustParsePrefix(e.network)
		addr, bits := p.Addr().As16(), p.Bits()
		if p.Addr().Is4() { // IPv4 is ::/96
			four := p.Addr().As4()
			addr = [16]byte{}
			copy(addr[12:], four[:])
			bits += 96
		}
		node := 0
		for i := range bits {
			bit := addr[i/8] >> (7 - i%8) & 1
			if i == bits-1 {
				nodes[node][bit] = -offset - 1
				break
			}
			if nodes[node][bit] <= 0 {
				nodes = append(nodes, [2]int{})
				nodes[node][bit] = len(nodes) - 1
			}
			node = nodes[node][bit]
		}
	}
	var out []byte
	for _, n := range nodes {
		for _, child := range n {
			v := uint32(len(nodes))
			switch {
			case child > 0:
				v = uint32(child)
			case child < 0:
				v += 16 + uint32(-child-1)
			}
			out = binary.BigEndian.AppendUint32(out, v)
		}
	}
	out = append(out, make([]byte, 16)...)
	out = append(out, data...)
	out = append(out, "\xab\xcd\xefMaxMind.com"...)
	out = encodeMMDB(out, map[string]any{
		"node_count": len(nodes), "record_size": 32, "ip_version": 6, "database_type": "test",
		"binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1_000_000_000,
	})
	path := filepath.Join(t.TempDir(), "test.mmdb")
	err := os.WriteFile(path, out, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// encodeMMDB appends a value in the format's encoding: type and size, then the bytes.
func encodeMMDB(dst []byte, v any) []byte {
	head := func(kind, size int) {
		var extra []byte
		if size >= 29 {
			extra = []byte{byte(size - 29)}
			if size >= 29+256 {
				extra = binary.BigEndian.AppendUint16(nil, uint16(size-285))
				size = 30
			} else {
				size = 29
			}
		}
		if kind > 7 {
			dst = append(dst, byte(size), byte(kind-7))
		} else {
			dst = append(dst, byte(kind<<5|size))
		}
		dst = append(dst, extra...)
	}
	switch v := v.(type) {
	case string:
		head(2, len(v))
		return append(dst, v...)
	case int:
		head(6, 4)
		return binary.BigEndian.AppendUint32(dst, uint32(v))
	case []any:
		head(11, len(v))
		for _, e := range v {
			dst = encodeMMDB(dst, e)
		}
		return dst
	case map[string]any:
		head(7, len(v))
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			dst = encodeMMDB(encodeMMDB(dst, k), v[k])
		}
		return dst
	}
	panic("not a type of the tests")
}
