package alerts

import (
	"cashtag/internal/window"
	"cashtag/schemas"
)

// The shares from which on they are a reason.
const (
	mostly = 0.5
	heavy  = 0.3
	loud   = 1.0 // z of the whole market
	moved  = 2.0 // deviations of the trailing daily returns
)

// reasons are the values of a vector that tell what kind of attention it is, in the
// order that they are told in.
func reasons(f *schemas.Feature) []schemas.Reason {
	found := []schemas.Reason{}
	add := func(name string, remarkable func(v float64) bool) {
		if v, ok := f.Value(name); ok && remarkable(v) {
			found = append(found, schemas.Reason{Name: name, Value: v})
		}
	}
	from := func(least float64) func(float64) bool { return func(v float64) bool { return v >= least } }
	add("negative_share", from(mostly))
	add("positive_share", from(mostly))
	add("repost_share", from(mostly))
	add("duplicate_share", from(mostly))
	add("heavy_share", from(heavy))
	add("exclusive_share", from(mostly))
	add("market_posts_z", func(v float64) bool { return v > loud })
	if volatility, ok := f.Value("price_volatility"); ok && volatility > 0 {
		add("price_return", func(v float64) bool { return v > moved*volatility || v < -moved*volatility })
	}
	return found
}

// alert is the event of a vector that stands out.
func alert(source string, f *schemas.Feature, id string, evidence schemas.Evidence) schemas.Event {
	a := &schemas.Alert{
		Kind: schemas.AlertAttention, Ticker: f.Ticker, Window: f.Window, StartAt: f.StartAt, EndAt: f.EndAt,
		FeatureID: id, Evidence: evidence,
	}
	own, by := schemas.AlertID(a), schemas.ServiceSource("alerts")
	if schemas.IsDemo(source) {
		own, by = schemas.DemoPrefix+own, schemas.SourceDemoAlerts
	}
	return schemas.New(own, by, f.Ticker, f.EndAt, a)
}

// evidenceOf says what an alert is raised for.
func evidenceOf(f *schemas.Feature, z float64, sessions, read, posts int64) schemas.Evidence {
	return schemas.Evidence{
		Posts: f.Counts.Posts, Users: f.Counts.Users, Z: z,
		BaselineSessions: sessions, BaselineRead: read, BaselineMean: window.Round(window.Ratio(posts, read)),
		Reasons: reasons(f),
	}
}
