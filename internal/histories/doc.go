// Package histories has no code of its own: its test sends random histories of everything
// that moves money through the real books, with crashes between writes and repeated and
// reordered messages, and holds what is there against what must be there after every one
// (rulebook L9).
package histories
