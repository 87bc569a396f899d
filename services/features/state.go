package features

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"cashtag/internal/window"
	"cashtag/schemas"
)

// Stats counts what a State was given and what it made.
type Stats struct {
	Posts, Scores, Bars, Ticks uint64 // taken in
	Repeated                   uint64 // there already, or without effect
	Late                       uint64 // behind the clock and within Config.Lateness: they correct
	TooLate                    uint64 // beyond it: they are in no window
	Refused                    uint64 // of a ticker beyond Config.MaxTickers, or a post beyond Config.MaxPosts
	Passed                     uint64 // of no interest: trades, books, scores of other scorers
	Vectors, Corrections       uint64 // made; those of them that were not the first of their window
}

// State is all that features are made from. What Flush makes is a function of the
// set of events that were applied, whatever their order. It is not safe for
// concurrent use.
type State struct {
	cfg    Config
	market *window.Market
	makes  []bool // by kind of window

	all    *series // of the market
	byName map[string]*series
	order  []*series // by ticker

	started   int64 // the first that the market's clock said
	watermark int64 // the last; 0 for nothing yet
	flushed   int64 // the watermark of the last Flush
	keep      window.Day
	synthetic bool
	kept      int // posts that are kept whole

	late Span // what came late since the last Flush, of any ticker

	waiting    int    // posts whose score is waited for
	generation uint16 // of that waiting
	absent     bool   // no score came since the waiting was given up

	stats   Stats
	scratch scratch
	before  []float64
	views   map[windowKey]*view
}

// Span is a stretch of event time in Unix nanoseconds.
type Span = window.Span

// NewState returns a State that knows nothing. It returns an error for a
// configuration that does not validate.
func NewState(cfg Config) (*State, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	makes := make([]bool, len(window.Kinds()))
	for _, kind := range window.Kinds() {
		makes[kind] = cfg.makes(kind)
	}
	return &State{
		cfg:    cfg,
		market: window.XNYS(),
		makes:  makes,
		all:    newSeries(""),
		byName: make(map[string]*series),
		late:   noSpan,
		views:  make(map[windowKey]*view),
	}, nil
}

var noSpan = Span{Start: math.MaxInt64, End: math.MinInt64}

// Stats returns what was counted since the State was made or restored.
func (st *State) Stats() Stats { return st.stats }

// Watermark is what the market's clock shows; the zero time before its first word.
func (st *State) Watermark() time.Time {
	if st.watermark == 0 {
		return time.Time{}
	}
	return timeOf(st.watermark)
}

func timeOf(at int64) time.Time { return time.Unix(0, at).UTC() }

// Apply takes in one event. An event that is already in changes nothing, and one
// that features are not made from is passed over. The event must be valid.
func (st *State) Apply(event schemas.Event) {
	switch data := event.Data.(type) {
	case *schemas.Tweet:
		st.applyPost(event, data)
	case *schemas.Sentiment:
		st.applyScore(event, data)
	case *schemas.Quote:
		st.applyBar(event, data)
	case *schemas.Clock, *schemas.Session:
		st.applyTick(event)
	default:
		st.stats.Passed++
	}
}

// applyTick moves the clock on.
func (st *State) applyTick(event schemas.Event) {
	st.stats.Ticks++
	st.synthetic = st.synthetic || schemas.IsDemo(event.Source)
	at := event.Time.UnixNano()
	if st.started == 0 {
		st.started = at
		st.dropBefore(at - int64(st.cfg.Lateness))
	}
	st.watermark = max(st.watermark, at)
}

// dropBefore forgets what came before the first word of the clock and is older than
// may ever be corrected, so that it makes no difference which came first.
func (st *State) dropBefore(at int64) {
	for _, s := range append(slices.Clip(st.order), st.all) {
		old := s.postsIn(Span{Start: math.MinInt64, End: at})
		st.kept -= len(old)
		for _, p := range old {
			total := s.day(st.market.Day(p.at))
			total.posts--
			if p.opinion != unscored {
				total.scored--
			}
			if p.opinion != unscored && p.opinion != unknown {
				total.known--
				total.scoreE4 -= int64(p.scoreE4)
			}
		}
		s.minutes = slices.Clone(s.minutes[len(old):])
		s.posts = slices.Clone(s.posts[len(old):])
		bars := s.barsIn(Span{Start: math.MinInt64, End: at})
		for _, b := range bars {
			s.day(st.market.Day(b.at())).bars--
			s.day(st.market.Day(b.at())).priced = false
		}
		s.bars = slices.Clone(s.bars[len(bars):])
	}
}

// arrives decides whether what happened at a moment may still be counted, and
// remembers what is late.
func (st *State) arrives(at int64) bool {
	if st.watermark == 0 {
		return true
	}
	limit := max(st.watermark, st.started) - int64(st.cfg.Lateness)
	if at < limit || at < st.started-int64(st.cfg.Lateness) {
		st.stats.TooLate++
		return false
	}
	if at < st.watermark {
		st.stats.Late++
	}
	return true
}

// moved notes that something changed at a moment that the clock has passed.
func (st *State) moved(at int64) {
	if at < st.watermark {
		st.late.Start, st.late.End = min(st.late.Start, at), max(st.late.End, at)
	}
}

func (st *State) applyPost(event schemas.Event, tweet *schemas.Tweet) {
	p := postOf(event, tweet)
	if !st.arrives(p.at) {
		return
	}
	day := st.market.Day(p.at)
	fresh := false
	for _, ticker := range tweet.Tickers {
		p.owner, p.wait = ownerOf(ticker), st.generation
		s := st.follow(ticker)
		if s == nil || st.kept >= st.cfg.MaxPosts {
			st.stats.Refused++
			continue
		}
		if !s.addPost(p, day) {
			continue
		}
		fresh = true
		st.kept++
		if i := s.find(score{at: p.at, id: p.id}); i >= 0 && s.posts[i].opinion == unscored {
			st.waiting++
		}
	}
	if !fresh {
		st.stats.Repeated++
		return
	}
	p.owner = ownerOf(tweet.Tickers[0]) // whose score counts for the market
	if st.all.addPost(p, day) {
		st.kept++
	}
	st.stats.Posts++
	st.synthetic = st.synthetic || schemas.IsDemo(event.Source)
	st.moved(p.at)
}

func (st *State) applyScore(event schemas.Event, data *schemas.Sentiment) {
	if data.Scorer != st.cfg.Scorer || data.Version != st.cfg.ScorerVersion {
		st.stats.Passed++
		return
	}
	found := scoreOf(data)
	if !st.arrives(found.at) {
		return
	}
	s := st.follow(data.Ticker)
	if s == nil {
		st.stats.Refused++
		return
	}
	st.absent = false
	day := st.market.Day(found.at)
	st.all.addScore(found, day)
	p := s.addScore(found, day)
	if p == nil {
		st.stats.Repeated++ // or waits for its post
		return
	}
	if p.wait == st.generation && st.waiting > 0 {
		st.waiting--
	}
	st.stats.Scores++
	st.synthetic = st.synthetic || schemas.IsDemo(event.Source)
	st.moved(found.at)
}

func (st *State) applyBar(event schemas.Event, quote *schemas.Quote) {
	if quote.Kind != schemas.KindBar || quote.Bar == nil {
		st.stats.Passed++
		return
	}
	b := barOf(quote)
	if !st.arrives(b.at()) {
		return
	}
	s := st.follow(quote.Ticker)
	if s == nil {
		st.stats.Refused++
		return
	}
	if !s.addBar(b, st.market.Day(b.at())) {
		st.stats.Repeated++
		return
	}
	st.stats.Bars++
	st.synthetic = st.synthetic || schemas.IsDemo(event.Source)
}

// follow returns the series of a ticker, made where it is missing; nil where there
// are too many.
func (st *State) follow(ticker string) *series {
	if s := st.byName[ticker]; s != nil {
		return s
	}
	if len(st.byName) >= st.cfg.MaxTickers {
		return nil
	}
	s := newSeries(strings.Clone(ticker))
	s.dirty = math.MinInt64
	st.add(s)
	return s
}

func (st *State) add(s *series) {
	st.byName[s.ticker] = s
	i, _ := slices.BinarySearchFunc(st.order, s.ticker, func(s *series, ticker string) int { return strings.Compare(s.ticker, ticker) })
	st.order = slices.Insert(st.order, i, s)
}

// Waits reports whether posts were taken in whose scores are still to come. It says
// no once GiveUp was called, until a score comes again.
func (st *State) Waits() bool { return st.waiting > 0 && !st.absent }

// GiveUp ends the waiting for the scores of the posts taken in so far. They count
// when they come, as corrections.
func (st *State) GiveUp() {
	st.waiting, st.absent = 0, true
	st.generation++
}
