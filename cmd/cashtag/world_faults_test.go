//go:build !external

package main

import (
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"cashtag/embedded/alpacad"
	"cashtag/embedded/blueskyd"
	"cashtag/embedded/xd"
	"cashtag/internal/calendar"
	"cashtag/internal/demo"
	"cashtag/schemas"
	"cashtag/services/twitter"
	"cashtag/streams"
	"cashtag/streams/streamstest"
)

// trouble is what goes wrong at once, with all three vendors.
type trouble struct {
	name   string
	strike func()
	// struck are the stand-ins' counters: each grows before the next trouble comes.
	struck []func() int
	// after becomes true before the next trouble comes; nil for nothing.
	after func() bool
	// holds ends the playing: the sources are to be started anew.
	holds bool
}

// badDay is the demo day, with a trouble every few minutes.
type badDay struct {
	*demo.Day

	t       *testing.T
	market  *market
	opening time.Time
	script  []trouble
	struck  int   // so many of the script struck
	before  []int // what the counters of the last showed
	held    bool
}

// between is how much of the day lies between two troubles: none of them is then
// near a halt, which Alpaca tells once.
const (
	between = 12 * time.Minute
	first   = 4 * time.Minute
)

// Events implements replay.Tape. A trouble strikes when all before it is stored, and
// what comes after is handed out in the midst of it.
func (d *badDay) Events() iter.Seq2[schemas.Event, error] {
	return func(yield func(schemas.Event, error) bool) {
		for event, err := range d.Day.Events() {
			if !yield(event, err) {
				return
			}
			due := d.opening.Add(first + time.Duration(d.struck)*between)
			if _, tick := event.Data.(*schemas.Clock); !tick || d.struck == len(d.script) || event.Time.Before(due) {
				continue
			}
			d.met()
			if d.strike(); d.held {
				return
			}
		}
		d.met()
	}
}

func (d *badDay) strike() {
	next := d.script[d.struck]
	d.struck++
	d.before = nil
	for _, count := range next.struck {
		d.before = append(d.before, count())
	}
	next.strike()
	d.held = next.holds
}

// met waits until all of the last trouble has struck.
func (d *badDay) met() {
	if d.struck == 0 {
		return
	}
	last := d.script[d.struck-1]
	for i, count := range last.struck {
		until(d.t, fmt.Sprintf("%s: counter %d", last.name, i), func() bool { return count() > d.before[i] })
	}
	if last.after != nil {
		until(d.t, "after "+last.name, last.after)
	}
}

// cut breaks every connection.
func (v *market) cut() {
	v.x.Cut()
	for _, sky := range v.bluesky {
		sky.Cut()
	}
	v.alpaca.Cut()
}

// skies does the same to every instance of Bluesky.
func (v *market) skies(do func(*blueskyd.Server)) {
	for _, sky := range v.bluesky {
		do(sky)
	}
}

// The counters of the stand-ins.
func (v *market) ofX(on xd.Endpoint, kind xd.Kind) func() int {
	return func() int { return v.x.Struck(on, kind) }
}

func (v *market) ofSky(kind blueskyd.Kind) func() int {
	return func() int {
		n := 0
		v.skies(func(sky *blueskyd.Server) { n += sky.Struck(kind) })
		return n
	}
}

func (v *market) ofAlpaca(kind alpacad.Kind) func() int {
	return func() int { return v.alpaca.Struck(kind) }
}

// TestWorldOfFaults plays the demo day through the stand-ins and the real sources,
// with everything that the vendors can do wrong and one start of the sources anew,
// and wants what reading the day directly gives: every event once, byte for byte.
func TestWorldOfFaults(t *testing.T) {
	t.Parallel()
	day, err := demo.New()
	if err != nil {
		t.Fatal(err)
	}
	v := badMarket(t, day)
	session, _ := calendar.XNYS().Session(demo.Date)
	tape := &badDay{Day: day, t: t, market: v, opening: session.Open}
	tape.script = v.badScript(t)
	server := streamstest.Start(t)
	forget(t, server)
	dir := t.TempDir()
	w := startWorld(t, server, v, v.hastyEnds(), tape, dir)
	ended := func() bool { return w.player.Progress().Done }
	if !until(t, "the keys are refused", ended) || !tape.held {
		t.Fatalf("the day ended with %d of %d troubles, want it held", tape.struck, len(tape.script))
	}
	for _, name := range []string{streams.ServiceTwitter, streams.ServiceBluesky, streams.ServiceStocks} {
		until(t, name+" gives up, whose key is refused", func() bool { return w.platform.endedService(name) })
	}
	w.end()
	tape.held = false
	v.alpaca.RefuseKeys(false)
	w = startWorld(t, server, v, v.hastyEnds(), tape, dir)
	until(t, "the day ends", func() bool { return w.player.Progress().Done || w.platform.failed() != nil })
	if err := w.platform.failed(); err != nil {
		t.Error(err)
	}
	w.end()
	if tape.struck != len(tape.script) {
		t.Errorf("%d of %d troubles struck", tape.struck, len(tape.script))
	}
	if v.alpaca.Struck(alpacad.Said(405)) == 0 {
		t.Error("alpaca never said that there are too many symbols")
	}
	want := encodedDay(t, day.Events())
	for _, name := range []string{streams.Tweets, streams.Quotes, streams.Market} {
		checkStream(t, server.Client.JS, name, want[name])
	}
}

// forget has the server know ids no longer than it must, so that it does not
// remove what a source stores twice.
func forget(t *testing.T, server *streamstest.Server) {
	t.Helper()
	for _, name := range []string{streams.Tweets, streams.Quotes} {
		stream, err := server.Client.JS.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		config := stream.CachedInfo().Config
		config.Duplicates = 100 * time.Millisecond
		if _, err := server.Client.JS.UpdateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
}

// badMarket starts the stand-ins of the day: two instances of Bluesky, X whose
// keep-alives come often, and Alpaca with a smaller plan than we believe to have.
func badMarket(t *testing.T, day *demo.Day) *market {
	t.Helper()
	v, err := newMarket(day)
	if err != nil {
		t.Fatal(err)
	}
	all := v.configs(slog.New(slog.DiscardHandler))
	all.x.KeepAlive = 20 * time.Millisecond
	all.bluesky = append(all.bluesky, all.bluesky[0])
	all.alpaca.SymbolLimit = 5
	if err := v.start(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.close)
	return v
}

// hastyEnds are the world's, with pauses in milliseconds that are minutes with the
// vendors.
func (v *market) hastyEnds() sourceEnds {
	ends := v.ends()
	ends.twitter.Silence = 300 * time.Millisecond
	ends.twitter.SearchLag = 5 * time.Millisecond
	ends.twitter.Backoff = twitter.Backoff{
		Network: time.Millisecond, NetworkMax: 20 * time.Millisecond,
		Server: 5 * time.Millisecond, ServerMax: 40 * time.Millisecond,
		RateLimit: 5 * time.Millisecond, RateLimitMax: 40 * time.Millisecond,
	}
	ends.bluesky.Silence = time.Second
	ends.stocks.PingEvery = 500 * time.Millisecond
	ends.stocks.ConnectionWait = 300 * time.Millisecond
	return ends
}

// badScript is every fault of every vendor.
func (v *market) badScript(t *testing.T) []trouble {
	t.Helper()
	return slices.Concat(v.badAnswers(), v.badStreams(t), v.badServers())
}

// badAnswers are those of the network, and of vendors that will not have us yet.
func (v *market) badAnswers() []trouble {
	x, sky, alpaca := v.ofX, v.ofSky, v.ofAlpaca
	return []trouble{
		{"split chunks", func() {
			v.x.Inject(xd.Fault{Kind: xd.Split, Count: 11})
			v.skies(func(sky *blueskyd.Server) { sky.Split(7) })
			v.alpaca.Split(50)
			v.cut()
		}, []func() int{x(xd.OnStream, xd.Split), sky(blueskyd.Fragmented), alpaca(alpacad.Fragmented)}, nil, false},
		{"joined chunks, and lost connections", func() {
			v.skies(func(sky *blueskyd.Server) { sky.Split(0) })
			v.alpaca.Split(0)
			v.x.Inject(xd.Fault{Kind: xd.Joined, Count: 30})
			v.cut()
		}, []func() int{x(xd.OnStream, xd.Joined), sky(blueskyd.Broken), alpaca(alpacad.Broken)}, nil, false},
		{"503", func() {
			v.x.Inject(
				xd.Fault{Kind: xd.Unavailable}, xd.Fault{On: xd.OnRules, Kind: xd.Unavailable}, xd.Fault{On: xd.OnSearch, Kind: xd.Unavailable},
				xd.Fault{Kind: xd.Cut, After: 5},
			)
			v.skies(func(sky *blueskyd.Server) { sky.Refuse(2, http.StatusServiceUnavailable, 0) })
			v.alpaca.FailREST(1, http.StatusServiceUnavailable, 0)
			v.cut()
		}, []func() int{
			x(xd.OnStream, xd.Unavailable), x(xd.OnRules, xd.Unavailable), x(xd.OnSearch, xd.Unavailable), x(xd.OnStream, xd.Cut),
			sky(blueskyd.Refused), alpaca(alpacad.Answered(http.StatusServiceUnavailable)),
		}, nil, false},
		{"429", func() {
			v.x.Inject(
				xd.Fault{Kind: xd.RateLimited, Wait: time.Millisecond}, xd.Fault{On: xd.OnRules, Kind: xd.RateLimited, Wait: time.Millisecond},
				xd.Fault{On: xd.OnSearch, Kind: xd.RateLimited, Wait: time.Millisecond},
			)
			v.skies(func(sky *blueskyd.Server) { sky.Refuse(2, http.StatusTooManyRequests, time.Second) })
			v.alpaca.FailREST(1, http.StatusTooManyRequests, time.Second)
			v.cut()
		}, []func() int{
			x(xd.OnStream, xd.RateLimited), x(xd.OnRules, xd.RateLimited), x(xd.OnSearch, xd.RateLimited),
			sky(blueskyd.Refused), alpaca(alpacad.Answered(http.StatusTooManyRequests)),
		}, nil, false},
		{"409, CursorTooOld and a slow client", func() {
			v.x.Inject(xd.Fault{Kind: xd.NoRules})
			v.x.Cut()
			v.skies(func(sky *blueskyd.Server) { sky.Forget(); sky.Cut() })
			v.alpaca.Say(407, "slow client")
		}, []func() int{x(xd.OnStream, xd.NoRules), sky(blueskyd.TooOld), alpaca(alpacad.Said(407))}, nil, false},
	}
}

// badStreams are those of connections that stand.
func (v *market) badStreams(t *testing.T) []trouble {
	t.Helper()
	x, sky, alpaca := v.ofX, v.ofSky, v.ofAlpaca
	return []trouble{
		{"errors in the stream", func() {
			v.x.Inject(xd.Fault{Kind: xd.Disconnect, After: 3}, xd.Fault{Kind: xd.TooMany, After: 3})
			v.x.Cut()
			v.skies((*blueskyd.Server).TooSlow)
			v.alpaca.Say(500, "internal error")
		}, []func() int{x(xd.OnStream, xd.Disconnect), x(xd.OnStream, xd.TooMany), sky(blueskyd.Slow), alpaca(alpacad.Said(500))}, nil, false},
		{"FutureCursor and two clients", func() {
			v.x.Inject(xd.Fault{Kind: xd.Overflow, Count: 1})
			v.x.Cut()
			v.skies((*blueskyd.Server).Renew)
			v.alpaca.Say(406, "connection limit exceeded")
		}, []func() int{x(xd.OnStream, xd.Overflow), sky(blueskyd.Future), alpaca(alpacad.Said(406))}, nil, false},
		{"duplicates after a reconnect", func() {
			v.x.Inject(xd.Fault{Kind: xd.Repeat, Count: 200})
			v.skies(func(sky *blueskyd.Server) { sky.Repeat(200) })
			v.alpaca.RepeatAfterReconnect(200)
			v.cut()
		}, []func() int{x(xd.OnStream, xd.Repeat), sky(blueskyd.Repeated), alpaca(alpacad.Repeated)}, nil, false},
		{"missed keep-alive", func() {
			v.x.Inject(xd.Fault{Kind: xd.Silent, After: 3})
			v.x.Cut()
			v.alpaca.Silence()
			left := sky(blueskyd.Silent)()
			v.skies(func(sky *blueskyd.Server) { sky.Silence(true) })
			until(t, "bluesky is given up", func() bool { return sky(blueskyd.Silent)() > left })
			v.skies(func(sky *blueskyd.Server) { sky.Silence(false) })
		}, []func() int{x(xd.OnStream, xd.Silent), sky(blueskyd.Silent), alpaca(alpacad.Silent)}, nil, false},
		{"malformed frames, and a slow vendor", func() {
			v.x.Inject(xd.Fault{Kind: xd.Malformed, After: 3}, xd.Fault{Kind: xd.Slow, Wait: 100 * time.Microsecond})
			v.x.Cut()
			v.skies(func(sky *blueskyd.Server) { sky.Raw([]byte(`{"did":$AAPL}`)) })
			v.alpaca.Garble([]byte(`[{"T":"b","S":"AAPL"`))
		}, []func() int{x(xd.OnStream, xd.Malformed), sky(blueskyd.Garbled), alpaca(alpacad.Garbled)}, nil, false},
	}
}

// badServers are those that last until the vendor is well again, or we have its key.
func (v *market) badServers() []trouble {
	x, sky, alpaca := v.ofX, v.ofSky, v.ofAlpaca
	return []trouble{
		{"one instance fails", func() {
			v.bluesky[0].Refuse(1_000_000, http.StatusServiceUnavailable, 0)
			v.cut()
		}, []func() int{x(xd.OnStream, xd.Slow), sky(blueskyd.Broken)}, func() bool { return v.bluesky[1].Subscribers() == 1 }, false},
		{"the other instance fails", func() {
			v.bluesky[0].Refuse(0, 0, 0)
			v.bluesky[1].Refuse(1_000_000, http.StatusServiceUnavailable, 0)
			v.cut()
		}, []func() int{sky(blueskyd.Refused)}, func() bool { return v.bluesky[0].Subscribers() == 1 }, false},
		{"no instance knows v2", func() {
			v.bluesky[1].Refuse(0, 0, 0)
			v.skies(func(sky *blueskyd.Server) { sky.OnlyV1(true) })
			v.cut()
		}, []func() int{sky(blueskyd.NoV2)}, nil, false},
		{"refused keys", func() {
			v.x.Inject(xd.Fault{On: xd.OnRules, Kind: xd.Unauthorized})
			v.skies(func(sky *blueskyd.Server) {
				sky.OnlyV1(false)
				sky.NoDictionary(true)
				sky.Refuse(2, http.StatusUnauthorized, 0)
			})
			v.alpaca.RefuseKeys(true)
			v.cut()
		}, []func() int{x(xd.OnRules, xd.Unauthorized), sky(blueskyd.Refused), alpaca(alpacad.Said(402)), sky(blueskyd.NoDictionary)}, nil, true},
		{"a storm", func() {
			v.skies(func(sky *blueskyd.Server) { sky.NoDictionary(false) })
			storm := time.NewTicker(30 * time.Millisecond)
			go func() {
				defer storm.Stop()
				for range 30 {
					<-storm.C
					v.cut()
				}
			}()
		}, []func() int{sky(blueskyd.Broken), alpaca(alpacad.Broken)}, nil, false},
	}
}
