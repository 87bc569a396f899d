package main

import (
	"strings"
	"testing"
)

func TestWatchFlags(t *testing.T) {
	t.Parallel()
	z, posts, psi := 2.5, int64(9), 0.4
	got, err := watchFlags{AlertZ: &z, AlertPosts: &posts, DriftPSI: &psi}.resolve()
	if err != nil {
		t.Fatal(err)
	}
	if got.alerts.Z != z || got.alerts.Posts != posts || got.outcomes.MostPSI != psi {
		t.Errorf("got %+v, want z %v, posts %d, psi %v", got, z, posts, psi)
	}
	if got, err = (watchFlags{}).resolve(); err != nil || got.alerts.Z != 1 || got.alerts.Posts != 5 || got.outcomes.MostPSI != 0.25 {
		t.Errorf("without flags: got %+v, %v, want z 1, posts 5, psi 0.25", got, err)
	}
	none, negative := int64(0), -1.0
	for name, test := range map[string]struct {
		flags watchFlags
		want  string
	}{
		"z":     {watchFlags{AlertZ: &negative}, "--alert-z, --alert-posts: z is -1: must be from 0 to 100"},
		"posts": {watchFlags{AlertPosts: &none}, "--alert-z, --alert-posts: posts is 0: must be at least 1"},
		"psi":   {watchFlags{DriftPSI: &negative}, "--drift-psi: most psi is -1: must be above 0"},
	} {
		if _, err := test.flags.resolve(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
