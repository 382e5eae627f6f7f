//go:build unix

package eventlog_test

import (
	"os/signal"
	"syscall"
)

// limitFileSize makes every write past n bytes of a file fail with EFBIG.
func limitFileSize(n uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n})
}
