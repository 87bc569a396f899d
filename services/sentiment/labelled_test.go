package sentiment_test

import (
	"slices"
	"strings"
	"testing"

	"cashtag/services/sentiment"
)

func TestReadLabels(t *testing.T) {
	want := []sentiment.Labelled{{Text: "up, and\nup", Class: 1}, {Text: "down", Class: 0}, {Text: "as it was", Class: 2}}
	for name, file := range map[string]string{
		"numbers":     "text,label\n\"up, and\nup\",1\ndown,0\nas it was,2\n",
		"names":       "text,label\n\"up, and\nup\",positive\ndown,Bearish\nas it was, NEUTRAL\n",
		"other order": "label,id,text\nbullish,7,\"up, and\nup\"\nnegative,8,down\nneutral,9,as it was\n",
		"a mark":      "\xef\xbb\xbftext,label\n\"up, and\nup\",1\ndown,0\nas it was,2",
		"DOS":         "text,label\r\n\"up, and\nup\",1\r\ndown,0\r\nas it was,2\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			labels, err := sentiment.ReadLabels("some.csv", strings.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(labels.Rows, want) {
				t.Errorf("got %+v, want %+v", labels.Rows, want)
			}
			if labels.Name != "some.csv" || len(labels.Digest) != 64 {
				t.Errorf("got name %q and digest %q", labels.Name, labels.Digest)
			}
		})
	}
}

func TestReadLabelsRefuses(t *testing.T) {
	for name, test := range map[string]struct{ file, want string }{
		"nothing":         {"", "some.csv: is empty"},
		"no rows":         {"text,label\n", "some.csv: has no rows"},
		"other columns":   {"tweet,mood\nup,1\n", `some.csv:1: columns are ["tweet" "mood"]: must have text and label`},
		"unknown class":   {"text,label\nup,1\n\"a\nb\",7\n", `some.csv:4: unknown class "7": must be 0 (negative), 1 (positive) or 2 (neutral)`},
		"empty class":     {"text,label\nup,\n", `some.csv:2: unknown class ""`},
		"a field less":    {"text,label\nup,1\ndown\n", "some.csv: record on line 3: wrong number of fields"},
		"an open quote":   {"text,label\n\"up,1\n", "some.csv: parse error on line 2"},
		"a text too long": {"text,label\n" + strings.Repeat("a", 65537) + ",1\n", "some.csv:2: text has 65537 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sentiment.ReadLabels("some.csv", strings.NewReader(test.file))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
