package model_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"cashtag/internal/model"
)

var hasher = model.Hasher{Bits: 12}

// headlines are three classes that differ by a verb and share the rest.
func headlines(n int) []model.Example {
	dice := rand.New(rand.NewPCG(7, 7))
	verbs := [][]string{{"falls", "sinks", "plunges"}, {"rises", "jumps", "soars"}, {"holds", "meets", "names"}}
	rest := []string{"apple", "fed", "oil", "retail", "bank", "shares", "today", "again"}
	examples := make([]model.Example, 0, n)
	for i := range n {
		class := i % len(verbs)
		words := []string{rest[dice.IntN(len(rest))], verbs[class][dice.IntN(3)], rest[dice.IntN(len(rest))], rest[dice.IntN(len(rest))]}
		examples = append(examples, model.Example{Features: hasher.Features(nil, []byte(strings.Join(words, " "))), Class: class})
	}
	return examples
}

func fitSoftmax(t *testing.T, examples []model.Example, c float64) *model.Softmax {
	t.Helper()
	s, err := model.FitSoftmax(t.Context(), examples, hasher, 3, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSoftmaxLearns(t *testing.T) {
	s := fitSoftmax(t, headlines(300), 10)
	for text, want := range map[string]int{"Oil PLUNGES again": 0, "bank jumps 3%": 1, "fed names apple": 2} {
		got := make([]float64, 3)
		s.Logits(got, hasher.Features(nil, []byte(text)))
		model.Probabilities(got, 1)
		if sum := got[0] + got[1] + got[2]; math.Abs(sum-1) > 1e-12 {
			t.Errorf("%s: probabilities sum to %v, want 1", text, sum)
		}
		if got[want] < 0.8 {
			t.Errorf("%s: got %.3f, want class %d", text, got, want)
		}
	}
}

// TestSoftmaxIsAtItsLeast checks the one thing that is known of a minimum: in the
// mean over the examples, weighted as they were, the bias has no slope.
func TestSoftmaxIsAtItsLeast(t *testing.T) {
	examples := headlines(301)[:250] // 84, 83 and 83 of each class
	s := fitSoftmax(t, examples, 1)
	slopes := make([]float64, 3)
	for _, example := range examples {
		p := make([]float64, 3)
		s.Logits(p, example.Features)
		model.Probabilities(p, 1)
		p[example.Class]--
		worth := 1.0
		if example.Class != 0 {
			worth = math.Pow(84.0/83, 0.8)
		}
		for k := range p {
			slopes[k] += worth * p[k] / float64(len(examples))
		}
	}
	for k, slope := range slopes {
		if math.Abs(slope) > 2e-3 {
			t.Errorf("slope of the bias of class %d: got %v, want 0", k, slope)
		}
	}
}

func TestSoftmaxIsReproducible(t *testing.T) {
	examples := headlines(120)
	first, second := fitSoftmax(t, examples, 10), fitSoftmax(t, examples, 10)
	if !reflect.DeepEqual(first, second) {
		t.Error("two fits of the same examples differ")
	}
	if other := fitSoftmax(t, examples, 1); reflect.DeepEqual(first, other) {
		t.Error("another penalty changed nothing")
	}
}

func TestSoftmaxWithAClassWithoutWords(t *testing.T) {
	examples := append(headlines(9), model.Example{Class: 3})
	s, err := model.FitSoftmax(t.Context(), examples, hasher, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, example := range examples[:9] {
		got := make([]float64, 4)
		s.Logits(got, example.Features)
		for class, logit := range got {
			if math.IsNaN(logit) || math.IsInf(logit, 0) {
				t.Errorf("logit of class %d: got %v, want a finite number", class, logit)
			}
		}
	}
}

func TestSoftmaxRefuses(t *testing.T) {
	good := headlines(9)
	for name, test := range map[string]struct {
		examples []model.Example
		hasher   model.Hasher
		c        float64
		want     string
	}{
		"no c":              {good, hasher, 0, "c is 0"},
		"c not a number":    {good, hasher, math.NaN(), "c is NaN"},
		"few bits":          {good, model.Hasher{Bits: 7}, 1, "hash bits is 7"},
		"many bits":         {good, model.Hasher{Bits: 25}, 1, "hash bits is 25"},
		"class not there":   {append(good[:8:8], model.Example{Class: 3}), hasher, 1, "class is 3"},
		"feature not there": {append(good[:8:8], model.Example{Features: []uint32{4096}}), hasher, 1, "feature is 4096"},
		"nothing":           {nil, hasher, 1, "every class needs an example"},
		"one class":         {[]model.Example{good[0], good[3]}, hasher, 1, "class 1 has no example"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := model.FitSoftmax(t.Context(), test.examples, test.hasher, 3, test.c)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := model.FitSoftmax(ended, good, hasher, 3, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("after ctx ended: got %v, want %v", err, context.Canceled)
	}
}

func compact(t *testing.T) *model.Compact {
	t.Helper()
	c, err := fitSoftmax(t, headlines(150), 10).Compact(hasher, 1.5)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCompactAgrees(t *testing.T) {
	s := fitSoftmax(t, headlines(150), 10)
	c := compact(t)
	for _, text := range []string{"", "oil sinks", "apple rises again today", "a word that nobody heard"} {
		features := hasher.Features(nil, []byte(text))
		want, got := make([]float64, 3), make([]float64, 3)
		s.Logits(want, features)
		model.Probabilities(want, 1.5)
		c.Probabilities(got, features)
		for k := range want {
			if math.Abs(got[k]-want[k]) > 0.01 {
				t.Errorf("%q: got %.4f, want %.4f", text, got, want)
			}
		}
	}
}

func TestCompactIsStoredWhole(t *testing.T) {
	c := compact(t)
	data, err := c.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := model.ReadCompact(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(back, c) {
		t.Error("what was read is not what was stored")
	}
	for n := range data {
		if _, err := model.ReadCompact(data[:n]); !errors.Is(err, model.ErrNoCompact) {
			t.Fatalf("cut to %d of %d bytes: got %v, want %v", n, len(data), err, model.ErrNoCompact)
		}
	}
	if _, err := model.ReadCompact(append(data, 0)); err == nil || !strings.Contains(err.Error(), "1 bytes too many") {
		t.Errorf("with a byte more: got %v, want one that says so", err)
	}
}

func TestCompactScoresWithoutAllocating(t *testing.T) {
	c := compact(t)
	var features []uint32
	text := []byte("Oil sinks again – don’t buy… fed names 3 banks, Zürich's too")
	logits := make([]float64, 3)
	if got := testing.AllocsPerRun(100, func() {
		features = hasher.Features(features[:0], text)
		c.Probabilities(logits, features)
	}); got != 0 {
		t.Errorf("got %v allocations a text, want 0", got)
	}
}

func FuzzReadCompact(f *testing.F) {
	f.Add([]byte{3, 8, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 5, 2, 3})
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := model.ReadCompact(data)
		if err != nil {
			return
		}
		p := make([]float64, c.Classes())
		c.Probabilities(p, c.Hasher().Features(nil, data))
		again, err := c.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		back, err := model.ReadCompact(again)
		if err != nil {
			t.Fatalf("read what was stored: %v", err)
		}
		if stored, err := back.AppendBinary(nil); err != nil || !bytes.Equal(stored, again) {
			t.Errorf("stored twice: got %x, want %x (%v)", stored, again, err)
		}
	})
}
