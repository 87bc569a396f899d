package predictor_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cashtag/internal/model"
	"cashtag/schemas"
	"cashtag/services/predictor"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	one, _ := trained(t, "up", nil)
	two, _ := trained(t, "up", func(a *model.Artefact) { a.Linear.Intercept = 1 })
	at := func(n int) time.Time { return closed.Add(time.Duration(n) * time.Hour) }
	r := predictor.NewRegistry()
	promoted := func(want string) {
		t.Helper()
		got, ok := r.Promoted("up")
		if ok != (want != "") || got.Model.Version != want {
			t.Errorf("promoted: got %q, want %q", got.Model.Version, want)
		}
	}
	state := func(m *schemas.Model, verb, by string, n int) {
		t.Helper()
		if got := r.Apply(predictor.Stated(*m, verb, by, at(n))); got != "up" {
			t.Errorf("apply: got name %q, want up", got)
		}
	}
	promoted("")
	state(one, schemas.VerbTrained, "ada", 0)
	promoted("")
	state(one, schemas.VerbPromoted, "ada", 1)
	promoted(one.Version)
	state(two, schemas.VerbTrained, "bob", 2)
	promoted(one.Version)
	state(two, schemas.VerbPromoted, "bob", 3)
	promoted(two.Version)
	if got, _ := r.Promoted("up"); got.By != "bob" || !got.At.Equal(at(3)) {
		t.Errorf("promoted by: got %s at %s, want bob at %s", got.By, got.At, at(3))
	}
	state(one, schemas.VerbPromoted, "eve", 4)
	promoted(one.Version)
	if got := r.Versions("up"); len(got) != 2 || got[0].Model.Version != one.Version || got[1].Promoted {
		t.Errorf("versions: got %+v, want the first promoted alone, in front", got)
	}
	state(one, schemas.VerbRetired, "eve", 5)
	promoted("")
	if got := r.Apply(schemas.New("x", "/x", "AAPL", closed, &schemas.Clock{})); got != "" {
		t.Errorf("apply what is no model: got %q, want nothing", got)
	}
	if got := r.Names(); len(got) != 1 || got[0] != "up" {
		t.Errorf("names: got %q, want up", got)
	}
}

func within(window, target string) func(*model.Artefact) {
	return func(a *model.Artefact) { a.Window, a.Target = window, target }
}

// What can be judged is not refused: directions of any window, and all else of sessions.
func TestTrainedAllows(t *testing.T) {
	t.Parallel()
	for _, window := range []string{schemas.WindowMinute, schemas.Window20m, schemas.WindowPreopen, schemas.WindowSession, schemas.WindowDay} {
		for _, target := range []string{"direction", "relative_direction", "large_move", "abnormal_volume"} {
			file, err := artefact(within(window, target)).Encode()
			if err != nil {
				t.Fatal(err)
			}
			short := window == schemas.WindowMinute || window == schemas.Window20m
			_, err = predictor.Trained("up", file, "ada", closed)
			if want := short && !strings.HasSuffix(target, "direction"); errors.Is(err, predictor.ErrRefused) != want || (err != nil) != want {
				t.Errorf("%s from %s: got %v, want refused %t", target, window, err, want)
			}
		}
	}
}

func TestTrainedRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		name string
		edit func(*model.Artefact)
		want string
	}{
		"bad name":                         {"Up!", nil, "name"},
		"no data":                          {"up", func(a *model.Artefact) { a.DataHash = "" }, "data_hash"},
		"a large move of 20 minutes":       {"up", within(schemas.Window20m, "large_move"), "large_move from 20m has no outcome"},
		"an abnormal volume of one minute": {"up", within(schemas.WindowMinute, "abnormal_volume"), "abnormal_volume from 1m has no outcome"},
		"no window":                        {"up", func(a *model.Artefact) { a.Window = "" }, "window"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, err := artefact(test.edit).Encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := predictor.Trained(test.name, file, "ada", closed); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error that names %s", err, test.want)
			}
		})
	}
	if _, err := predictor.Trained("up", []byte("CASHTAGM"), "ada", closed); !errors.Is(err, model.ErrNotArtefact) {
		t.Errorf("a file cut short: got %v, want %v", err, model.ErrNotArtefact)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stated  func(*schemas.Model)
		file    func([]byte) []byte
		schemas map[string]string
		refused bool
		says    string
	}{
		"as stated":           {},
		"same schema":         {schemas: map[string]string{schemas.WindowDay: schema}},
		"schema of another":   {schemas: map[string]string{schemas.WindowPreopen: "0000000000000000"}},
		"other hash":          {stated: func(m *schemas.Model) { m.ArtefactHash = strings.Repeat("0", 64) }, refused: true},
		"other stated schema": {stated: func(m *schemas.Model) { m.FeatureSchema = "0000000000000000" }, refused: true},
		"other horizon":       {stated: func(m *schemas.Model) { m.HorizonS = 1 }, refused: true},
		"never judged": {
			stated:  func(m *schemas.Model) { m.Window, m.Target = schemas.Window20m, "large_move" },
			refused: true, says: "large_move from 20m has no outcome",
		},
		"vectors of another": {schemas: map[string]string{schemas.WindowDay: "0000000000000000"}, refused: true},
		"not there":          {stated: func(m *schemas.Model) { m.Object = "models/up/none" }, refused: true},
		"cut short":          {file: func(b []byte) []byte { return b[:len(b)-1] }, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, file := trained(t, "up", nil)
			if test.file != nil {
				file = test.file(file)
				m.ArtefactHash = model.ArtefactHash(file)
			}
			store := &memory{}
			if err := store.Put(t.Context(), m.Object, file); err != nil {
				t.Fatal(err)
			}
			if test.stated != nil {
				test.stated(m)
			}
			_, err := predictor.Load(t.Context(), store, *m, test.schemas)
			if got := errors.Is(err, predictor.ErrRefused); got != test.refused || (err != nil) != test.refused {
				t.Errorf("got %v, want refused %t", err, test.refused)
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %q, want one line that says %q", err, test.says)
			}
		})
	}
}
