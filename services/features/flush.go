package features

import (
	"slices"
	"time"

	"cashtag/internal/window"
	"cashtag/schemas"
)

// Flush makes the vectors of all windows that the clock closed since the last one,
// and new revisions of those that something late changed, in the order of the windows'
// ends, and drops what can not be corrected any more.
func (st *State) Flush(emit func(schemas.Event)) {
	if st.watermark == 0 {
		return
	}
	clear(st.views)
	var made []schemas.Event
	for _, s := range st.order {
		st.flushSeries(s, func(event schemas.Event) { made = append(made, event) })
	}
	slices.SortStableFunc(made, func(a, b schemas.Event) int { return a.Time.Compare(b.Time) })
	for _, event := range made {
		emit(event)
	}
	st.late, st.flushed = noSpan, st.watermark
	st.forget()
}

// Due reports whether a Flush may have something to make: the clock went on, or
// something came late.
func (st *State) Due() bool {
	if st.watermark == 0 {
		return false
	}
	if st.late.Start < st.watermark {
		return true
	}
	for _, s := range st.order {
		if s.dirty < st.watermark {
			return true
		}
	}
	return false
}

func (st *State) flushSeries(s *series, emit func(schemas.Event)) {
	from := min(s.dirty, st.late.Start)
	oldest := st.oldest()
	for _, key := range st.candidates(s, max(from, oldest)) {
		span := st.spanOf(key)
		if span.End > st.watermark || span.End <= oldest {
			continue
		}
		if span.End <= s.dirty && !st.touches(span) {
			continue
		}
		v := st.view(key, span)
		revision := st.revision(s, v)
		before, again := s.emitted[key]
		if again && before == revision {
			continue
		}
		s.emitted[key] = revision
		st.stats.Vectors++
		if again {
			st.stats.Corrections++
		}
		emit(st.event(st.vector(s, v, revision)))
	}
	s.dirty = st.watermark
}

// touches reports whether something that came late, of any ticker, is in a window or
// in the trading days before it.
func (st *State) touches(span Span) bool {
	return span.Start <= st.late.End || st.market.Day(span.Start) > st.market.Day(st.late.Start)
}

// oldest is the end of the newest windows that are not looked at any more: nothing
// that came since the last Flush can be in them. Nothing is said of windows that ended
// before the clock's first word.
func (st *State) oldest() int64 {
	return max(st.started, st.flushed-int64(st.cfg.Lateness))
}

// event wraps a vector.
func (st *State) event(f *schemas.Feature) schemas.Event {
	id, source := schemas.FeatureID(f), schemas.ServiceSource("features")
	if st.synthetic {
		id, source = schemas.DemoPrefix+id, schemas.SourceDemoFeatures
	}
	return schemas.New(id, source, f.Ticker, f.EndAt, f)
}

// candidates lists the windows of a series that end after from and in which there
// is anything to say: of a minute a post, of 20 minutes a post or a bar, of a
// trading day a post or a bar up to its end or in the 21 days before it.
func (st *State) candidates(s *series, from int64) []windowKey {
	var keys []windowKey
	add := func(kind window.Kind, at int64) {
		if !st.makes[kind] {
			return
		}
		span, ok := st.market.Of(kind, at)
		key := windowKey{kind, span.Start}
		if ok && span.End > from && span.End <= st.watermark && (len(keys) == 0 || keys[len(keys)-1] != key) {
			keys = append(keys, key)
		}
	}
	reach := Span{Start: from - int64(20*time.Minute), End: st.watermark}
	for _, p := range s.postsIn(reach) {
		add(window.Minute, p.at)
	}
	for _, p := range s.postsIn(reach) {
		add(window.TwentyMinutes, p.at)
	}
	for _, b := range s.barsIn(reach) {
		if b.interval <= int64(20*time.Minute) {
			add(window.TwentyMinutes, b.at())
		}
	}
	slices.SortFunc(keys, compareKeys)
	keys = slices.Compact(keys)
	for d := st.market.Day(from); d <= st.market.Day(st.watermark); d++ {
		before := s.active(d)
		for _, kind := range []window.Kind{window.Preopen, window.Session, window.WholeDay} {
			span := st.market.OfDay(kind, d)
			today := Span{Start: st.market.Start(d), End: span.End}
			if !st.makes[kind] {
				continue
			}
			if before || len(s.postsIn(today))+len(s.barsIn(today)) > 0 {
				keys = append(keys, windowKey{kind, span.Start})
			}
		}
	}
	return keys
}

func compareKeys(a, b windowKey) int {
	if a.start != b.start {
		return int(min(1, max(-1, a.start-b.start)))
	}
	return int(a.kind) - int(b.kind)
}

// active reports whether there is a post or a bar in the trading days before one
// that its windows depend on.
func (s *series) active(day window.Day) bool {
	for d := day - horizon; d < day; d++ {
		if total := s.days[d]; total != nil && total.posts+total.bars > 0 {
			return true
		}
	}
	return false
}

func (st *State) spanOf(key windowKey) Span {
	if key.kind.Daily() {
		day := st.market.Day(key.start)
		return st.market.OfDay(key.kind, day)
	}
	span, _ := st.market.Of(key.kind, key.start)
	return span
}

// view is what all tickers share of a window, worked out once a Flush.
func (st *State) view(key windowKey, span Span) *view {
	if v := st.views[key]; v != nil {
		return v
	}
	v := &view{
		kind: key.kind, span: span, day: st.market.Day(span.Start),
		schema:   Schema(key.kind, st.cfg.Scorer, st.cfg.ScorerVersion),
		trailing: st.market.Trailing(nil, key.kind, span, trailingSessions),
		market:   st.scratch.sum(st.all.postsIn(span)),
	}
	for _, trailing := range v.trailing {
		if trailing.Start < st.started {
			break
		}
		v.baseline++
	}
	v.marketZ = st.postsZ(st.all, v, v.market.posts)
	st.views[key] = v
	return v
}

// revision counts the events that a vector could be made from: posts, scores and
// bars of the ticker from the oldest trading day that the window is compared with to
// the window's end, posts of the market on the trading days before the window's, and
// posts and scores of the market in the window.
func (st *State) revision(s *series, v *view) int64 {
	count := v.market.posts + v.market.scored
	for d := v.day - horizon; d < v.day; d++ {
		if total := s.days[d]; total != nil {
			count += total.posts + total.scored + total.bars
		}
		if total := st.all.days[d]; total != nil {
			count += total.posts
		}
	}
	reach := Span{Start: st.market.Start(v.day), End: v.span.End}
	posts := s.postsIn(reach)
	count += int64(len(posts)) + int64(len(s.barsIn(reach)))
	for i := range posts {
		if posts[i].opinion != unscored {
			count++
		}
	}
	return count
}

// forget drops what no window needs that may still be made or corrected. A window
// that reaches over a close belongs to the trading day that it starts in.
func (st *State) forget() {
	keep := st.market.Day(st.watermark - int64(st.cfg.Lateness) - int64(20*time.Minute))
	if keep == st.keep {
		return
	}
	st.keep = keep
	st.kept = 0
	for _, s := range append(slices.Clip(st.order), st.all) {
		s.forget(st.market, keep, keep-horizon-1)
		st.kept += len(s.posts)
	}
}
