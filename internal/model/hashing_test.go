package model_test

import (
	"slices"
	"testing"

	"cashtag/internal/model"
)

// TestHasherGolden holds the numbers: a stored model means others by them.
func TestHasherGolden(t *testing.T) {
	got := model.Hasher{Bits: 18}.Features(nil, []byte("Apple is up 3%, Zürich’s…"))
	want := []uint32{
		0x9e3b, 0x2e5ec, 0x10833, 0x3fa1a, 0xc17f, 0x345f3, 0x9cc8, 0x2771d, 0x38978, 0x2e3cc, 0x2bbe4, 0x33b5d, 0x18f08,
		0x3391, 0x2ed41, 0x18094, 0x2ef02, 0x3e404, 0x2af3, 0x25e18, 0x343f3, 0x18523, 0xaf4c, 0x18aa2, 0x18c66,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

func TestHasherTakesForTheSame(t *testing.T) {
	for name, test := range map[string]struct {
		a, b string
		same bool
	}{
		"case":             {"Apple RISES", "apple rises", true},
		"case beyond":      {"ZÜRICH", "zürich", true},
		"white space":      {"up  3", "up 3", true},
		"commas":           {"up, down; (flat)", "up down flat", true},
		"apostrophes":      {"don’t", "don't", true},
		"ellipses":         {"so…", "so....", true},
		"dashes":           {"a — b", "a - b", true},
		"an end":           {"so.", "so", true},
		"nothing":          {"", ".,;", true},
		"numbers":          {"up 12% in Q3", "up 7% in q4", true},
		"a mark":           {"up 3%", "up 3", false},
		"a question":       {"up?", "up", false},
		"order":            {"up down", "down up", false},
		"a word twice":     {"up up", "up", false},
		"a word or two":    {"up down", "updown", false},
		"letter and digit": {"3m", "3 m", false},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := hasher.Features(nil, []byte(test.a)), hasher.Features(nil, []byte(test.b))
			if got := slices.Equal(a, b); got != test.same {
				t.Errorf("%q and %q the same: got %v, want %v", test.a, test.b, got, test.same)
			}
		})
	}
}

func FuzzHasher(f *testing.F) {
	f.Add([]byte("Apple’s up 3%… \xff\xfe – don't"))
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, feature := range hasher.Features(nil, text) {
			if int(feature) >= hasher.Size() {
				t.Errorf("feature is %d: want less than %d", feature, hasher.Size())
			}
		}
	})
}
