package alerts

import (
	"time"

	"cashtag/internal/window"
	"cashtag/schemas"
)

// trailingSessions is how many sessions z looks back on, see services/features.
const trailingSessions = 20

// state is what is remembered. Its JSON is the snapshot: the same vectors in the same
// order give the same bytes.
type state struct {
	Layout  int              `json:"layout"`
	Newest  int64            `json:"newest"`  // end of the newest window, Unix seconds
	Windows map[string]int64 `json:"windows"` // where the first vector of a window's kind ended
	Tickers map[string]*past `json:"tickers"`
	Refused uint64           `json:"refused"` // vectors of tickers beyond Config.MaxTickers
}

// past is what is remembered of a ticker.
type past struct {
	Raised int64                      `json:"raised"` // window's end of the last alert, Unix seconds
	Posts  map[string]map[int64]int64 `json:"posts"`  // by window's kind and start: what trailing means are made of
}

// layout is the version of the snapshot.
const layout = 1

func newState() *state {
	return &state{Layout: layout, Windows: make(map[string]int64), Tickers: make(map[string]*past)}
}

// watched reports whether alerts are raised for a window: before the open, or 20
// minutes that lie within a session.
func watched(market *window.Market, f *schemas.Feature) (window.Kind, bool) {
	kind, err := window.ParseKind(f.Window)
	if err != nil || (kind != window.Preopen && kind != window.TwentyMinutes) {
		return 0, false
	}
	if kind == window.Preopen {
		return kind, true
	}
	session, open := market.Of(window.Session, f.StartAt.UnixNano())
	return kind, open && f.EndAt.UnixNano() <= session.End
}

// remember keeps a vector's posts and reports whether its ticker is watched.
func (st *state) remember(f *schemas.Feature, most int) (*past, bool) {
	p := st.Tickers[f.Ticker]
	if p == nil {
		if len(st.Tickers) >= most {
			st.Refused++
			return nil, false
		}
		p = &past{Posts: make(map[string]map[int64]int64)}
		st.Tickers[f.Ticker] = p
	}
	end := f.EndAt.Unix()
	if first, ok := st.Windows[f.Window]; !ok || end < first {
		st.Windows[f.Window] = end
	}
	st.Newest = max(st.Newest, end)
	byStart := p.Posts[f.Window]
	if byStart == nil {
		byStart = make(map[int64]int64)
		p.Posts[f.Window] = byStart
	}
	if f.Counts.Posts > 0 {
		byStart[f.StartAt.Unix()] = f.Counts.Posts
	} else {
		delete(byStart, f.StartAt.Unix())
	}
	return p, true
}

// baseline is how many of the windows that z was made against were read here, and the
// posts in all of them. A window without a vector had no posts.
func (st *state) baseline(market *window.Market, kind window.Kind, f *schemas.Feature, p *past, sessions int64) (read, posts int64) {
	span := window.Span{Start: f.StartAt.UnixNano(), End: f.EndAt.UnixNano()}
	trailing := market.Trailing(nil, kind, span, trailingSessions)
	for _, before := range trailing[:min(int(sessions), len(trailing))] {
		if before.End/int64(time.Second) < st.Windows[f.Window] {
			break
		}
		read++
		posts += p.Posts[f.Window][before.Start/int64(time.Second)]
	}
	return read, posts
}

// forget drops what no trailing window reaches any more.
func (st *state) forget(market *window.Market) {
	day := market.Day(st.Newest * int64(time.Second))
	oldest := market.Start(day-trailingSessions-2) / int64(time.Second)
	for _, p := range st.Tickers {
		for _, byStart := range p.Posts {
			for start := range byStart {
				if start < oldest {
					delete(byStart, start)
				}
			}
		}
	}
	for name, first := range st.Windows {
		st.Windows[name] = max(first, oldest)
	}
}
