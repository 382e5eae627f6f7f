//go:build !linux

package eventlog

import "errors"

// diskFree is only known on Linux; elsewhere the byte limit alone protects the disk.
func diskFree(string) (uint64, error) {
	return 0, errors.ErrUnsupported
}
