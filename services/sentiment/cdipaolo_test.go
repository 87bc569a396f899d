package sentiment_test

import (
	"math"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	posttext "cashtag/internal/text"
	"cashtag/schemas"
	"cashtag/services/sentiment"

	"github.com/cdipaolo/goml/text"
	model "github.com/cdipaolo/sentiment"
)

func scorer(tb testing.TB) *sentiment.Cdipaolo {
	tb.Helper()
	c, err := sentiment.NewCdipaolo()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// library is the model without our code around it.
var library = sync.OnceValues(func() (*text.NaiveBayes, error) {
	models, err := model.Restore()
	if err != nil {
		return nil, err
	}
	return models[model.English], nil
})

func label(class uint8) string {
	return []string{schemas.LabelNegative, schemas.LabelPositive}[class]
}

// scores are as measured. Where one changes the scorer's version must change.
var scores = map[string]struct {
	post        string
	label       string
	probability float64
}{
	"empty":               {"", "unknown", 0},
	"white space":         {" \n\t ", "unknown", 0},
	"emoji only":          {"🚀🚀🚀", "unknown", 0},
	"cashtag only":        {"$AAPL", "unknown", 0},
	"cashtags only":       {"$AAPL $BRK.B, $msft!", "unknown", 0},
	"address only":        {"https://t.co/MCOrGiuJ4O", "unknown", 0},
	"mention only":        {"@philstockworld", "unknown", 0},
	"numbers only":        {"1.5 + 2.0 = 3.5", "unknown", 0},
	"words never seen":    {"xqzzy plughh", "unknown", 0},
	"other script":        {"今日は上がる", "unknown", 0},
	"good":                {"What a great quarter, I love this company", "positive", 0.7423},
	"bad":                 {"Terrible results, the worst quarter ever, awful", "negative", 0.9988},
	"good in capitals":    {"WHAT A GREAT QUARTER, I LOVE THIS COMPANY", "positive", 0.7423},
	"good with the noise": {"RT @trader: What a great quarter,\n$AAPL I love this company https://t.co/x", "positive", 0.7423},
	"line end":            {"awful\nterrible", "negative", 0.9805},
	"space":               {"awful terrible", "negative", 0.9805},
	"bullish slang":       {"$AAPL to the moon", "negative", 0.5072},
	"tape":                {"RT @philstockworld: #Fed Policy Statement and Trade Ideas for $EZCH and $AAPL #Apple #QE    -- http://t.co/MCOrGiuJ4O", "positive", 0.6806},
	"entity":              {"I don&#39;t like it &amp; won&#39;t buy", "negative", 0.6584},
	"tie":                 {"apple", "negative", 0.5},
	"long":                {strings.Repeat("a wonderful company with superb products ", 200), "positive", 1},
}

func TestCdipaoloGolden(t *testing.T) {
	c := scorer(t)
	for name, test := range scores {
		t.Run(name, func(t *testing.T) {
			got, err := c.Score(t.Context(), test.post)
			if err != nil {
				t.Fatal(err)
			}
			if got.Scorer != "cdipaolo" || got.Version != "c697f64e7f10-1" {
				t.Errorf("scorer: got %s %s, want cdipaolo c697f64e7f10-1", got.Scorer, got.Version)
			}
			if got.Label != test.label || math.Abs(got.Probability-test.probability) > 5e-5 {
				t.Errorf("got %s %.4f, want %s %.4f", got.Label, got.Probability, test.label, test.probability)
			}
		})
	}
}

// TestCdipaoloAgreesWithTheLibrary compares with the model's own methods on the
// cleaned text: the label always, the probability where theirs does not underflow.
func TestCdipaoloAgreesWithTheLibrary(t *testing.T) {
	var posts []string
	for _, test := range scores {
		posts = append(posts, test.post)
	}
	if known := agree(t, posts); known == 0 {
		t.Error("no post has a word that the model knows")
	}
}

// agree compares the scores of posts with the library's and returns how many are
// not unknown.
func agree(t *testing.T, posts []string) int {
	t.Helper()
	c := scorer(t)
	theirs, err := library()
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for _, post := range posts {
		got, err := c.Score(t.Context(), post)
		if err != nil {
			t.Fatal(err)
		}
		if got.Label == schemas.LabelUnknown {
			if got.Probability != 0 {
				t.Errorf("%q: got unknown with probability %v, want 0", post, got.Probability)
			}
			continue
		}
		known++
		cleaned := posttext.Clean(post)
		if want := label(theirs.Predict(cleaned)); got.Label != want {
			t.Errorf("%q: got %s, want %s", post, got.Label, want)
		}
		class, probability := theirs.Probability(cleaned)
		if math.IsNaN(probability) {
			continue
		}
		if label(class) == got.Label && math.Abs(got.Probability-probability) > 1e-6 {
			t.Errorf("%q: got probability %v, want %v", post, got.Probability, probability)
		}
		if got.Probability < 0.5 || got.Probability > 1 {
			t.Errorf("%q: got probability %v, want 0.5 to 1 for the likelier of two", post, got.Probability)
		}
	}
	return known
}

func TestCdipaoloIsSafeUnderConcurrency(t *testing.T) {
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			c, err := sentiment.NewCdipaolo()
			if err != nil {
				t.Error(err)
				return
			}
			for range 20 {
				for name, test := range scores {
					got, err := c.Score(t.Context(), test.post)
					if err != nil || got.Label != test.label {
						t.Errorf("%s: got %s and %v, want %s", name, got.Label, err, test.label)
					}
				}
			}
		})
	}
	wait.Wait()
}

// TestCdipaoloVersionIsTheModule fails when go.mod takes another version of the
// module: the version of the scorer must then change with it.
func TestCdipaoloVersionIsTheModule(t *testing.T) {
	file, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(?m)^\s*github\.com/cdipaolo/sentiment v\S+-([0-9a-f]{12})\b`).FindSubmatch(file)
	if match == nil {
		t.Fatal("go.mod does not require github.com/cdipaolo/sentiment by commit")
	}
	if got, _, _ := strings.Cut(sentiment.CdipaoloVersion, "-"); got != string(match[1]) {
		t.Errorf("version: got commit %s, want %s", got, match[1])
	}
}
