package eventlog

import "syscall"

// diskFree is how many bytes an unprivileged process may still write to the file
// system of a directory.
func diskFree(dir string) (uint64, error) {
	var st syscall.Statfs_t
	err := syscall.Statfs(dir, &st)
	if err != nil {
		return 0, err
	}
	return st.Bavail * uint64(st.Bsize), nil
}
