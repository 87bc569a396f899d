package sentiment_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"cashtag/schemas"
	"cashtag/services/sentiment"
)

func opened(tb testing.TB, name string) sentiment.Scorer {
	tb.Helper()
	scorer, _, err := sentiment.Open(name)
	if err != nil {
		tb.Fatal(err)
	}
	return scorer
}

// TestCashtagGolden holds the built-in model. Where one changes its version does.
func TestCashtagGolden(t *testing.T) {
	scorer := opened(t, "cashtag")
	for post, want := range map[string]string{
		"":                     "unknown",
		"🚀🚀":                   "unknown",
		"$AAPL https://t.co/x": "unknown",
		"Apple falls 5% after cutting its outlook":          "negative",
		"$BYND downgraded to sell at JPMorgan":              "negative",
		"Apple jumps 5% as profit beats estimates":          "positive",
		"$AAPL upgraded to buy, price target raised to 300": "positive",
		"Apple to hold its annual meeting in March":         "neutral",
	} {
		got, err := scorer.Score(t.Context(), post)
		if err != nil || got.Label != want {
			t.Errorf("%q: got %+v and %v, want %s", post, got, err, want)
		}
		if known := want != schemas.LabelUnknown; (got.Probability > 1.0/3) != known || got.Probability > 1 {
			t.Errorf("%q: got probability %v", post, got.Probability)
		}
	}
}

func TestVaderGolden(t *testing.T) {
	scorer := opened(t, "vader")
	for post, want := range map[string]struct {
		label       string
		probability float64
	}{
		"":                                {"unknown", 0},
		"$AAPL":                           {"unknown", 0},
		"What a great quarter, I love it": {"positive", 0.92595},
		"Terrible results, awful":         {"negative", 0.86347},
		"Apple holds a meeting":           {"neutral", 1},
		"I don&#39;t like $AAPL":          {"negative", 0.63775},
	} {
		got, err := scorer.Score(t.Context(), post)
		if err != nil || got.Label != want.label || math.Abs(got.Probability-want.probability) > 5e-5 {
			t.Errorf("%q: got %+v and %v, want %+v", post, got, err, want)
		}
		if got.Scorer != "vader" || got.Version != sentiment.VaderVersion {
			t.Errorf("scorer: got %s %s", got.Scorer, got.Version)
		}
	}
}

func TestCashtagAllocatesNothing(t *testing.T) {
	scorer := opened(t, "cashtag")
	const post = "RT @philstockworld: don&#39;t sell $T &amp; $AAPL, AT&T – “cheap” www.example.com http://t.co/MCOrGiuJ4O"
	if got := testing.AllocsPerRun(200, func() {
		if _, err := scorer.Score(t.Context(), post); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("got %v allocations a text, want 0", got)
	}
}

func TestParseScorers(t *testing.T) {
	for value, want := range map[string]string{
		"": "cdipaolo", "cashtag": "cashtag", "Cashtag , VADER": "cashtag vader", `"vader"`: "vader", "vader,vader": "vader",
	} {
		if got, err := sentiment.ParseScorers(value); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: got %q and %v, want %s", value, got, err, want)
		}
	}
	for _, value := range []string{"vadr", "cashtag,", ","} {
		if got, err := sentiment.ParseScorers(value); err == nil || !strings.Contains(err.Error(), "must be one or more of cdipaolo, vader, cashtag") {
			t.Errorf("%q: got %q and %v, want an error that names the scorers", value, got, err)
		}
	}
	if _, _, err := sentiment.Open("vadr"); err == nil || !strings.Contains(err.Error(), `scorer is "vadr"`) {
		t.Errorf("open: got %v", err)
	}
}

func TestEvaluate(t *testing.T) {
	labels, err := sentiment.ReadLabels("some.csv", strings.NewReader(
		"text,label\nWhat a great quarter I love it,1\nTerrible awful results,0\nApple holds a meeting,2\ngreat,0\n$AAPL,2\n"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := sentiment.Evaluate(t.Context(), opened(t, "vader"), labels)
	if err != nil {
		t.Fatal(err)
	}
	if e.Scorer != "vader" || e.Rows != 5 || e.Unknown != 1 || e.PolarRows != 3 {
		t.Errorf("got %+v, want 5 rows of vader, 1 unknown, 3 polar", e)
	}
	if math.Abs(e.Accuracy-0.6) > 1e-9 || math.Abs(e.PolarAccuracy-2.0/3) > 1e-9 || math.Abs(e.MacroF1-2.0/3) > 1e-9 {
		t.Errorf("got accuracy %v, polar %v, macro-F1 %v, want 0.6, 2/3 and 2/3", e.Accuracy, e.PolarAccuracy, e.MacroF1)
	}
	if e.AccuracyInterval.Low > 0.6 || e.AccuracyInterval.High < 0.6 || e.AccuracyInterval.Low == e.AccuracyInterval.High {
		t.Errorf("got interval %+v, want one around 0.6", e.AccuracyInterval)
	}
	if e.TextsPerSecond <= 0 || len(e.Calibration) == 0 || e.Classes["neutral"].Examples != 2 {
		t.Errorf("got %+v", e)
	}
	if got := slices.Sorted(slices.Values(sentiment.ClassLabels())); !slices.Equal(got, []string{"negative", "neutral", "positive"}) {
		t.Errorf("classes: got %q", got)
	}
}

func BenchmarkCashtag(b *testing.B) {
	scorer := opened(b, "cashtag")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := scorer.Score(b.Context(), "RT @philstockworld: #Fed Policy Statement and Trade Ideas for $EZCH and $AAPL #Apple #QE &amp; more -- http://t.co/MCOrGiuJ4O"); err != nil {
			b.Fatal(err)
		}
	}
}

func TestScorersAreSafeUnderConcurrency(t *testing.T) {
	const post = "Apple jumps 5% as profit beats estimates"
	for _, name := range sentiment.ScorerNames() {
		scorer := opened(t, name)
		want, err := scorer.Score(t.Context(), post)
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for range 80 { // more than a scorer keeps memory for
			wait.Go(func() {
				for range 5 {
					if got, err := scorer.Score(t.Context(), post); err != nil || got != want {
						t.Errorf("%s: got %+v and %v, want %+v", name, got, err, want)
					}
				}
			})
		}
		wait.Wait()
	}
}
