package manager_test

import (
	"testing"
	"time"

	"cashtag/services/manager"
	"cashtag/streams/flag"
)

// A manager that has not heard yet of a change that another one stated does not
// take it back; a flag whose revisions begin again is believed after a while.
func TestOneManagerHearsLater(t *testing.T) {
	t.Parallel()
	e := newExchange(t)
	early, late := newOverride(), newOverride()
	clock := newWorld(at(t, "2025-11-26T15:59:55Z"))
	first := e.run(t, manager.DefaultConfig(), clock, early)
	second := e.run(t, manager.DefaultConfig(), clock, late)
	first.caught(t, clock.Now())
	second.caught(t, clock.Now())
	turn(t, e, early, flag.MarketClosed, 7, "XNYS:session:closed:revision-7")
	second.stop() // a new one reads at once what the other stated
	second = e.run(t, manager.DefaultConfig(), clock, late)
	for _, step := range []time.Duration{0, 5 * time.Second} {
		now := at(t, "2025-11-26T15:59:55Z").Add(step)
		clock.set(now)
		first.caught(t, now)
		second.caught(t, now)
	}
	same(t, "sessions", e.sessions(t), ids("opened:2025-11-26T14:30:00Z", "closed:revision-7"))
	first.stop()
	clock.set(at(t, "2025-11-26T16:01:00Z"))
	second.caught(t, clock.Now())
	same(t, "sessions", e.sessions(t), ids("opened:2025-11-26T14:30:00Z", "closed:revision-7", "opened:revision-0"))
}
