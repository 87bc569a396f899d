package logs_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"

	"cashtag/services/logs"
)

// TestHandedOnIsWhatSlogWants holds what the other handler is given to the rules
// of a slog.Handler.
func TestHandedOnIsWhatSlogWants(t *testing.T) {
	var out bytes.Buffer
	h := logs.New(slog.NewJSONHandler(&out, nil), config(nil))
	err := slogtest.TestHandler(h, func() []map[string]any {
		var all []map[string]any
		for line := range strings.Lines(out.String()) {
			object := map[string]any{}
			if err := json.Unmarshal([]byte(line), &object); err != nil {
				t.Fatal(err)
			}
			all = append(all, object)
		}
		return all
	})
	if err != nil {
		t.Error(err)
	}
}

// TestPublishedIsWhatSlogWants holds the events to the same rules, with groups
// taken apart at their dots. One rule they cannot keep: a record without a time
// has none, an event always has.
func TestPublishedIsWhatSlogWants(t *testing.T) {
	var h *logs.Handler
	slogtest.Run(t, func(*testing.T) slog.Handler {
		h = logs.New(slog.DiscardHandler, config(nil))
		return h
	}, func(t *testing.T) map[string]any {
		t.Helper()
		p := &publisher{}
		flush(t, h, p)
		events := p.stored()
		log := onlyLog(t, events)
		object := map[string]any{
			slog.LevelKey: log.Level, slog.MessageKey: log.Message, slog.TimeKey: events[0].Time,
		}
		if strings.HasSuffix(t.Name(), "/zero-time") {
			delete(object, slog.TimeKey)
		}
		for key, value := range log.Attributes {
			unflatten(object, strings.Split(key, "."), value)
		}
		return object
	})
}

func unflatten(object map[string]any, path []string, value any) {
	for _, group := range path[:len(path)-1] {
		if object[group] == nil {
			object[group] = map[string]any{}
		}
		object = object[group].(map[string]any)
	}
	object[path[len(path)-1]] = value
}
