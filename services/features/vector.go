package features

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strings"

	"cashtag/internal/window"
	"cashtag/schemas"
)

// definitions is the version of what the names mean. A change of any formula is a
// new version, and so another schema hash.
const definitions = "1"

// The horizons of what a window is compared with, in trading days.
const (
	trailingSessions = 20
	momentumSessions = 5
	// horizon is the trading days before a window's that its vector depends on.
	horizon = trailingSessions + 1
)

// names are what the values of a vector are, in order. See docs/features.md.
var names = []string{
	"posts_log", "posts_z", "baseline_sessions", "users_log", "posts_per_user",
	"sentiment_mean", "sentiment_dispersion", "positive_share", "negative_share", "sentiment_momentum",
	"repost_share", "followers_log", "exclusive_share", "heavy_share", "duplicate_share", "known_share",
	"market_posts_log", "market_posts_z", "market_sentiment_mean", "market_positive_share", "sentiment_relative",
	"price_known", "price_last", "price_return", "price_return_5", "price_range", "price_volatility",
	"volume_log", "volume_z",
}

// Names lists what the values of every vector are, in order.
func Names() []string { return append([]string(nil), names...) }

// Schema is the hash that vectors of a window carry: it covers the window, the
// names, their definitions and the scorer.
func Schema(kind window.Kind, scorer, version string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		"cashtag.features", definitions, kind.String(), scorer, version, strings.Join(names, ","),
	}, "\n")))
	return hex.EncodeToString(sum[:8])
}

// view is one window as all tickers see it.
type view struct {
	kind     window.Kind
	span     window.Span
	day      window.Day
	trailing []window.Span
	market   aggregate
	marketZ  float64
	baseline int64 // trailing windows that were watched whole
	schema   string
}

// vector is what a window says of one series.
func (st *State) vector(s *series, v *view, revision int64) *schemas.Feature {
	a := st.scratch.sum(s.postsIn(v.span))
	t := tradeIn(s.barsIn(v.span), v.span)
	first := v.day - horizon
	last, adjusted := s.lastAt(st.market, v.span.End, first)
	f := &schemas.Feature{
		Window: v.kind.String(), Ticker: s.ticker, StartAt: timeOf(v.span.Start), EndAt: timeOf(v.span.End),
		Revision: revision, Schema: v.schema, Scorer: st.cfg.Scorer, ScorerVersion: st.cfg.ScorerVersion,
		Names: names,
		Counts: schemas.FeatureCounts{
			Posts: a.posts, Users: a.users, HeavyPosts: a.heavy, Reposts: a.reposts, Exclusive: a.exclusive,
			Texts: a.texts, FollowersLogE4: a.followersE4, Scored: a.scored, Known: a.known,
			Positive: a.positive, Negative: a.negative, ScoreE4: a.scoreE4, ScoreSquaredE8: a.squaredE8,
			MarketPosts: v.market.posts, MarketKnown: v.market.known, MarketPositive: v.market.positive,
			MarketScoreE4: v.market.scoreE4,
			Bars:          t.bars, Volume: t.volume, LastE4: last, HighE4: t.high, LowE4: t.low,
		},
	}
	mean, marketMean := a.mean(), v.market.mean()
	relative := 0.0
	if a.known > 0 {
		relative = mean - marketMean
	}
	f.Values = append(make([]float64, 0, len(names)),
		math.Log1p(float64(a.posts)), st.postsZ(s, v, a.posts), float64(v.baseline),
		math.Log1p(float64(a.users)), window.Ratio(a.posts, a.users),
		mean, a.dispersion(), window.Ratio(a.positive, a.known), window.Ratio(a.negative, a.known), st.momentum(s, v),
		window.Ratio(a.reposts, a.posts), window.Ratio(a.followersE4, a.posts*1e4), window.Ratio(a.exclusive, a.posts),
		window.Ratio(a.heavy, a.posts), window.Ratio(a.posts-a.texts, a.posts), window.Ratio(a.known, a.posts),
		math.Log1p(float64(v.market.posts)), v.marketZ, marketMean,
		window.Ratio(v.market.positive, v.market.known), relative,
	)
	f.Values = append(f.Values, st.prices(s, v, t, last, adjusted)...)
	for i, value := range f.Values {
		f.Values[i] = window.Round(value)
	}
	return f
}

// mean is that of the known scores, from -1 to 1.
func (a aggregate) mean() float64 { return window.Ratio(a.scoreE4, a.known*1e4) }

// dispersion is the standard deviation of the known scores. Sums are of integers, so
// that it does not depend on their order.
func (a aggregate) dispersion() float64 {
	if a.known < 2 {
		return 0
	}
	n, sum, squares := float64(a.known), float64(a.scoreE4), float64(a.squaredE8)
	variance := (float64(n*squares) - float64(sum*sum)) / (n * (n - 1))
	return math.Sqrt(max(variance, 0)) / 1e4
}

// postsZ compares the logarithm of a count with that of the trailing windows.
func (st *State) postsZ(s *series, v *view, posts int64) float64 {
	st.before = st.before[:0]
	for _, span := range v.trailing[:v.baseline] {
		st.before = append(st.before, math.Log1p(float64(s.count(span))))
	}
	return window.Z(math.Log1p(float64(posts)), st.before)
}

// momentum is the mean score of the trading day up to the window's end less that of
// the five trading days before it; 0 where either has none.
func (st *State) momentum(s *series, v *view) float64 {
	var known, sum int64
	for d := v.day - momentumSessions; d < v.day; d++ {
		if total := s.days[d]; total != nil {
			known, sum = known+total.known, sum+total.scoreE4
		}
	}
	var knownNow, sumNow int64
	for _, p := range s.postsIn(window.Span{Start: st.market.Start(v.day), End: v.span.End}) {
		if p.opinion != unscored && p.opinion != unknown {
			knownNow, sumNow = knownNow+1, sumNow+int64(p.scoreE4)
		}
	}
	if known == 0 || knownNow == 0 {
		return 0
	}
	return window.Ratio(sumNow, knownNow*1e4) - window.Ratio(sum, known*1e4)
}

// prices are the values that are made from bars.
func (st *State) prices(s *series, v *view, t trade, last, adjusted int64) []float64 {
	if last == 0 {
		return make([]float64, 8)
	}
	first := v.day - horizon
	_, before := s.lastAt(st.market, v.span.Start, first)
	back := st.market.Start(v.day - momentumSessions + 1)
	_, before5 := s.lastAt(st.market, back, first)
	var returns, volumes []float64
	var previous int64
	for d := first; d < v.day; d++ {
		price := s.priceOf(st.market, d)
		if price.adjusted > 0 && previous > 0 {
			returns = append(returns, change(price.adjusted, previous))
		}
		if price.adjusted > 0 {
			previous = price.adjusted
		}
		if d > first && price.volume > 0 {
			volumes = append(volumes, math.Log1p(float64(price.volume)))
		}
	}
	_, volatility := window.Spread(returns)
	volumeLog, volumeZ := math.Log1p(float64(t.volume)), 0.0
	if t.volume > 0 && (v.kind == window.Session || v.kind == window.WholeDay) {
		volumeZ = window.Z(volumeLog, volumes)
	}
	return []float64{
		1, float64(last) / 1e4, change(adjusted, before), change(adjusted, before5),
		window.Ratio(t.high-t.low, last), volatility, volumeLog, volumeZ,
	}
}

func change(now, before int64) float64 {
	if before == 0 {
		return 0
	}
	return float64(now)/float64(before) - 1
}
