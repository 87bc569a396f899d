package schemas

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// The windows that features are made over. A window's name is its subject token.
// All are half-open: the start belongs to a window and the end does not.
const (
	WindowMinute  = "1m"
	Window20m     = "20m"     // ends 10, 30 and 50 minutes past the hour, so that one ends at the open
	WindowPreopen = "preopen" // from the close of the session before to the open
	WindowSession = "session" // from the open to the close
	WindowDay     = "day"     // from the close of the session before to the close
)

// SourceDemoFeatures states features of synthetic posts.
const SourceDemoFeatures = demoRoot + "/features"

// maxFeatures bounds a vector.
const maxFeatures = 256

// Feature is what was said about one ticker in one window, and what its price
// did, as one vector. Its event time is the window's end. A later revision of the
// same window corrects the ones before it. Stream FEATURES, subject
// features.<window>.<TICKER>.
type Feature struct {
	Window  string    `json:"window"`
	Ticker  string    `json:"ticker"`
	StartAt time.Time `json:"start_at"`
	EndAt   time.Time `json:"end_at"`
	// Revision is how many events (posts, scores, bars) the vector could be made
	// from: a correction has seen more of them. The same events give the same
	// revision, whatever order they came in.
	Revision      int64         `json:"revision"`
	Schema        string        `json:"schema"` // hash of window, names, their definitions and the scorer: see FeatureID
	Scorer        string        `json:"scorer"`
	ScorerVersion string        `json:"scorer_version"`
	Names         []string      `json:"names"`  // what each value is
	Values        []float64     `json:"values"` // in the order of Names, rounded to millionths
	Counts        FeatureCounts `json:"counts"`
}

// FeatureCounts are the sums that the values were made from. Sums of scores are in
// ten-thousandths: a score is the probability of its label, negative where the
// label is, 0 where it is neutral.
type FeatureCounts struct {
	Posts          int64 `json:"posts"`
	Users          int64 `json:"users"`            // who wrote them, each once
	HeavyPosts     int64 `json:"heavy_posts"`      // by users with at least five in the window
	Reposts        int64 `json:"reposts"`          // posts that repeat another
	Exclusive      int64 `json:"exclusive"`        // posts with one cashtag only
	Texts          int64 `json:"texts"`            // different texts, after normalisation
	FollowersLogE4 int64 `json:"followers_log_e4"` // sum of ln(1 + followers), each in ten-thousandths
	Scored         int64 `json:"scored"`           // posts that have a score
	Known          int64 `json:"known"`            // posts whose score is not unknown
	Positive       int64 `json:"positive"`
	Negative       int64 `json:"negative"`
	ScoreE4        int64 `json:"score_e4"`         // sum
	ScoreSquaredE8 int64 `json:"score_squared_e8"` // sum of squares
	MarketPosts    int64 `json:"market_posts"`     // of all tickers, each once
	MarketKnown    int64 `json:"market_known"`
	MarketPositive int64 `json:"market_positive"`
	MarketScoreE4  int64 `json:"market_score_e4"`
	Bars           int64 `json:"bars"`
	Volume         int64 `json:"volume"`  // shares
	LastE4         int64 `json:"last_e4"` // last price by the window's end in ten-thousandths of a dollar, 0 where none is known
	HighE4         int64 `json:"high_e4"`
	LowE4          int64 `json:"low_e4"`
}

// FeatureID is the deterministic event id of a feature vector: window, ticker,
// end, schema and revision.
func FeatureID(f *Feature) string {
	return f.Window + ":" + f.Ticker + ":" + f.EndAt.UTC().Format(time.RFC3339) + ":" +
		f.Schema + ":" + strconv.FormatInt(f.Revision, 10)
}

// Value is the value of a name, false where the vector has none of it.
func (f *Feature) Value(name string) (float64, bool) {
	i := slices.Index(f.Names, name)
	if i < 0 || i >= len(f.Values) {
		return 0, false
	}
	return f.Values[i], true
}

// EventType implements Data.
func (*Feature) EventType() Type { return TypeFeature }

var (
	featureNamePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	schemaHashPattern  = regexp.MustCompile(`^[0-9a-f]{16}$`)
)

// Validate implements Data.
func (f *Feature) Validate() error {
	if err := firstError(
		validOneOf("window", f.Window, WindowMinute, Window20m, WindowPreopen, WindowSession, WindowDay),
		validTicker("ticker", f.Ticker),
		validTime("start_at", f.StartAt),
		validTime("end_at", f.EndAt),
	); err != nil {
		return err
	}
	switch {
	case !f.EndAt.After(f.StartAt):
		return fieldError("end_at", f.EndAt, "must be after start_at")
	case f.Revision < 0:
		return fieldError("revision", f.Revision, "must not be negative")
	case !schemaHashPattern.MatchString(f.Schema):
		return fieldError("schema", f.Schema, "must be 16 hexadecimal digits")
	case !servicePattern.MatchString(f.Scorer):
		return fieldError("scorer", f.Scorer, "must be a scorer's name in lower case")
	case f.ScorerVersion == "":
		return fieldError("scorer_version", f.ScorerVersion, "must not be empty")
	}
	if err := f.validVector(); err != nil {
		return err
	}
	return f.Counts.validate()
}

func (f *Feature) validVector() error {
	if len(f.Names) == 0 || len(f.Names) > maxFeatures {
		return fieldError("names", len(f.Names), "must hold 1 to 256 names")
	}
	if len(f.Values) != len(f.Names) {
		return fieldError("values", len(f.Values), "must hold as many values as there are names")
	}
	for i, name := range f.Names {
		if !featureNamePattern.MatchString(name) {
			return fieldError("names["+strconv.Itoa(i)+"]", name, "must be lower case letters, digits and underscores")
		}
		if slices.Contains(f.Names[:i], name) {
			return fieldError("names["+strconv.Itoa(i)+"]", name, "must not be there twice")
		}
		if math.IsNaN(f.Values[i]) || math.IsInf(f.Values[i], 0) {
			return fieldError("values["+strconv.Itoa(i)+"]", f.Values[i], "must be a finite number")
		}
	}
	return nil
}

func (c *FeatureCounts) validate() error {
	for _, count := range []struct {
		field string
		n     int64
	}{
		{"posts", c.Posts},
		{"users", c.Users},
		{"heavy_posts", c.HeavyPosts},
		{"reposts", c.Reposts},
		{"exclusive", c.Exclusive},
		{"texts", c.Texts},
		{"followers_log_e4", c.FollowersLogE4},
		{"scored", c.Scored},
		{"known", c.Known},
		{"positive", c.Positive},
		{"negative", c.Negative},
		{"score_squared_e8", c.ScoreSquaredE8},
		{"market_posts", c.MarketPosts},
		{"market_known", c.MarketKnown},
		{"market_positive", c.MarketPositive},
		{"bars", c.Bars},
		{"volume", c.Volume},
		{"last_e4", c.LastE4},
		{"high_e4", c.HighE4},
		{"low_e4", c.LowE4},
	} {
		if count.n < 0 {
			return fieldError("counts."+count.field, count.n, "must not be negative")
		}
	}
	return nil
}
