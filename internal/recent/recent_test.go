package recent_test

import (
	"strconv"
	"testing"

	"cashtag/internal/recent"
)

func TestMap(t *testing.T) {
	t.Parallel()
	m := recent.New[int](3)
	for n := range 3 {
		m.Add(strconv.Itoa(n), n)
	}
	m.Add("0", 10) // is no newer for it
	if got, ok := m.Get("0"); !ok || got != 10 {
		t.Errorf("0: got %d, %t, want 10", got, ok)
	}
	for n := 3; n < 10; n++ { // twice around
		id := strconv.Itoa(n)
		if m.Has(id) {
			t.Errorf("%s: known before it is added", id)
		}
		m.Add(id, n)
		for back := range 4 {
			id := strconv.Itoa(n - back)
			got, ok := m.Get(id)
			if want := back < 3; ok != want || m.Has(id) != want || want && got != n-back {
				t.Errorf("%s after %d: got %d, %t, want known %t", id, n, got, ok, want)
			}
		}
	}
}
