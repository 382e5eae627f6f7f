package eventlog

// SetPublish puts f in the place of every write to the store; f may call write or
// not, and return what it likes.
func (o *Options) SetPublish(f func(write func() (uint64, error)) (uint64, error)) {
	o.faults.publish = f
}

// SetFree puts f in the place of the system's answer about free disk space.
func (o *Options) SetFree(f func() (uint64, error)) { o.faults.free = f }

// BreakStore marks the store as broken, as a failed health check does.
func (l *Log) BreakStore(cause error) { l.store().fail(cause) }

// Waiting is the number of records in the batch that leaves next.
func (l *Log) Waiting() int { return l.waiting() }
