package features_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"cashtag/schemas"
	"cashtag/services/features"
)

// A State that is restored at any point goes on as if nothing had happened.
func TestRestoreGoesOn(t *testing.T) {
	t.Parallel()
	events := shuffled(rand.New(rand.NewPCG(3, 3)), world(t, 10), 2*time.Hour)
	want := newFinals(t)
	whole := newState(t)
	for _, event := range events {
		whole.Apply(event)
		if event.Type == schemas.TypeClock {
			whole.Flush(want.add)
		}
	}
	dice, got, state := rand.New(rand.NewPCG(4, 4)), newFinals(t), newState(t)
	for _, event := range events {
		state.Apply(event)
		if event.Type == schemas.TypeClock {
			state.Flush(got.add)
		}
		if dice.IntN(50) != 0 {
			continue
		}
		snapshot := state.Snapshot()
		restored, err := features.Restore(config(), snapshot)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(restored.Snapshot(), snapshot) {
			t.Fatal("a restored state has another snapshot")
		}
		state = restored
	}
	if len(got.all) != len(want.all) {
		t.Errorf("vectors: got %d, want %d", len(got.all), len(want.all))
	}
	sameFinals(t, got, want)
}

func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	state := newState(t)
	for _, event := range world(t, 2) {
		state.Apply(event)
	}
	good := state.Snapshot()
	for name, bad := range map[string][]byte{
		"nothing":        nil,
		"text":           []byte("hello"),
		"another layout": append([]byte{9}, good[1:]...),
		"too much":       append(bytes.Clone(good), 0),
	} {
		if _, err := features.Restore(config(), bad); !errors.Is(err, features.ErrSnapshot) {
			t.Errorf("%s: got %v, want %v", name, err, features.ErrSnapshot)
		}
	}
	for cut := 0; cut < len(good); cut += 97 {
		if _, err := features.Restore(config(), good[:cut]); !errors.Is(err, features.ErrSnapshot) {
			t.Fatalf("cut at %d of %d: got %v, want %v", cut, len(good), err, features.ErrSnapshot)
		}
	}
	other := config()
	other.ScorerVersion = "2"
	if _, err := features.Restore(other, good); !errors.Is(err, features.ErrSnapshot) {
		t.Errorf("another scorer: got %v, want %v", err, features.ErrSnapshot)
	}
}

func FuzzRestore(f *testing.F) {
	state := newState(f)
	for _, event := range world(f, 1) {
		state.Apply(event)
	}
	f.Add(state.Snapshot())
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		restored, err := features.Restore(config(), snapshot)
		if err == nil && !bytes.Equal(restored.Snapshot(), restored.Snapshot()) {
			t.Error("two snapshots differ")
		}
	})
}
