package analysis

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"cashtag/schemas"
)

// SeedProtocol runs the protocol that Cashtag's first version was tested by: posts
// of a session in windows of 20 minutes foretell that session's movement from its
// first price to its last, windows are dealt out at random to train and test, and
// counts and volume of the day stand beside the words. It leaks in three ways, and
// is here to show that the alarms hear it: it returns what the protocol would have
// reported, and the *LeakError that refuses it.
func SeedProtocol(ctx context.Context, events iter.Seq2[schemas.Event, error], source string, c Config) (Estimate, error) {
	if err := c.Validate(); err != nil {
		return Estimate{}, err
	}
	h := newHistory(CutoffOpen)
	for event, err := range events {
		if err != nil {
			return Estimate{}, fmt.Errorf("read tape: %w", err)
		}
		h.add(event)
	}
	if len(h.bars) == 0 {
		return Estimate{}, errNoPrices
	}
	h.sort()
	t := h.seedTable(source)
	if err := t.sort(); err != nil {
		return Estimate{}, errors.New("the tape has no posts during its sessions")
	}
	c.Targets = []Target{Direction}
	c.Configurations = []Configuration{{Name: "seed", Columns: []string{columnLogCount, "day_posts_log", "day_volume_log"}, Text: true}}
	s := deal(t, c.Seed)
	g, err := newGuard(t, []split{s}, c)
	if err != nil {
		return Estimate{}, err
	}
	l, err := newLearner(t, g.config, c.Configurations[0], Direction)
	if err != nil {
		return Estimate{}, err
	}
	skill, err := g.run(ctx, l)
	if err != nil {
		return Estimate{}, err
	}
	_, _, err = ring(ctx, t, []split{s}, c, &progress{})
	return estimate(skill), err
}

// seedWindow is how long a row's posts are gathered.
const seedWindow = 20 * time.Minute

// seedTable makes a row of each window of a session in which a ticker was spoken
// of. Its columns and words are of the very session whose movement is the label.
func (h *history) seedTable(source string) *Table {
	t := &Table{
		Columns: []string{columnLogCount, "day_posts_log", "day_volume_log", "price_return"},
		Source:  source, Cutoff: CutoffOpen,
	}
	for at, session := range h.sessions {
		for _, row := range h.labelled(at, h.rows(at)) {
			b := h.bars[row.Ticker][session.Date]
			day := h.between(row.Ticker, session.Open, session.Close)
			for from := session.Open; from.Before(session.Close); from = from.Add(seedWindow) {
				posts := h.between(row.Ticker, from, from.Add(seedWindow))
				if len(posts) == 0 {
					continue
				}
				window := row
				window.Words = nil
				for _, p := range posts {
					window.Words = append(window.Words, p.words...)
				}
				window.LatestInput = posts[len(posts)-1].at
				window.Values = []float64{
					math.Log1p(float64(len(posts))), math.Log1p(float64(len(day))),
					math.Log1p(float64(b.quote.Volume)), h.closeReturn(at-1, row.Ticker),
				}
				t.Rows = append(t.Rows, window)
			}
		}
	}
	return t
}

// deal puts a tenth of the rows into test at random.
func deal(t *Table, seed uint64) split {
	s := split{name: "a tenth at random", trainTo: t.Rows[len(t.Rows)-1].Date, testMin: t.Rows[0].Date}
	random := rand.New(rand.NewPCG(seed, 20))
	for i := range t.Rows {
		if random.IntN(10) == 0 {
			s.test = append(s.test, i)
		} else {
			s.train = append(s.train, i)
		}
	}
	return s
}
