package demo

import (
	"math/bits"
	"math/rand/v2"
)

// dice draws whole numbers. It uses nothing of the generator but its Uint64,
// whose values for a seed are fixed by its specification.
type dice struct {
	source *rand.PCG
}

func newDice(seed, stream uint64) dice { return dice{source: rand.NewPCG(seed, stream)} }

// below returns a number from 0 to n-1.
func (d dice) below(n int) int {
	high, _ := bits.Mul64(d.source.Uint64(), uint64(n))
	return int(high)
}

// between returns a number from low to high, both included.
func (d dice) between(low, high int) int { return low + d.below(high-low+1) }

// chance is true so many times in a thousand.
func (d dice) chance(perMille int) bool { return d.below(1000) < perMille }

// bell returns a number from -width to width that is most often near 0.
func (d dice) bell(width int) int {
	sum := 0
	for range 4 {
		sum += d.between(-width, width)
	}
	return sum / 4
}

// times returns how often something happens that happens perMille/1000 times on
// average.
func (d dice) times(perMille int) int {
	n := perMille / 1000
	if d.chance(perMille % 1000) {
		n++
	}
	return n
}

func pick[T any](d dice, from []T) T { return from[d.below(len(from))] }

// knot is a point of a curve: a value at a minute of the session.
type knot struct {
	minute, value int
}

// curve is a line through its knots, level before the first and after the last.
type curve []knot

// at returns the value at a minute, or otherwise where the curve has no knot.
func (c curve) at(minute, otherwise int) int {
	if len(c) == 0 {
		return otherwise
	}
	if minute <= c[0].minute {
		return c[0].value
	}
	for i := 1; i < len(c); i++ {
		a, b := c[i-1], c[i]
		if minute <= b.minute {
			return a.value + (b.value-a.value)*(minute-a.minute)/(b.minute-a.minute)
		}
	}
	return c[len(c)-1].value
}
