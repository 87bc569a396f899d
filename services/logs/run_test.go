package logs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cashtag/schemas"
	"cashtag/services/logs"
)

// start runs a handler in a bubble until the returned function is called.
func start(t *testing.T, h *logs.Handler, p logs.Publisher) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx, p) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
	}
}

// away is a stream that does not answer until it is told to.
func away() (answer func(context.Context, []schemas.Event) error, back func()) {
	gate := make(chan struct{})
	return func(ctx context.Context, _ []schemas.Event) error {
		select {
		case <-gate:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}, func() { close(gate) }
}

func TestRecordsBeforeRunArePublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{}
		h := logs.New(slog.DiscardHandler, config(nil))
		logger := slog.New(h)
		logger.InfoContext(t.Context(), "before")
		end := start(t, h, p)
		synctest.Wait()
		logger.InfoContext(t.Context(), "during")
		synctest.Wait()
		if got := p.messages(); !slices.Equal(got, []string{"before", "during"}) {
			t.Errorf("published: got %q, want before and during", got)
		}
		end()
		logger.InfoContext(t.Context(), "between")
		end = start(t, h, p)
		end()
		if got := p.messages(); !slices.Equal(got, []string{"before", "during", "between"}) {
			t.Errorf("published: got %q, want between too, by the second Run", got)
		}
	})
}

func TestUnreachableStreamNeverBlocksAndDropsAreAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const queue, records = 10, 100
		var out output
		answer, back := away()
		p := &publisher{answer: answer}
		h := logs.New(slog.NewJSONHandler(&out, nil), config(func(c *logs.Config) { c.Queue = queue }))
		logger := slog.New(h)
		logger.InfoContext(t.Context(), "in hand")
		end := start(t, h, p)
		synctest.Wait() // the first is being published
		began := time.Now()
		for i := range records {
			logger.InfoContext(t.Context(), "m", "i", i)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("logging waited %s", took)
		}
		if got := h.Dropped(); got != records-queue {
			t.Errorf("dropped: got %d, want %d", got, records-queue)
		}
		if got := len(p.stored()); got != 0 {
			t.Fatalf("published: got %d events from a stream that is away", got)
		}
		back()
		synctest.Wait()
		end()

		events := p.stored()
		if want := 1 + queue + 1; len(events) != want {
			t.Fatalf("published: got %q, want %d", p.messages(), want)
		}
		var notices []*schemas.Log
		for _, event := range events {
			if log := event.Data.(*schemas.Log); log.Message == "log events dropped" {
				notices = append(notices, log)
			}
		}
		if len(notices) != 1 || notices[0].Level != "warn" || asJSON(t, notices[0].Attributes) != `{"count":90}` {
			t.Errorf("notices: got %+v, want one warning of 90", notices)
		}
		if got := strings.Count(out.String(), `"msg":"m"`); got != records {
			t.Errorf("handed on: got %d, want all %d", got, records)
		}
		if got := strings.Count(out.String(), "log events dropped"); got != 1 {
			t.Errorf("handed on: got %d notices, want 1", got)
		}
	})
}

func TestFailuresAreRetriedAndSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out output
		tries := 0
		p := &publisher{answer: func(context.Context, []schemas.Event) error {
			if tries++; tries <= 5 {
				return errors.New("no servers at nats://cashtag:hunter2@127.0.0.1:4222")
			}
			return nil
		}}
		h := logs.New(slog.NewJSONHandler(&out, nil), config(nil))
		end := start(t, h, p)
		slog.New(h).InfoContext(t.Context(), "m")
		began := time.Now()
		for len(p.stored()) == 0 {
			synctest.Wait()
			<-time.After(time.Millisecond)
		}
		// Five pauses of 100 ms and twice as long each time, half as long at the least.
		if took := time.Since(began); took < 1500*time.Millisecond || took > 5*time.Second {
			t.Errorf("published after %s, want 1.5 s to 5 s", took)
		}
		end()
		if got := p.messages(); !slices.Equal(got, []string{"m"}) {
			t.Errorf("published: got %q, want the record alone", got)
		}
		var said []string
		for _, line := range out.lines(t) {
			said = append(said, fmt.Sprint(line["msg"], " ", line["error"]))
		}
		want := []string{
			"m <nil>",
			"publish log events no servers at nats://[redacted]@127.0.0.1:4222",
			"log events are published again <nil>",
		}
		if !slices.Equal(said, want) {
			t.Errorf("handed on:\ngot  %q\nwant %q", said, want)
		}
	})
}

func TestItDoesNotFeedOnItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out output
		h := logs.New(slog.NewJSONHandler(&out, nil), config(nil))
		logger := slog.New(h)
		p := &publisher{}
		p.answer = func(ctx context.Context, events []schemas.Event) error {
			logger.With("a", 1).InfoContext(ctx, "published", "count", len(events))
			return nil
		}
		end := start(t, h, p)
		for range 3 {
			logger.InfoContext(t.Context(), "m")
			synctest.Wait()
		}
		end()
		if got := p.messages(); !slices.Equal(got, []string{"m", "m", "m"}) {
			t.Errorf("published: got %q, want the three records alone", got)
		}
		if got := strings.Count(out.String(), `"msg":"published"`); got != 3 {
			t.Errorf("handed on: got %d of the publisher's own records, want 3", got)
		}
	})
}

func TestRefusedEventIsDroppedAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out output
		p := &publisher{answer: func(_ context.Context, events []schemas.Event) error {
			for _, event := range events {
				if event.Data.(*schemas.Log).Message == "2" {
					return fmt.Errorf("publish: %w", &schemas.FieldError{Field: "data", Value: "2", Want: "must be another"})
				}
			}
			return nil
		}}
		h := logs.New(slog.NewJSONHandler(&out, nil), config(nil))
		logger := slog.New(h)
		logger.InfoContext(t.Context(), "1")
		logger.InfoContext(t.Context(), "2")
		logger.InfoContext(t.Context(), "3")
		end := start(t, h, p)
		synctest.Wait()
		end()
		if got := p.messages(); !slices.Equal(got, []string{"1", "3", "log events dropped"}) {
			t.Errorf("published: got %q, want 1, 3 and the notice of 2", got)
		}
		if got := h.Dropped(); got != 1 {
			t.Errorf("dropped: got %d, want 1", got)
		}
		if !strings.Contains(out.String(), "log event refused") {
			t.Errorf("handed on: got %s, want it said", out.String())
		}
	})
}

func TestRunFlushesWithinItsBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const records = 600 // more than one batch
		var out output
		answer, back := away()
		p := &publisher{answer: answer}
		h := logs.New(slog.NewJSONHandler(&out, nil), config(nil))
		logger := slog.New(h)
		end := start(t, h, p)
		for range records {
			logger.InfoContext(t.Context(), "m")
		}
		synctest.Wait()
		began := time.Now()
		end()
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("Run ended after %s, want 2s", took)
		}
		if got := h.Dropped(); got != records {
			t.Errorf("dropped: got %d, want %d", got, records)
		}
		if !strings.Contains(out.String(), `"msg":"log events not published","service":"mongo","count":600`) {
			t.Errorf("handed on: want the loss said")
		}
		// The next Run owes the stream the notice, with the first event it takes.
		back()
		logger.InfoContext(t.Context(), "after")
		end = start(t, h, p)
		synctest.Wait()
		end()
		if got := p.messages(); !slices.Equal(got, []string{"after", "log events dropped"}) {
			t.Errorf("published: got %q, want after and the notice", got)
		}
	})
}

func TestRunFlushesAllOfALongQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const records = 2000
		p := &publisher{}
		h := logs.New(slog.DiscardHandler, config(nil))
		for range records {
			slog.New(h).InfoContext(t.Context(), "m")
		}
		start(t, h, p)()
		if got := len(p.stored()); got != records || h.Dropped() != 0 {
			t.Errorf("got %d published and %d dropped, want %d and 0", got, h.Dropped(), records)
		}
	})
}

func TestRunCountsWhatIsLoggedWhileItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const before, during = 600, 100
		h := logs.New(slog.DiscardHandler, config(nil))
		logger := slog.New(h)
		log := func(count int) {
			for range count {
				logger.InfoContext(t.Context(), "m")
			}
		}
		calls := 0
		p := &publisher{answer: func(ctx context.Context, _ []schemas.Event) error {
			switch calls++; calls {
			case 1:
				log(during)
			case 2:
			default:
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}}
		log(before)
		flush(t, h, p)
		if got := uint64(len(p.stored())) + h.Dropped(); got != before+during {
			t.Errorf("got %d published and %d dropped, want %d in all", len(p.stored()), h.Dropped(), before+during)
		}
	})
}
