package retrain_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cashtag/internal/calendar"
	"cashtag/schemas"
	"cashtag/services/analysis"
	"cashtag/services/analysis/retrain"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"
)

// Each close gives one version, whatever is delivered again.
func TestEachCloseOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	running := r.start(t)
	for _, session := range sessions()[60:63] {
		r.closed(t, session)
	}
	r.settled(t)
	if got, want := r.rows.closes(), []string{"2014-03-31", "2014-04-01", "2014-04-02"}; !slices.Equal(got, want) {
		t.Errorf("trained at %q, want %q", got, want)
	}
	stated := r.shelf.statements()
	if len(stated) != 3 || len(r.shelf.files) != 3 || !strings.HasSuffix(stated[0], "up trained by service analysis") {
		t.Errorf("got %q, want three versions", stated)
	}
	if err := running.Stop(t); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	r.settled(t)
	sink, err := retrain.New(r.cfg, r.rows, r.shelf, r.settings, r.log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	if errs := sink.Write(t.Context(), []durable.Message{message(t, sessions()[61].Closed())}); errs != nil {
		t.Fatal(errs)
	}
	if again := r.shelf.statements(); !slices.Equal(again, stated) || len(r.shelf.files) != 3 {
		t.Errorf("got %q after a redelivery, want %q", again, stated)
	}
	if got := r.lines("model not promoted"); len(got) != 4 || !strings.Contains(got[0], "no version is promoted: the first is promoted by hand") {
		t.Errorf("got %q, want why nothing was promoted", got)
	}
}

func message(t *testing.T, event schemas.Event) durable.Message {
	t.Helper()
	data, err := event.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return durable.Message{Data: data}
}

// A worker that is killed after it stored the file and before it said so leaves the
// close to the next one, which makes the same version of it.
func TestKilledBetweenFileAndEvent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	dead := make(chan struct{})
	r.shelf.die = func() error {
		close(dead)
		return context.Canceled
	}
	running := r.start(t)
	r.closed(t, sessions()[60])
	<-dead
	if err := running.Stop(t); err != nil {
		t.Fatal(err)
	}
	if len(r.shelf.statements()) != 0 || len(r.shelf.files) != 1 {
		t.Fatalf("got %d files and %q, want one of which nothing was said", len(r.shelf.files), r.shelf.statements())
	}
	r.start(t)
	r.settled(t)
	if got := r.shelf.statements(); len(got) != 1 || len(r.shelf.files) != 1 || r.shelf.files[got[0][:8]] == nil {
		t.Errorf("got %d files and %q, want one event of the one file", len(r.shelf.files), got)
	}
}

// What cannot be read is tried again, and what was done is not done again.
func TestTriedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := file()
	other.Path, other.Config.Models = "other.yaml", []analysis.Kept{{Name: "other", Target: analysis.Direction, Configuration: "hint"}}
	r.cfg.Files = append(r.cfg.Files, other)
	r.shelf.die, r.shelf.dieAt = func() error { return errAway }, "other"
	r.rows.fail(errAway)
	r.start(t)
	r.closed(t, sessions()[60])
	r.settled(t)
	got := r.shelf.statements()
	if len(got) != 2 || !strings.Contains(got[0], "up trained") || !strings.Contains(got[1], "other trained") {
		t.Errorf("got %q, want one statement of each", got)
	}
	if want := []string{"up", "other", "other"}; !slices.Equal(r.shelf.pushes(), want) {
		t.Errorf("pushed %q, want %q", r.shelf.pushes(), want)
	}
}

func TestPromotion(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		rule     string
		trained  string // last session of the version that is promoted
		factor   float64
		promoted bool
		why      string
	}{
		{"better, and nobody said that it may", retrain.RuleNever, "2014-04-01", -1, false, "better: auc "},
		{"better", retrain.RuleBetter, "2014-04-01", -1, true, "better: auc "},
		{"as good", retrain.RuleBetter, "2014-04-01", 1, false, "not better beyond its interval: auc "},
		{"too little since", retrain.RuleBetter, "2014-07-01", -1, false, "at least 20 are needed"},
		{"the same", retrain.RuleBetter, "2014-07-24", 1, false, "it is the version that is promoted"},
		{"none", retrain.RuleBetter, "", 1, false, "no version is promoted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			before := ""
			if test.trained != "" {
				before = r.shelf.put(t, test.trained, test.factor)
			}
			r.settings.set(1, test.rule)
			r.start(t)
			r.closed(t, sessions()[140]) // 2014-07-24
			r.settled(t)
			promoted := slices.DeleteFunc(r.shelf.statements(), func(s string) bool { return !strings.Contains(s, "promoted") })
			want := 0
			if test.promoted {
				want = 1
			}
			if len(promoted) != want || (r.shelf.served() == before) == test.promoted {
				t.Fatalf("got %q, want %d promotions", promoted, want)
			}
			if test.promoted && !strings.HasSuffix(promoted[0], "up promoted by service analysis, rule better") {
				t.Errorf("got %q, want the service and its rule", promoted[0])
			}
			says := map[bool]string{true: `"model promoted"`, false: `"model not promoted"`}[test.promoted]
			if lines := r.lines(says); len(lines) != 1 || !strings.Contains(lines[0], test.why) || !strings.Contains(lines[0], "rule="+test.rule) {
				t.Errorf("got %q, want one with %q", lines, test.why)
			}
		})
	}
}

// The rule that holds at the moment counts, and so does how often.
func TestSettingsAreLive(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.settings.set(5, retrain.RuleNever)
	r.start(t)
	for _, session := range sessions()[60:70] {
		r.closed(t, session)
	}
	r.settled(t)
	if got := r.rows.closes(); len(got) != 2 {
		t.Errorf("trained at %q of ten sessions, want each fifth", got)
	}
	r.settings.set(1, retrain.RuleNever)
	for _, session := range sessions()[70:72] {
		r.closed(t, session)
	}
	r.settled(t)
	if got := r.rows.closes(); len(got) != 4 {
		t.Errorf("trained at %q, want two more", got)
	}
}

func TestTooFewDays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(t)
	r.closed(t, sessions()[20])
	r.settled(t)
	r.rows.fail(fmt.Errorf("%w: no rows: there is no post", retrain.ErrRefused))
	r.closed(t, sessions()[21])
	r.settled(t)
	lines := r.lines("model was not trained again")
	if len(lines) != 2 || !strings.Contains(strings.Join(lines, ""), "no rows: there is no post") ||
		!strings.Contains(strings.Join(lines, ""), "not trained: too few days: 2") {
		t.Errorf("got %q, want a line for each", lines)
	}
	if got := r.shelf.statements(); len(got) != 0 || len(r.shelf.files) != 0 {
		t.Errorf("got %q, want nothing stored", got)
	}
}

// An override that closes the market while its session goes on is no end of it.
func TestWhatIsNoClose(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	session := sessions()[60]
	override := session.Closed()
	override.Time = session.Open.Add(time.Hour)
	halted := session.Closed()
	halted.Data.(*schemas.Session).State = schemas.SessionHalted
	r.server.Publish(t, session.Opened(), override, halted)
	if _, err := r.server.Client.JS.Publish(t.Context(), "market.XNYS.clock", []byte("no JSON")); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	r.settled(t)
	if got := r.rows.closes(); len(got) != 0 {
		t.Errorf("trained at %q, want never", got)
	}
	early := slices.IndexFunc(sessions(), func(s calendar.Session) bool { return s.Early })
	r.closed(t, sessions()[early])
	r.settled(t)
	if got := r.rows.closes(); len(got) != 1 {
		t.Errorf("trained at %q, want the early close", got)
	}
	figures, err := durable.Inspect(t.Context(), r.server.Client, consumer)
	if err != nil || figures.Buried != 1 {
		t.Errorf("got %d buried, %v, want what is no event", figures.Buried, err)
	}
}

// A close of just now is waited for, one of long ago is not.
func TestSettles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := retrain.DefaultConfig()
		cfg.Files, cfg.Version = []retrain.File{file()}, "test"
		rows, log := &market{}, &streamstest.Log{}
		sink, err := retrain.New(cfg, rows, &shelf{files: make(map[string][]byte)}, &rule{every: 1, word: retrain.RuleNever}, log.Logger())
		if err != nil {
			t.Fatal(err)
		}
		event := sessions()[60].Closed()
		for _, test := range []struct {
			name string
			at   time.Duration // from now
			want time.Duration
		}{
			{"long ago", -24 * time.Hour, 0},
			{"five minutes ago", -5 * time.Minute, 15 * time.Minute},
			{"by another clock", 24 * time.Hour, 0},
			{"by a clock that is fast", 30 * time.Second, 20*time.Minute + 30*time.Second},
		} {
			event.Time = time.Now().Add(test.at)
			event.Data.(*schemas.Session).ClosesAt = event.Time
			start := time.Now()
			if errs := sink.Write(t.Context(), []durable.Message{message(t, event)}); errs != nil {
				t.Fatalf("%s: %v", test.name, errs)
			}
			if got := time.Since(start); got != test.want {
				t.Errorf("%s: waited %s, want %s", test.name, got, test.want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		event.Time = time.Now()
		event.Data.(*schemas.Session).ClosesAt = event.Time
		if errs := sink.Write(ctx, []durable.Message{message(t, event)}); len(errs) != 1 || !durable.IsUnavailable(errs[0]) {
			t.Errorf("got %v from a wait that was ended, want it unavailable", errs)
		}
	})
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(*retrain.Config)
		want  string
	}{
		"nothing":   {func(c *retrain.Config) { c.Files = nil }, "files is empty"},
		"no models": {func(c *retrain.Config) { c.Files[0].Config.Models = nil }, "analysis.yaml: models is empty"},
		"twice":     {func(c *retrain.Config) { c.Files = append(c.Files, c.Files[0]) }, "model up is in analysis.yaml too"},
		"settle":    {func(c *retrain.Config) { c.Settle = 7 * time.Hour }, "settle is 7h0m0s: must be from 0 to 6h0m0s"},
		"a target":  {func(c *retrain.Config) { c.Files[0].Config.Models[0].Target = "profit" }, `there is no target "profit"`},
		"nobody":    {func(c *retrain.Config) { c.By = "" }, "by is empty"},
		"version":   {func(c *retrain.Config) { c.Version = "" }, "version is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := retrain.DefaultConfig()
			cfg.Files, cfg.Version = []retrain.File{file()}, "test"
			test.spoil(&cfg)
			if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
