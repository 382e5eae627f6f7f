//go:build !race

package visitor

const raceSlowdown = 1
