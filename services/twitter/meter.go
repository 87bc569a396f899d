package twitter

import (
	"fmt"
	"strconv"
	"sync"
	"time"
)

// maxSeen bounds the ids that are remembered of a day. Past it a post that is read
// again is counted again: too much, never too little.
const maxSeen = 1_000_000

// meter counts different posts read, as X bills them: once a UTC day. It is safe
// for concurrent use.
type meter struct {
	daily, monthly int
	now            func() time.Time

	mu    sync.Mutex
	spend Spend
	seen  map[uint64]struct{} // of the day
}

// resume takes over what was read before a restart. A count that is ahead already
// stays: what was read is paid, stored or not.
func (m *meter) resume(spend Spend) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.roll()
	was := spend.On(m.spend.Day)
	m.spend.Today = max(m.spend.Today, was.Today)
	m.spend.Month = max(m.spend.Month, was.Month)
}

// roll turns to the day that it is. The caller holds the lock.
func (m *meter) roll() {
	on := m.spend.On(m.now())
	if m.seen == nil || !on.Day.Equal(m.spend.Day) {
		m.seen = make(map[uint64]struct{})
	}
	m.spend = on
}

// read counts a post unless it was read today.
func (m *meter) read(postID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.roll()
	if id, err := strconv.ParseUint(postID, 10, 64); err == nil {
		if _, again := m.seen[id]; again {
			return
		}
		if len(m.seen) == maxSeen {
			clear(m.seen)
		}
		m.seen[id] = struct{}{}
	}
	m.spend.Today++
	m.spend.Month++
}

// current is what is read so far.
func (m *meter) current() Spend {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.roll()
	return m.spend
}

// left is how many posts may still be read, and once that is fewer than least,
// when more may be and which budget is spent.
func (m *meter) left(least int) (posts int, until time.Time, err error) {
	return m.leftOf(m.current(), least)
}

// leftOf is left, of what was spent by some day.
func (m *meter) leftOf(spend Spend, least int) (posts int, until time.Time, err error) {
	posts = maxReads
	day := spend.Day
	if m.daily > 0 {
		posts = min(posts, max(0, m.daily-spend.Today))
		if m.daily-spend.Today < least {
			until = day.AddDate(0, 0, 1)
			err = fmt.Errorf("%w: %d of %d posts today", ErrBudget, spend.Today, m.daily)
		}
	}
	if m.monthly > 0 {
		posts = min(posts, max(0, m.monthly-spend.Month))
		if m.monthly-spend.Month < least {
			until = time.Date(day.Year(), day.Month()+1, 1, 0, 0, 0, 0, time.UTC)
			err = fmt.Errorf("%w: %d of %d posts this month", ErrBudget, spend.Month, m.monthly)
		}
	}
	return posts, until, err
}
