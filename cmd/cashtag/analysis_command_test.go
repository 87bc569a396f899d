package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/internal/calendar"
	"cashtag/internal/model"
	"cashtag/internal/window"
	"cashtag/services/features"
)

// recordedDir is a tape in the StockNet layout: four tickers, 80 sessions from May
// 2014, three posts of each ticker and session.
func recordedDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	id := 0
	for k, ticker := range []string{"AAA", "BBB", "CCC", "DDD"} {
		price, day := 50.0, 0
		var prices, tweets strings.Builder
		prices.WriteString("Date,Open,High,Low,Close,Adj Close,Volume\n")
		for session := range calendar.XNYS().Range(calendar.NewDate(2014, 3, 3), calendar.NewDate(2014, 8, 29)) {
			movement := 0.02 * math.Sin(float64(day*day*(k+3))) // as good as noise
			open := price * (1 + 0.5*movement)
			price *= 1 + movement
			fmt.Fprintf(&prices, "%s,%.4f,%.4f,%.4f,%.4f,%.4f,%d\n", session.Date, open, max(open, price), min(open, price), price, price, 1000+day*k)
			day++
			for _, after := range []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour} {
				if day <= 45 {
					continue
				}
				id++
				at := session.Open.Add(after).Format("Mon Jan 02 15:04:05 -0700 2006")
				fmt.Fprintf(&tweets, `{"id_str":"%d","created_at":"%s","text":"$%s story%d","user":{"id_str":"%d","followers_count":5}}`+"\n", id, at, ticker, day%7, id%5)
			}
		}
		write("price/raw/"+ticker+".csv", prices.String())
		write("tweet/raw/"+ticker+"/2014-05-01", tweets.String())
	}
	return dir
}

// local runs the program without a server.
func local(t *testing.T, args ...string) ended {
	t.Helper()
	var out, err bytes.Buffer
	code := Main(t.Context(), args, Console{In: strings.NewReader(""), Out: &out, Err: &err})
	return ended{code, out.String(), err.String()}
}

func TestAnalysisCommands(t *testing.T) {
	t.Parallel()
	tape, dir := recordedDir(t), t.TempDir()
	file := filepath.Join(dir, "analysis.yaml")
	const text = "targets: [direction]\nc: [0.1]\nbootstrap_draws: 100\n"
	if err := os.WriteFile(file, fmt.Appendf(nil, "data: {tape: %s}\n%s", tape, text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "report")
	got := local(t, "analysis", "run", "--config", file, "--out", out)
	if got.code != exitDone || !strings.Contains(got.out, "support no claim") || !strings.Contains(got.out, "direction: no claim") {
		t.Errorf("got code %d, %s%s, want a report that makes no claim", got.code, got.out, got.err)
	}
	for _, name := range []string{"report.md", "report.json", "report.html"} {
		body, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || len(body) < 1000 || bytes.Contains(body, []byte(dir)) || bytes.Contains(body, []byte(tape)) {
			t.Errorf("%s: got %d bytes, %v, want a whole file without the paths of this machine", name, len(body), err)
		}
	}
	if got := local(t, "analysis", "run", "--config", file, "--out", out); got.code != exitUsage || !strings.Contains(got.err, "is there already") {
		t.Errorf("got code %d and %s for a report that is there, want 2", got.code, got.err)
	}

	other := filepath.Join(dir, "other")
	got = local(t, "analysis", "run", "--config", file, "--out", other, "--demonstrate-leak")
	if got.code != exitFailed || !strings.Contains(got.out, "the leaking protocol would have reported AUC") {
		t.Errorf("got code %d and %s for the leaking protocol, want 1", got.code, got.out)
	}
	for _, want := range []string{"cashtag: leak alarm train after test: ", "cashtag: leak alarm same-day tweets: ", "cashtag: no report: "} {
		if !strings.Contains(got.err, want) {
			t.Errorf("got\n%swant a line %s", got.err, want)
		}
	}
	if _, err := os.Stat(other); err == nil {
		t.Error("got a report of a leaking protocol, want none")
	}

	model := filepath.Join(dir, "direction.model")
	got = local(t, "analysis", "train", "--config", file, "--target", "direction", "--out", model)
	if body, err := os.ReadFile(model); got.code != exitDone || err != nil || !bytes.HasPrefix(body, []byte("CASHTAGM")) {
		t.Errorf("got code %d, %s%v, want a model", got.code, got.err, err)
	}
	if !strings.Contains(got.err, "the predictor will refuse it") {
		t.Errorf("got %q on standard error, want that the model cannot be served", got.err)
	}

	got = local(t, "analysis", "stocknet", "--data", tape)
	if got.code != exitDone || !strings.Contains(got.out, "The full StockNet set is not there: 4 tickers") || !strings.Contains(got.out, "58.2%") {
		t.Errorf("got code %d and\n%s%s, want the published table and a note", got.code, got.out, got.err)
	}
}

// A data set is built, analysed beside its tape, and gives a model that serves
// vectors of its schema alone.
func TestAnalysisOfADataSet(t *testing.T) {
	t.Parallel()
	tape, dir := recordedDir(t), t.TempDir()
	rows := filepath.Join(dir, "rows")
	if got := local(t, "dataset", "build", "--tape", tape, "--cutoff", "16:00", "--out", rows); got.code != exitDone {
		t.Fatalf("got code %d and %s, want a data set", got.code, got.err)
	}
	file := filepath.Join(dir, "analysis.yaml")
	text := fmt.Sprintf("data: {csv: rows/dataset.csv, tape: %s}\ntargets: [direction]\nc: [0.1]\nbootstrap_draws: 100\n", tape)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := local(t, "analysis", "run", "--config", file, "--out", filepath.Join(dir, "report"))
	if got.code != exitDone || !strings.Contains(got.out, "4 tickers over 4 months") {
		t.Errorf("got code %d, %s%s, want a report of the rows that were built", got.code, got.out, got.err)
	}
	if strings.Contains(got.out, "has no words") {
		t.Errorf("got %s, want the words of the tape", got.out)
	}
	alone := filepath.Join(dir, "alone.yaml")
	if err := os.WriteFile(alone, []byte("data: {csv: rows/dataset.csv}\ntargets: [direction]\nc: [0.1]\nbootstrap_draws: 100\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got = local(t, "analysis", "run", "--config", alone, "--out", filepath.Join(dir, "report-alone"))
	const note = "seed has no words here, and sees its columns alone: dataset.csv holds none"
	if got.code != exitDone || !strings.Contains(got.out, note) {
		t.Errorf("got code %d, %s%s, want a note that there are no words", got.code, got.out, got.err)
	}
	for _, file := range []string{"report.md", "report.json", "report.html"} {
		if body, err := os.ReadFile(filepath.Join(dir, "report-alone", file)); err != nil || !bytes.Contains(body, []byte(note)) {
			t.Errorf("%s does not say that there are no words (%v)", file, err)
		}
	}
	name := filepath.Join(dir, "direction.model")
	if got := local(t, "analysis", "train", "--config", file, "--target", "direction", "--out", name); got.code != exitDone || strings.Contains(got.err, "will refuse") {
		t.Fatalf("got code %d and %s, want a model", got.code, got.err)
	}
	body, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	artefact, err := model.DecodeArtefact(body)
	if err != nil {
		t.Fatal(err)
	}
	schema := features.Schema(window.WholeDay, "cdipaolo", scorerVersion(t, filepath.Join(rows, "dataset.csv")))
	if err := artefact.CheckSchema(schema); err != nil || artefact.Window != "day" || !slices.Equal(artefact.Columns, features.Names()) {
		t.Errorf("got %v, window %s and columns %v, want the schema of live vectors of a day", err, artefact.Window, artefact.Columns)
	}
}

// scorerVersion is that of the first row of a data set.
func scorerVersion(t *testing.T, name string) string {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	header, err := reader.Read()
	if err != nil {
		t.Fatal(err)
	}
	row, err := reader.Read()
	if err != nil {
		t.Fatal(err)
	}
	return row[slices.Index(header, "scorer_version")]
}

func TestAnalysisMistakes(t *testing.T) {
	t.Parallel()
	tape, dir := recordedDir(t), t.TempDir()
	bare := t.TempDir()
	if err := os.CopyFS(filepath.Join(bare, "tweet"), os.DirFS(filepath.Join(tape, "tweet"))); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, text string
		code       int
		want       string
	}{
		{"no data", "c: [1]\n", exitUsage, "data names neither tape nor csv"},
		{"a key", "data: {tape: x}\nlearning: 1\n", exitUsage, "line 2: there is no key learning"},
		{"a target", "data: {tape: x}\ntargets: [profit]\n", exitUsage, `there is no target "profit"`},
		{"no tape", "data: {tape: nothing-here}\n", exitFailed, "nothing-here: no tape"},
		{"no CSV", "data: {csv: nothing.csv}\n", exitFailed, "read data set: open"},
		{"no prices", "data: {tape: " + bare + "}\n", exitFailed, "the tape holds no daily prices"},
		{"a column", "data: {tape: " + tape + "}\nconfigurations: [{name: mine, columns: [moon]}]\n", exitFailed, `there is no column "moon"`},
		{"too few days", "data: {tape: " + tape + "}\nleast_train_days: 500\n", exitFailed, "too few days: "},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(dir, fmt.Sprint(i, ".yaml"))
			if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(dir, fmt.Sprint("report", i))
			got := local(t, "analysis", "run", "--config", file, "--out", out)
			if got.code != test.code || !strings.Contains(got.err, test.want) || strings.Count(got.err, "\n") != 1 {
				t.Errorf("got code %d and %q, want %d and one line with %s", got.code, got.err, test.code, test.want)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("got a report, want none")
			}
		})
	}
	if got := local(t, "analysis", "run", "--config", filepath.Join(dir, "none.yaml")); got.code != exitUsage || !strings.Contains(got.err, "there is no file") {
		t.Errorf("got code %d and %s for a file that is not there, want 2", got.code, got.err)
	}
}
