package logs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cashtag/schemas"
	"cashtag/services/logs"
	"cashtag/streams"
)

var _ logs.Publisher = (*streams.Publisher)(nil)

// publisher keeps what is published. Where answer is set it decides first, and
// without the lock.
type publisher struct {
	answer func(ctx context.Context, events []schemas.Event) error

	mu     sync.Mutex
	events []schemas.Event
}

func (p *publisher) Publish(ctx context.Context, events ...schemas.Event) error {
	for _, event := range events {
		if err := event.Validate(); err != nil {
			return err
		}
	}
	if p.answer != nil {
		if err := p.answer(ctx, events); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, events...)
	return nil
}

func (p *publisher) stored() []schemas.Event {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]schemas.Event(nil), p.events...)
}

func (p *publisher) messages() []string {
	var messages []string
	for _, event := range p.stored() {
		messages = append(messages, event.Data.(*schemas.Log).Message)
	}
	return messages
}

func config(change func(*logs.Config)) logs.Config {
	c := logs.DefaultConfig()
	c.Service = "mongo"
	if change != nil {
		change(&c)
	}
	return c
}

// output is what the other handler wrote, for several goroutines.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// lines is the output of a slog.JSONHandler.
func (o *output) lines(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(o.String()) {
		object := map[string]any{}
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		all = append(all, object)
	}
	return all
}

// published logs, runs the handler until all is published, and returns the events.
func published(t *testing.T, c logs.Config, log func(*slog.Logger)) []schemas.Event {
	t.Helper()
	p := &publisher{}
	h := logs.New(slog.DiscardHandler, c)
	log(slog.New(h))
	flush(t, h, p)
	return p.stored()
}

// flush runs the handler with a context that has ended.
func flush(t *testing.T, h *logs.Handler, p logs.Publisher) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Run(ctx, p); err != nil {
		t.Fatalf("Run: %v", err)
	}
}

// onlyLog is the data of the one event published.
func onlyLog(t *testing.T, events []schemas.Event) *schemas.Log {
	t.Helper()
	if len(events) != 1 {
		t.Fatalf("got %d events, want 1", len(events))
	}
	return events[0].Data.(*schemas.Log)
}

func TestConfigValidate(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*logs.Config)
		want   string
	}{
		"default":           {nil, ""},
		"no service":        {func(c *logs.Config) { c.Service = "" }, "service"},
		"service of a dot":  {func(c *logs.Config) { c.Service = "a.b" }, "service"},
		"no queue":          {func(c *logs.Config) { c.Queue = 0 }, "queue"},
		"queue of all time": {func(c *logs.Config) { c.Queue = 1<<20 + 1 }, "queue"},
	} {
		t.Run(name, func(t *testing.T) {
			err := config(test.change).Validate()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.HasPrefix(err.Error(), test.want)) {
				t.Errorf("error: got %v, want one about %q", err, test.want)
			}
		})
	}
}

func TestRecordBecomesAnEvent(t *testing.T) {
	before := time.Now()
	var out output
	p := &publisher{}
	h := logs.New(slog.NewJSONHandler(&out, nil), config(nil))
	logger := slog.New(h).With("stream", "TWEETS").WithGroup("request")
	logger.WarnContext(t.Context(), "batch refused", "count", 500, slog.Group("far_end", "host", "127.0.0.1"), "wait", 1500*time.Millisecond)
	flush(t, h, p)

	events := p.stored()
	log := onlyLog(t, events)
	event := events[0]
	if event.Source != "/services/mongo" || event.Subject != "mongo" || len(event.ID) != 26 {
		t.Errorf("envelope: got source %q, subject %q, id %q, want /services/mongo, mongo and a ULID", event.Source, event.Subject, event.ID)
	}
	if event.Time.Before(before) || event.Time.After(time.Now()) {
		t.Errorf("time: got %v, want that of the record", event.Time)
	}
	if subject, err := streams.Subject(event); err != nil || subject != "logs.mongo.warn" {
		t.Errorf("subject: got %q and %v, want logs.mongo.warn", subject, err)
	}
	if log.Service != "mongo" || log.Level != "warn" || log.Message != "batch refused" {
		t.Errorf("got %+v, want a warning of mongo: batch refused", log)
	}
	want := `{"request.count":500,"request.far_end.host":"127.0.0.1","request.wait":"1.5s","stream":"TWEETS"}`
	if got := asJSON(t, log.Attributes); got != want {
		t.Errorf("attributes:\ngot  %s\nwant %s", got, want)
	}

	lines := out.lines(t)
	if len(lines) != 1 || lines[0]["msg"] != "batch refused" || lines[0]["service"] != "mongo" || lines[0]["stream"] != "TWEETS" {
		t.Errorf("handed on: got %v, want the record, its attributes and the service", lines)
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLevels(t *testing.T) {
	all := []slog.Level{-8, slog.LevelDebug, slog.LevelDebug + 1, slog.LevelInfo, slog.LevelInfo + 2, slog.LevelWarn, slog.LevelWarn + 3, slog.LevelError, 12}
	for name, test := range map[string]struct {
		least slog.Level
		want  string
	}{
		"all":    {-8, "debug debug debug info info warn warn error error"},
		"info":   {slog.LevelInfo, "info info warn warn error error"},
		"error":  {slog.LevelError, "error error"},
		"beyond": {100, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, event := range published(t, config(func(c *logs.Config) { c.Level = test.least }), func(logger *slog.Logger) {
				for _, level := range all {
					logger.Log(t.Context(), level, "m")
				}
			}) {
				got = append(got, event.Data.(*schemas.Log).Level)
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("levels: got %q, want %q", got, test.want)
			}
		})
	}
}

func TestEachSideHasItsLevel(t *testing.T) {
	var out output
	p := &publisher{}
	h := logs.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}), config(nil))
	for level, want := range map[slog.Level]bool{slog.LevelDebug: false, slog.LevelInfo: true, slog.LevelWarn: true} {
		if got := h.Enabled(t.Context(), level); got != want {
			t.Errorf("Enabled(%s): got %t, want %t", level, got, want)
		}
	}
	logger := slog.New(h)
	logger.InfoContext(t.Context(), "info")
	logger.WarnContext(t.Context(), "warning")
	flush(t, h, p)
	if got := strings.Join(p.messages(), " "); got != "info warning" {
		t.Errorf("published: got %q, want info and warning", got)
	}
	if lines := out.lines(t); len(lines) != 1 || lines[0]["msg"] != "warning" {
		t.Errorf("handed on: got %v, want the warning alone", lines)
	}
}

func TestHandleReturnsTheOtherHandlersError(t *testing.T) {
	broken := errors.New("broken pipe")
	h := logs.New(failing{slog.DiscardHandler, broken}, config(nil))
	if err := h.Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelInfo, "m", 0)); !errors.Is(err, broken) {
		t.Errorf("error: got %v, want %v", err, broken)
	}
	p := &publisher{}
	flush(t, h, p)
	if got := len(p.stored()); got != 1 {
		t.Errorf("published: got %d events, want 1 all the same", got)
	}
}

// failing is a handler that takes everything and fails.
type failing struct {
	slog.Handler
	err error
}

func (failing) Enabled(context.Context, slog.Level) bool    { return true }
func (f failing) Handle(context.Context, slog.Record) error { return f.err }
func (f failing) WithAttrs([]slog.Attr) slog.Handler        { return f }
func (f failing) WithGroup(string) slog.Handler             { return f }

func TestChildrenDoNotShareAttributes(t *testing.T) {
	events := published(t, config(nil), func(logger *slog.Logger) {
		parent := logger.With("a", 1).With("b", 2).With("c", 3)
		first, second := parent.With("d", "first"), parent.With("d", "second")
		first.InfoContext(t.Context(), "1", "e", "x")
		second.InfoContext(t.Context(), "2", "e", "y")
		first.InfoContext(t.Context(), "3")
	})
	want := []string{
		`{"a":1,"b":2,"c":3,"d":"first","e":"x"}`,
		`{"a":1,"b":2,"c":3,"d":"second","e":"y"}`,
		`{"a":1,"b":2,"c":3,"d":"first"}`,
	}
	for i, event := range events {
		if got := asJSON(t, event.Data.(*schemas.Log).Attributes); got != want[i] {
			t.Errorf("event %d: got %s, want %s", i, got, want[i])
		}
	}
}

func TestIDsAreUniqueAndOrdered(t *testing.T) {
	const goroutines, each = 8, 200
	events := published(t, config(nil), func(logger *slog.Logger) {
		logger = logger.With("a", 1).With("b", 2).With("c", 3)
		var wait sync.WaitGroup
		for i := range goroutines {
			wait.Go(func() {
				for range each {
					logger.InfoContext(t.Context(), "m", "i", i, "again", i)
				}
			})
		}
		wait.Wait()
	})
	if len(events) != goroutines*each {
		t.Fatalf("got %d events, want %d", len(events), goroutines*each)
	}
	for _, event := range events {
		log := event.Data.(*schemas.Log)
		if got := log.Attributes; len(got) != 5 || got["i"] != got["again"] {
			t.Fatalf("attributes: got %v, want a, b, c and two that are one record's", got)
		}
	}
	for i := 1; i < len(events); i++ {
		if events[i].ID <= events[i-1].ID {
			t.Fatalf("id %d: got %s after %s, want a greater one", i, events[i].ID, events[i-1].ID)
		}
	}
}

// TestIDsGoOnWhenTheClockIsSetBack logs once now and once by the clock of a
// bubble, which stands in the year 2000.
func TestIDsGoOnWhenTheClockIsSetBack(t *testing.T) {
	p := &publisher{}
	h := logs.New(slog.DiscardHandler, config(nil))
	slog.New(h).InfoContext(t.Context(), "now")
	synctest.Test(t, func(t *testing.T) {
		slog.New(h).InfoContext(t.Context(), "then")
	})
	flush(t, h, p)
	events := p.stored()
	if len(events) != 2 || !events[1].Time.Before(events[0].Time) {
		t.Fatalf("got %v, want two events back in time", events)
	}
	if events[1].ID <= events[0].ID {
		t.Errorf("id: got %s after %s, want a greater one", events[1].ID, events[0].ID)
	}
}
