package kinesis_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cashtag/services/kinesis"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"
)

var noStream = &failure{400, "ResourceNotFoundException", "not found"}

func create(cfg *kinesis.Config) { cfg.Create = true }

func TestEnsureActive(t *testing.T) {
	for _, status := range []string{"ACTIVE", "UPDATING"} {
		far := &farEnd{status: func(int) (string, *failure) { return status, nil }}
		if err := far.start(t).sink(t).Ensure(t.Context()); err != nil {
			t.Errorf("%s: got %v, want nil", status, err)
		}
		if far.created != 0 {
			t.Errorf("%s: got %d streams created, want none", status, far.created)
		}
	}
}

func TestEnsureMissing(t *testing.T) {
	far := &farEnd{status: func(int) (string, *failure) { return "", noStream }}
	err := far.start(t).sink(t).Ensure(t.Context())
	if !errors.Is(err, kinesis.ErrNoStream) {
		t.Fatalf("got %v, want ErrNoStream", err)
	}
	for _, want := range []string{"cashtag-tweets", far.url, "create"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %q in it", err, want)
		}
	}
}

func TestEnsureCreates(t *testing.T) {
	tests := []struct {
		name    string
		answer  *failure
		wantErr string
	}{
		{"alone", nil, ""},
		{"another process was first", &failure{400, "ResourceInUseException", "exists"}, ""},
		{"no more streams", &failure{400, "LimitExceededException", "too many streams"}, "too many streams"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			states := []string{"", "", "CREATING", "ACTIVE"}
			far := &farEnd{create: func() *failure { return test.answer }, status: func(asked int) (string, *failure) {
				if states[asked] == "" {
					return "", noStream // the second time too: not known everywhere yet
				}
				return states[asked], nil
			}}
			err := far.start(t).sink(t, create).Ensure(t.Context())
			if test.wantErr == "" {
				if err != nil || far.asked != len(states) || far.created != 1 {
					t.Errorf("got %v after %d looks and %d creations, want nil after %d and 1", err, far.asked, far.created, len(states))
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.wantErr) {
				t.Errorf("got %v, want %q in it", err, test.wantErr)
			}
		})
	}
}

func TestEnsureIsBounded(t *testing.T) {
	far := &farEnd{status: func(int) (string, *failure) { return "CREATING", nil }}
	far.start(t)
	sink := far.sink(t, func(cfg *kinesis.Config) { cfg.ReadyTimeout = 20 * time.Millisecond })
	err := sink.Ensure(t.Context())
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "cashtag-tweets") {
		t.Errorf("got %v, want the deadline and the stream in it", err)
	}
}

func TestEnsureUnreachable(t *testing.T) {
	err := newSink(t, "http://127.0.0.1:1").Ensure(t.Context())
	if err == nil || !strings.Contains(err.Error(), "http://127.0.0.1:1") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line that names the endpoint", err)
	}
}

func TestStreamThatVanishesIsCreatedAgain(t *testing.T) {
	gone := true
	far := &farEnd{
		refuse: func(put) *failure {
			if gone {
				return noStream
			}
			return nil
		},
		create: func() *failure { gone = false; return nil },
	}
	far.start(t)
	sink, batch := far.sink(t, create), []durable.Message{message("A", "1")}
	sinktest.WantKinds(t, sink.Write(t.Context(), batch), "unavailable")
	if errs := sink.Write(t.Context(), batch); errs != nil {
		t.Errorf("again: got %d errors, first %v, want none", len(errs), sinktest.First(errs))
	}
}
