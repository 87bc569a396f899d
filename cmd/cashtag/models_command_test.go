package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cashtag/internal/model"
	"cashtag/internal/window"
	"cashtag/schemas"
	"cashtag/services/features"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// modelFile writes a model that could be served.
func modelFile(t *testing.T, intercept float64) string {
	t.Helper()
	low, high := 0.47, 0.553
	a := &model.Artefact{
		Name: "direction-features", Target: "direction", Kind: model.KindLogistic, Window: schemas.WindowDay, HorizonS: 86400,
		SchemaHash: features.Schema(window.WholeDay, "cdipaolo", "1"), Columns: []string{"posts_log"},
		Scaler:   model.Scaler{Mean: []float64{0}, Scale: []float64{1}},
		Linear:   model.Linear{Weights: []float64{0.5}, Intercept: intercept},
		DataHash: "d1", TrainedFrom: "2014-05-01", TrainedTo: "2014-07-31", CodeVersion: "test",
		Scores: []model.Score{{Metric: "auc", Value: 0.512, Low: &low, High: &high, Baseline: 0.5, Rows: 640, Days: 64}},
	}
	file, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "direction.model")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pushed stores a model and returns its version.
func (c *cluster) pushed(t *testing.T, endpoint string, intercept float64) string {
	t.Helper()
	ran := c.cashtag(t, "models", "push", modelFile(t, intercept), "--name", "direction", "--by", "ada", "--s3-endpoint", endpoint, "--create")
	ran.want(t, exitDone, "")
	return strings.Fields(ran.out)[2]
}

func TestModels(t *testing.T) {
	server := httptest.NewServer(gofakes3.New(s3mem.New()).Server())
	t.Cleanup(server.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	c := newCluster(t)
	one := c.pushed(t, server.URL, 0.1)
	two := c.pushed(t, server.URL, 0.2)
	if again := c.pushed(t, server.URL, 0.1); again != one || one == two || c.messages(t, "MODELS") != 2 {
		t.Errorf("versions: got %s, %s and %s again in %d events, want two versions and events", one, two, again, c.messages(t, "MODELS"))
	}
	ls := func() ended {
		t.Helper()
		ran := c.cashtag(t, "models")
		ran.want(t, exitDone, "")
		return ran
	}
	states := func() string {
		t.Helper()
		found := map[string]string{}
		for line := range strings.Lines(ls().out) {
			if fields := strings.Fields(line); len(fields) > 2 {
				found[fields[1]] = fields[2]
			}
		}
		return found[one] + " " + found[two]
	}
	if got := states(); got != "stored stored" {
		t.Errorf("states: got %q, want both stored", got)
	}
	if out := ls().out; !strings.Contains(out, "auc 0.512 [0.470, 0.553]  0.500") {
		t.Errorf("got\n%s\nwant the score with its interval and baseline", out)
	}
	for _, step := range []struct{ args, says, want string }{
		{"promote direction " + one + " --by ada", "direction: none -> " + one + ", promoted by ada", "promoted stored"},
		{"promote direction " + two + " --by bob", "direction: " + one + " -> " + two + ", promoted by bob", "stored promoted"},
		{"promote direction " + one + " --by bob", "direction: " + two + " -> " + one + ", promoted by bob", "promoted stored"},
		{"retire direction --by eve", "direction: " + one + " -> none, retired by eve", "retired stored"},
	} {
		ran := c.cashtag(t, append([]string{"models"}, strings.Fields(step.args)...)...)
		ran.want(t, exitDone, "")
		if !strings.Contains(ran.out, step.says) {
			t.Errorf("%s: got %q, want %q", step.args, ran.out, step.says)
		}
		if got := states(); got != step.want {
			t.Errorf("states after %s: got %q, want %q", step.args, got, step.want)
		}
	}
	ran := c.cashtag(t, "models", "show", "direction", one)
	ran.want(t, exitDone, "")
	if got := ran.row(t, "object"); got[1] != "models/direction/"+one {
		t.Errorf("object: got %q, want models/direction/%s", got[1], one)
	}
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"unknown model":   {[]string{"promote", "volume", one}, `there is no model "volume": must be one of direction`},
		"unknown version": {[]string{"promote", "direction", "7"}, `model direction has no version "7": must be one of`},
		"not promoted":    {[]string{"retire", "direction"}, "no version of model direction is promoted"},
	} {
		t.Run(name, func(t *testing.T) {
			c.cashtag(t, append([]string{"models"}, test.args...)...).want(t, exitUsage, test.says)
		})
	}
	broken := filepath.Join(t.TempDir(), "broken.model")
	if err := os.WriteFile(broken, []byte("CASHTAGM"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.cashtag(t, "models", "push", broken, "--name", "direction", "--s3-endpoint", server.URL).want(t, exitFailed, "not a cashtag model")
}
