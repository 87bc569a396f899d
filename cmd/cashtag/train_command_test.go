package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// offline runs the program without a server.
func offline(t *testing.T, args ...string) ended {
	t.Helper()
	var out, err bytes.Buffer
	code := Main(t.Context(), args, Console{In: strings.NewReader(""), Out: &out, Err: &err})
	return ended{code, out.String(), err.String()}
}

// labelFile writes n labelled texts.
func labelFile(t *testing.T, dir, name string, n int, last string) string {
	t.Helper()
	var content strings.Builder
	content.WriteString("text,label\n")
	for i := range n {
		fmt.Fprintf(&content, "%s %s in round %d of %s,%d\n", []string{"apple", "oil", "fed", "bank"}[i%4],
			[]string{"falls", "jumps", "meets"}[i%3], i, name, i%3)
	}
	content.WriteString(last)
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTrainAndEvaluate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := labelFile(t, dir, "one.csv", 90, ""), labelFile(t, dir, "two.csv", 60, "")
	model := filepath.Join(dir, "own.model")
	for _, scorer := range []string{"cdipaolo", "cashtag"} {
		got := offline(t, "train", "sentiment", "--data", one, two, "--out", model, "--scorer", scorer)
		got.want(t, exitDone, "wrote "+model)
		for name, rows := range map[string]string{"one.csv": "90", "two.csv": "60"} {
			if row := got.row(t, name); row[1] != rows {
				t.Errorf("%s held out: got %q, want %s texts", name, row, rows)
			}
		}
	}
	got := offline(t, "evaluate", "sentiment", "--data", two, "--model", model)
	got.want(t, exitDone, "cashtag was trained on two.csv")
	for _, scorer := range []string{"cdipaolo", "vader", "cashtag"} {
		got.row(t, scorer)
	}
	got = offline(t, "evaluate", "sentiment", "--data", labelFile(t, dir, "three.csv", 30, ""), "--model", model, "--scorer", "cashtag,vader", "--json")
	got.want(t, exitDone, "")
	var result struct {
		Scorers map[string]struct {
			Accuracy float64 `json:"accuracy"`
			MacroF1  float64 `json:"macro_f1"`
			Speed    float64 `json:"texts_per_s"`
			Trained  bool    `json:"trained_on"`
			Rows     int     `json:"rows"`
		} `json:"scorers"`
	}
	if err := json.Unmarshal([]byte(got.out), &result); err != nil {
		t.Fatalf("%v in %s", err, got.out)
	}
	own := result.Scorers["cashtag"]
	if len(result.Scorers) != 2 || own.Accuracy < 0.9 || own.MacroF1 < 0.9 || own.Speed <= 0 || own.Trained || own.Rows != 30 {
		t.Errorf("got %+v, want two scorers of which cashtag knows what it learnt", result.Scorers)
	}
}

func TestTrainAndEvaluateRefuse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := labelFile(t, dir, "good.csv", 30, "")
	same := labelFile(t, dir, "same.csv", 0, strings.TrimPrefix(contentOf(t, good), "text,label\n"))
	bad := labelFile(t, dir, "bad.csv", 30, "up and away,sideways\n")
	small := labelFile(t, dir, "small.csv", 2, "")
	cut := filepath.Join(dir, "cut.model")
	if err := os.WriteFile(cut, []byte("cashtag sentiment model 1\nabc"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out.model")
	for name, test := range map[string]struct {
		args []string
		code int
		want string
	}{
		"unknown class":          {[]string{"train", "sentiment", "--data", bad, "--out", out}, exitFailed, `bad.csv:32: unknown class "sideways": must be 0`},
		"second unknown class":   {[]string{"train", "sentiment", "--data", good, "--data", bad, "--out", out}, exitFailed, "bad.csv:32: unknown class"},
		"no such file":           {[]string{"train", "sentiment", "--data", dir + "/no.csv", "--out", out}, exitFailed, "no.csv: no such file"},
		"twice":                  {[]string{"train", "sentiment", "--data", good, same, "--out", out}, exitUsage, "same.csv has the same content as good.csv"},
		"no such directory":      {[]string{"train", "sentiment", "--data", good, "--out", dir + "/no/out.model"}, exitUsage, "must be in a directory that exists"},
		"a class less":           {[]string{"train", "sentiment", "--data", small, "--out", out}, exitFailed, "every class needs an example"},
		"a scorer that has none": {[]string{"train", "sentiment", "--data", good, "--out", out, "--scorer", "vader"}, exitUsage, "--scorer must be one of"},
		"evaluate unknown class": {[]string{"evaluate", "sentiment", "--data", bad, "--json"}, exitFailed, "bad.csv:32: unknown class"},
		"unknown scorer":         {[]string{"evaluate", "sentiment", "--data", good, "--scorer", "vadr"}, exitUsage, `scorer is "vadr": must be one or more of`},
		"a model cut short":      {[]string{"evaluate", "sentiment", "--data", good, "--model", cut}, exitFailed, "cut.model: bad model file: it is cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := offline(t, test.args...)
			if test.code != exitUsage || !strings.Contains(test.want, "must be one of") {
				got.want(t, test.code, test.want)
			} else if got.code != exitUsage || !strings.Contains(got.err, test.want) {
				t.Errorf("got exit code %d and %q, want %d and %q", got.code, got.err, test.code, test.want)
			}
			if got.out != "" {
				t.Errorf("got %q on standard output, want nothing", got.out)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a model was written")
			}
		})
	}
}

func contentOf(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
