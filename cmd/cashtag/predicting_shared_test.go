//go:build shared && !external

package main

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"cashtag/schemas"
	"cashtag/streams"
)

// predicting is what runs where predictions are made and judged.
const predicting = "replay,sentiment,features,predictor,outcomes"

// kept are the models that predict: one of each target at the close, and one at the
// open.
var keptModels = []struct{ name, target, cutoff string }{
	{"direction", "direction", "16:00"},
	{"large", "large_move", "16:00"},
	{"volume", "abnormal_volume", "16:00"},
	{"relative", "relative_direction", "16:00"},
	{"opening", "direction", "09:30"},
}

// From recorded posts to predictions and their outcomes: rows are built, models are
// trained on them and promoted, and two replays, of which the second predicts when all
// is over and is killed on its way, end in the same vectors, predictions and outcomes, byte for byte. These are what
// the rows say.
func TestFromPostsToPredictions(t *testing.T) {
	t.Parallel()
	recorded, dir := someOfTheTape(t), t.TempDir()
	models := make(map[string]string)
	for _, cutoff := range []string{"16:00", "09:30"} {
		rows := filepath.Join(dir, rowsName(cutoff))
		must(t, local(t, "dataset", "build", "--from", "tape", "--tape", recorded, "--cutoff", cutoff, "--until", "2014-06-13", "--out", rows))
		config := filepath.Join(dir, rowsName(cutoff)+".yaml")
		text := fmt.Sprintf("data: {csv: %s/dataset.csv, cutoff: %q}\nleast_train_days: 15\nbootstrap_draws: 100\n", rowsName(cutoff), cutoff)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, model := range keptModels {
			if model.cutoff == cutoff {
				models[model.name] = filepath.Join(dir, model.name+".model")
				must(t, local(t, "analysis", "train", "--config", config, "--target", model.target, "--out", models[model.name]))
			}
		}
	}
	first := replayed(t, recorded, filepath.Join(dir, "first"), models, false)
	second := replayed(t, recorded, filepath.Join(dir, "second"), models, true)
	for _, stream := range []string{streams.Features, streams.Predictions, streams.Outcomes} {
		compareFinal(t, stream, first.final[stream], second.final[stream])
	}
	for _, cutoff := range []string{"16:00", "09:30"} {
		judgeByRows(t, cutoff, first, filepath.Join(dir, "first-"+rowsName(cutoff)))
	}
	sameRows(t, recorded, first, dir)
}

func rowsName(cutoff string) string { return "rows-" + cutoff[:2] }

// must fails the test where a command did not end well.
func must(t *testing.T, got ended) string {
	t.Helper()
	if got.code != exitDone {
		t.Fatalf("got exit code %d and %s", got.code, got.err)
	}
	return got.out
}

// someOfTheTape is two months of four tickers of the recorded tape.
func someOfTheTape(t *testing.T) string {
	t.Helper()
	from, dir := os.DirFS(sharedTape(t)), t.TempDir()
	for _, ticker := range []string{"AAPL", "BAC", "FB", "T"} {
		files, err := fs.Glob(from, "tweet/raw/"+ticker+"/2014-0[56]-*")
		if err != nil || len(files) < 40 {
			t.Fatalf("got %d files of %s, %v", len(files), ticker, err)
		}
		for _, name := range append(files, "price/raw/"+ticker+".csv") {
			content, err := fs.ReadFile(from, name)
			if err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(to, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// endOfReplay is what a replay left behind.
type endOfReplay struct {
	final map[string]map[string]schemas.Event // by stream and what it is about
}

// replayed promotes the models in a new data directory, plays the tape there to its
// end, builds rows from the streams beside the directory and reads these.
func replayed(t *testing.T, recorded, dir string, models map[string]string, adverse bool) endOfReplay {
	t.Helper()
	serving(t, dir, func(run func(args ...string) ended) {
		for _, name := range slices.Sorted(maps.Keys(models)) {
			must(t, run("models", "push", models[name], "--name", name, "--data", dir, "--by", "ada"))
			version := run("models", "ls").row(t, name)[1]
			must(t, run("models", "promote", name, version, "--by", "ada"))
		}
	})
	play := func(services string) *process {
		return startProcess(t, upArgs(t, dir, "--only", services, "--tape", recorded, "--speed", "max", "--drain", "--json")...)
	}
	if adverse { // the clock is at its end before there is any prediction
		if code := play("replay,sentiment,outcomes").wait(t); code != exitDone {
			t.Fatalf("exit code %d, want %d", code, exitDone)
		}
		p := play(predicting)
		status := "http://127.0.0.1:" + p.httpPort() + "/status"
		await(t, "some of the vectors", func() bool { return messagesAt(t, status, streams.Features) > 2000 })
		if err := p.cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = p.cmd.Wait()
	}
	if code := play(predicting).wait(t); code != exitDone {
		t.Fatalf("exit code %d, want %d", code, exitDone)
	}
	end := endOfReplay{final: make(map[string]map[string]schemas.Event)}
	serving(t, dir, func(run func(args ...string) ended) {
		for _, stream := range []string{streams.Features, streams.Predictions, streams.Outcomes} {
			end.final[stream] = finalOf(t, must(t, run("tape", "record", "--stream", stream)))
		}
		if adverse {
			return
		}
		for _, cutoff := range []string{"16:00", "09:30"} {
			must(t, run("dataset", "build", "--from", "streams", "--cutoff", cutoff, "--out", dir+"-"+rowsName(cutoff)))
		}
	})
	return end
}

// serving runs the predictor, and with it NATS and S3, on what a data directory holds.
func serving(t *testing.T, dir string, do func(run func(args ...string) ended)) {
	t.Helper()
	args := upArgs(t, dir, "--only", "predictor")
	p := startProcess(t, args...)
	status := "http://127.0.0.1:" + p.httpPort() + "/status"
	await(t, "the predictor runs", func() bool { return answers(t, status) })
	url := "nats://127.0.0.1:" + args[slices.Index(args, "--nats-port")+1]
	do(func(args ...string) ended { return local(t, append(args, "--nats-url", url)...) })
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != exitDone {
		t.Fatalf("exit code %d, want %d", code, exitDone)
	}
	if said := p.stderr.String(); !strings.HasPrefix(said, "Cashtag: predictor on what is in "+dir+"; nothing is played\n") {
		t.Errorf("got %q, want a line that says what runs", said)
	}
}

// answers reports whether a program does at an address.
func answers(t *testing.T, url string) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	return response.Body.Close() == nil && response.StatusCode == http.StatusOK
}

// finalOf are the last revisions of the events of a recording.
func finalOf(t *testing.T, lines string) map[string]schemas.Event {
	t.Helper()
	final, revisions := make(map[string]schemas.Event), make(map[string]int64)
	for line := range strings.Lines(lines) {
		event, err := schemas.Decode([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		var about string
		var revision int64
		switch data := event.Data.(type) {
		case *schemas.Feature:
			about, revision = fmt.Sprintln(data.Window, data.Ticker, data.StartAt), data.Revision
		case *schemas.Prediction:
			about, revision = aboutOf(data.Model, data.Ticker, data.PredictedAt.String()), data.Revision
		case *schemas.Outcome:
			about, revision = aboutOf(data.Model, data.Ticker, data.PredictedAt.String()), data.Revision
		default:
			t.Fatalf("got an event of type %s", event.Type)
		}
		if before, ok := revisions[about]; !ok || revision > before {
			final[about], revisions[about] = event, revision
		}
	}
	return final
}

func aboutOf(model, ticker, at string) string { return fmt.Sprintln(model, ticker, at) }

// compareFinal compares what two replays ended in, byte for byte.
func compareFinal(t *testing.T, stream string, first, second map[string]schemas.Event) {
	t.Helper()
	t.Logf("%s: %d final events", stream, len(first))
	if len(first) != len(second) || len(first) == 0 {
		t.Errorf("%s: got %d final events and %d on the second replay, want the same", stream, len(first), len(second))
	}
	differ := 0
	for about, event := range first {
		want, errWant := event.Encode()
		got, errGot := second[about].Encode()
		if errWant != nil || errGot != nil || string(got) != string(want) {
			if differ++; differ == 1 {
				t.Errorf("%s of %s\nfirst  %s %v\nsecond %s %v", stream, about, want, errWant, got, errGot)
			}
		}
	}
	if differ > 1 {
		t.Errorf("%s: %d events differ", stream, differ)
	}
}

// table reads a data set as maps of its columns, by ticker and cut-off.
func table(t *testing.T, dir string) map[string]map[string]string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(string(readShared(t, filepath.Join(dir, "dataset.csv"))))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := make(map[string]map[string]string)
	for _, record := range records[1:] {
		row := make(map[string]string)
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows[row["ticker"]+" "+row["cutoff"]] = row
	}
	return rows
}

// judgeByRows compares outcomes with the labels of the same ticker and cut-off: made
// from the same bars by other code, they say the same, and where one is known so is the
// other.
func judgeByRows(t *testing.T, cutoff string, end endOfReplay, dir string) {
	t.Helper()
	rows := table(t, dir)
	for _, model := range keptModels {
		if model.cutoff != cutoff {
			continue
		}
		label := map[string]string{
			"direction": "label_return", "large_move": "label_large_move",
			"abnormal_volume": "label_abnormal_volume", "relative_direction": "label_relative_return",
		}[model.target]
		known := 0
		for _, row := range rows {
			if row[label] != "" {
				known++
			}
		}
		judged := 0
		for _, event := range end.final[streams.Outcomes] {
			outcome := event.Data.(*schemas.Outcome)
			if outcome.Model != model.name {
				continue
			}
			judged++
			row := rows[outcome.Ticker+" "+outcome.PredictedAt.Format("2006-01-02T15:04:05Z")]
			if said := labelSays(t, model.target, row); said != outcomeSays(outcome) {
				t.Errorf("%s of %s, predicted at %s: the outcome says %s, the row %s", model.name, outcome.Ticker, outcome.PredictedAt, outcomeSays(outcome), said)
			}
		}
		if judged != known || judged < 50 {
			t.Errorf("%s: got %d outcomes, want %d as the rows have labels", model.name, judged, known)
		}
	}
}

// outcomeSays is what happened, and the number that decided it.
func outcomeSays(o *schemas.Outcome) string {
	happened := "neither"
	if o.Happened != nil {
		happened = strconv.FormatBool(*o.Happened)
	}
	return happened + " " + strconv.FormatFloat(o.Realised, 'g', -1, 64)
}

// labelSays is the same of a row.
func labelSays(t *testing.T, target string, row map[string]string) string {
	t.Helper()
	decides := map[string]string{
		"direction": "label_return", "large_move": "label_return",
		"abnormal_volume": "label_abnormal_volume", "relative_direction": "label_relative_return",
	}[target]
	value, err := strconv.ParseFloat(row[decides], 64)
	if err != nil {
		return "nothing"
	}
	happened := "neither"
	switch {
	case target == "large_move":
		happened = map[string]string{"1": "true", "0": "false"}[row["label_large_move"]]
	case target != "abnormal_volume" && value != 0:
		happened = strconv.FormatBool(value > 0)
	}
	return happened + " " + strconv.FormatFloat(value, 'g', -1, 64)
}

// sameRows compares three ways to the features of a session: the vectors that were
// published, the rows of the streams and the rows of the tape.
func sameRows(t *testing.T, recorded string, end endOfReplay, dir string) {
	t.Helper()
	for cutoff, kind := range map[string]string{"16:00": schemas.WindowDay, "09:30": schemas.WindowPreopen} {
		taped := filepath.Join(dir, "taped-"+rowsName(cutoff))
		must(t, local(t, "dataset", "build", "--tape", recorded, "--cutoff", cutoff, "--out", taped))
		fromTape, fromStreams := table(t, taped), table(t, filepath.Join(dir, "first-"+rowsName(cutoff)))
		vectors := 0
		for _, event := range end.final[streams.Features] {
			vector := event.Data.(*schemas.Feature)
			if vector.Window != kind {
				continue
			}
			vectors++
			key := vector.Ticker + " " + vector.EndAt.Format("2006-01-02T15:04:05Z")
			for i, name := range append([]string{"revision"}, vector.Names...) {
				want := strconv.FormatInt(vector.Revision, 10)
				if i > 0 {
					want = strconv.FormatFloat(vector.Values[i-1], 'g', -1, 64)
				}
				if fromTape[key][name] != want || fromStreams[key][name] != want {
					t.Fatalf("%s of %s: the vector has %s, the row of the tape %q, that of the streams %q",
						name, key, want, fromTape[key][name], fromStreams[key][name])
				}
			}
		}
		if vectors != len(fromTape) || vectors != len(fromStreams) {
			t.Errorf("%s: got %d vectors, %d rows of the tape and %d of the streams, want as many", kind, vectors, len(fromTape), len(fromStreams))
		}
	}
}
