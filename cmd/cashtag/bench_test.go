//go:build !external

package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"cashtag/streams"
)

// runBench runs the real program; its workers are this test binary.
func runBench(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	t.Setenv("CASHTAG_TEST_MAIN", "1")
	var out, err bytes.Buffer
	code = Main(t.Context(), append([]string{"bench"}, args...), Console{In: strings.NewReader(""), Out: &out, Err: &err})
	return code, out.String(), err.String()
}

func TestBenchSinks(t *testing.T) {
	dir := t.TempDir()
	// Not a multiple of any batch or block.
	code, stdout, stderr := runBench(t, "sinks", "--events", "1234", "--rounds", "2", "--json", "--dir", dir)
	if code != exitDone {
		t.Fatalf("exit code is %d, want %d; it wrote\n%s", code, exitDone, stderr)
	}
	var report sinksReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("decode %q: %v", stdout, err)
	}
	var paths []string
	for _, path := range report.Paths {
		paths = append(paths, path.Path)
		checkBenchFigures(t, path.Path+" by cashtag", path.Cashtag)
		checkBenchFigures(t, path.Path+" by the minimum", path.Minimum)
		if path.Ratio <= 0 || math.IsInf(path.Ratio, 0) {
			t.Errorf("ratio of %s is %v, want one above 0", path.Path, path.Ratio)
		}
	}
	got, want := strings.Join(paths, ","), "kinesis,mongo,archive,sentiment,all at once"
	if got != want {
		t.Errorf("paths are %q, want %q", got, want)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind %v, %v; want nothing", left, err)
	}
}

func TestBenchPublish(t *testing.T) {
	code, stdout, stderr := runBench(t, "publish", "--events", "2500", "--seconds", "1", "--json")
	if code != exitDone {
		t.Fatalf("exit code is %d, want %d; it wrote\n%s", code, exitDone, stderr)
	}
	var report publishReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("decode %q: %v", stdout, err)
	}
	events := map[string]int{}
	for _, way := range report.Ways {
		events[way.Way] = way.Events
		checkBenchFigures(t, way.Way, way.pathFigures)
		if way.P50MS <= 0 || way.P99MS < way.P50MS {
			t.Errorf("%s: quantiles are %v and %v ms, want positive and ascending", way.Way, way.P50MS, way.P99MS)
		}
	}
	for way, want := range map[string]int{wayByHand: 2500, wayCallers: 2500, wayCalls: 2500, wayPaced: benchPace, waySingly: benchSinglyRate} {
		if got := events[way]; got != want {
			t.Errorf("%s stored %d events, want %d", way, got, want)
		}
	}
}

func checkBenchFigures(t *testing.T, what string, got pathFigures) {
	t.Helper()
	if got.EventsPerS <= 0 || got.CPUSPerMillion <= 0 || got.PeakRSSBytes < 1<<20 {
		t.Errorf("figures of %s are %+v, want all above 0 and the memory in bytes", what, got)
	}
}

// A far end that gets less than everything must not pass for a fast one.
func TestBenchRunCountsAtTheFarEnd(t *testing.T) {
	t.Setenv("CASHTAG_TEST_MAIN", "1")
	options := benchOptions{Events: 1000, Dir: t.TempDir()}
	world, err := openBenchWorld(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = world.close() }()
	if err := world.preload(t.Context(), options.Events); err != nil {
		t.Fatal(err)
	}
	b := &benchmark{options: options, world: world, notes: newAsides(Console{Err: &bytes.Buffer{}})}
	path := &benchPath{name: streams.ServiceMongo, services: []string{streams.ServiceMongo, streams.ServiceKinesis}}
	before, err := world.delivered(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.runPath(t.Context(), path, benchMinimum, 0); err != nil {
		t.Fatal(err)
	}
	after, err := world.delivered(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range path.services {
		if got := after[service] - before[service]; got != 1000 {
			t.Errorf("%s got %d events, want 1000", service, got)
		}
	}
}

func TestBenchRefusesWhatItCannotMeasure(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want string
	}{
		{"too few events", []string{"sinks", "--events", "999"}, "--events is 999"},
		{"too many events", []string{"publish", "--events", "2000001"}, "--events is 2000001"},
		{"no round", []string{"sinks", "--rounds", "0"}, "--rounds is 0"},
		{"unknown sink", []string{"sinks", "--only", "redis"}, `service "redis" is not known`},
		{"too long", []string{"publish", "--seconds", "61"}, "--seconds is 61"},
		{"no such directory", []string{"sinks", "--dir", "/nowhere/at/all"}, `--dir is "/nowhere/at/all"`},
		{"worker by hand", []string{"worker"}, "started by the other bench commands"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := runBench(t, test.args...)
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d, %q on stdout, %q on stderr; want %d, nothing, and %q", code, stdout, stderr, exitUsage, test.want)
			}
		})
	}
}

func TestBenchTweets(t *testing.T) {
	const n = 2000
	tickers, ids, size := map[string]bool{}, map[string]bool{}, 0
	for i, event := range benchTweets(0, n) {
		if err := event.Validate(); err != nil {
			t.Fatalf("tweet %d: %v", i, err)
		}
		data, err := event.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := benchTweet(i).Encode()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, again) {
			t.Fatalf("tweet %d is\n%s\nand then\n%s", i, data, again)
		}
		size += len(data)
		tickers[event.Subject], ids[event.ID] = true, true
	}
	if mean := size / n; mean < 600 || mean > 655 {
		t.Errorf("tweets have %d bytes, want 600 to 655", mean)
	}
	if len(tickers) != benchTickers || len(ids) != n {
		t.Errorf("%d tickers and %d ids, want %d and %d", len(tickers), len(ids), benchTickers, n)
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(test.values); got != test.want {
			t.Errorf("median of %v is %v, want %v", test.values, got, test.want)
		}
	}
}

func TestCallTimes(t *testing.T) {
	var calls callTimes
	if got := calls.quantile(0.5); got != 0 {
		t.Errorf("quantile of no calls is %v, want 0", got)
	}
	for i := range 100 {
		calls.add(time.Duration(100-i) * time.Millisecond)
	}
	if p50, p99 := calls.quantile(0.50), calls.quantile(0.99); p50 != 50 || p99 != 99 {
		t.Errorf("p50 and p99 are %v and %v ms, want 50 and 99", p50, p99)
	}
}
