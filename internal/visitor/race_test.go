//go:build race

package visitor

// raceSlowdown is what the race detector's bookkeeping may cost.
const raceSlowdown = 20
