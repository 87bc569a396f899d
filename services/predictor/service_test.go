package predictor_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/internal/model"
	"cashtag/schemas"
	"cashtag/services/predictor"
	"cashtag/streams"
	"cashtag/streams/streamstest"
)

var _ predictor.Publisher = (*streams.Publisher)(nil)

func TestPrediction(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, file := trained(t, "direction-features", nil)
	r.promote(t, m, file, closed)
	r.start(t)
	fake := vector(schemas.WindowDay, "BRK.B", closed, 2)
	fake.ID, fake.Source = schemas.DemoPrefix+fake.ID, schemas.SourceDemoFeatures
	first := vector(schemas.WindowDay, "AAPL", closed, 3)
	r.Publish(t, first, fake, vector(schemas.WindowPreopen, "AAPL", closed, 9))
	order := r.awaitPredictions(t, 2)
	want := []string{
		"direction-features:" + m.Version + ":direction:AAPL:2014-06-02T20:00:00Z:86400:3",
		"demo:direction-features:" + m.Version + ":direction:BRK.B:2014-06-02T20:00:00Z:86400:2",
	}
	if !slices.Equal(order, want) {
		t.Errorf("ids: got %q, want %q", order, want)
	}
	found, _ := r.predictions(t)
	event, err := schemas.Decode(found[want[0]])
	if err != nil {
		t.Fatal(err)
	}
	got := event.Data.(*schemas.Prediction)
	// z = 0.1 + 0.5*(3-1)/2 - 1*0.5 = 0.1
	probability := math.Round(1e6/(1+math.Exp(-0.1))) / 1e6
	if got.Probability == nil || *got.Probability != probability || got.Value != nil {
		t.Errorf("probability: got %v, want %v", got.Probability, probability)
	}
	if got.Bins != "20" { // 3 posts are in the last of three bins, and the other column has one alone
		t.Errorf("bins: got %q, want those of posts_log and posts_z in training", got.Bins)
	}
	if names := []string{m.Columns[0].Name, m.Columns[1].Name}; !slices.Equal(names, []string{"posts_log", "posts_z"}) {
		t.Errorf("columns: got %q, want those of the model", names)
	}
	if got.Baseline == nil || *got.Baseline != 0.512346 {
		t.Errorf("baseline: got %v, want that of the training rows in millionths", got.Baseline)
	}
	next := time.Date(2014, 6, 3, 20, 0, 0, 0, time.UTC)
	if !event.Time.Equal(closed) || !got.DueAt.Equal(next) || got.FeatureID != first.ID || event.Source != "/services/predictor" {
		t.Errorf("got %+v of %s by %s, want due at %s from %s", got, event.Time, event.Source, next, first.ID)
	}
	if event, _ := schemas.Decode(found[want[1]]); event.Source != schemas.SourceDemoPredictor {
		t.Errorf("source of a synthetic one: got %s, want %s", event.Source, schemas.SourceDemoPredictor)
	}
}

// TestAModelFromBeforeBaselines predicts, and the log says what its predictions lack.
func TestAModelFromBeforeBaselines(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, file := trained(t, "old", func(a *model.Artefact) { a.Baseline, a.Training = nil, nil })
	r.promote(t, m, file, closed)
	r.start(t)
	r.Publish(t, vector(schemas.WindowDay, "AAPL", closed, 1))
	id := r.awaitPredictions(t, 1)[0]
	found, _ := r.predictions(t)
	event, err := schemas.Decode(found[id])
	if p, _ := event.Data.(*schemas.Prediction); err != nil || p.Baseline != nil || p.Bins != "" || m.Columns != nil {
		t.Errorf("got %s, %v, want neither baseline nor bins", found[id], err)
	}
	if got := r.logged("model cannot be judged"); got != 1 {
		t.Errorf("got %d warnings, want 1", got)
	}
}

// TestSameVectorsSameBytes plays vectors, revisions among them, to two predictors of
// the same model, the second of which is stopped and started in between.
func TestSameVectorsSameBytes(t *testing.T) {
	t.Parallel()
	var vectors []schemas.Event
	for i := range 60 {
		end := closed.AddDate(0, 0, i%5)
		vectors = append(vectors, vector(schemas.WindowDay, fmt.Sprintf("T%d", i%7), end, int64(i%11)))
	}
	m, file := trained(t, "direction-features", nil)
	ridge, ridgeFile := trained(t, "volume", func(a *model.Artefact) { a.Kind, a.Target = model.KindRidge, "abnormal_volume" })
	play := func(restart bool) map[string][]byte {
		r := newRig(t)
		r.promote(t, m, file, closed)
		r.promote(t, ridge, ridgeFile, closed)
		stop := r.start(t)
		r.Publish(t, vectors[:30]...)
		if restart {
			stop()
			r.start(t)
		}
		r.Publish(t, vectors[30:]...)
		r.awaitPredictions(t, 120)
		found, _ := r.predictions(t)
		return found
	}
	once, again := play(false), play(true)
	if !slices.Equal(keys(once), keys(again)) {
		t.Fatalf("ids: got %q, want %q", keys(again), keys(once))
	}
	for id, data := range once {
		if !bytes.Equal(again[id], data) {
			t.Errorf("%s: got\n%s\nand\n%s", id, data, again[id])
		}
	}
}

func TestPromotionsAreFollowed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(t)
	revision := int64(0)
	predict := func(want string) {
		t.Helper()
		_, before := r.predictions(t)
		revision++
		r.Publish(t, vector(schemas.WindowDay, "AAPL", closed, revision))
		if id := r.awaitPredictions(t, len(before)+1)[len(before)]; !strings.HasPrefix(id, "up:"+want+":") {
			t.Errorf("got %s, want version %s", id, want)
		}
	}
	serving := func(version string) {
		t.Helper()
		streamstest.Eventually(t, version+" to predict", func() bool { return r.logged(`"model predicts" model=up version=`+version) > 0 })
	}
	one, oneFile := trained(t, "up", nil)
	r.promote(t, one, oneFile, closed)
	serving(one.Version)
	predict(one.Version)
	two, twoFile := trained(t, "up", func(a *model.Artefact) { a.Linear.Intercept = 1 })
	r.promote(t, two, twoFile, closed.Add(1))
	serving(two.Version)
	predict(two.Version)

	// A file that is not the one that was stated is refused, and the last one stays.
	three, threeFile := trained(t, "up", func(a *model.Artefact) { a.Linear.Intercept = 2 })
	three.ArtefactHash = strings.Repeat("0", 64)
	r.promote(t, three, threeFile, closed.Add(2))
	streamstest.Eventually(t, "the refusal", func() bool { return r.logged("model refused, the") > 0 })
	predict(two.Version)

	// A store that is away is asked again.
	four, fourFile := trained(t, "up", func(a *model.Artefact) { a.Linear.Intercept = 3 })
	r.store.turn(true)
	r.promote(t, four, fourFile, closed.Add(3))
	streamstest.Eventually(t, "the complaint", func() bool { return r.logged("tried again") > 0 })
	predict(two.Version)
	r.store.turn(false)
	serving(four.Version)
	predict(four.Version)

	r.Publish(t, predictor.Stated(*four, schemas.VerbRetired, "ada", closed.Add(4)))
	streamstest.Eventually(t, "the end", func() bool { return r.logged("model predicts no more") > 0 })
	other, otherFile := trained(t, "other", nil)
	r.promote(t, other, otherFile, closed)
	streamstest.Eventually(t, "the other", func() bool { return r.logged("model=other") > 0 })
	_, before := r.predictions(t)
	r.Publish(t, vector(schemas.WindowDay, "AAPL", closed, 999))
	if id := r.awaitPredictions(t, len(before)+1)[len(before)]; !strings.HasPrefix(id, "other:") {
		t.Errorf("got %s, want nothing of what was retired", id)
	}
	r.promote(t, one, oneFile, closed.Add(5))
	streamstest.Eventually(t, "the first again", func() bool { return r.logged(`"model predicts" model=up version=`+one.Version) > 1 })
	if got := r.logged("model refused, the") + r.logged("tried again"); got != 2 {
		t.Errorf("got %d complaints, want 2", got)
	}
}

// TestARestartServesTheLastGoodOne starts with a promotion that is refused: the one
// before it predicts, as it did before the restart.
func TestARestartServesTheLastGoodOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	good, goodFile := trained(t, "up", nil)
	r.promote(t, good, goodFile, closed)
	other, otherFile := trained(t, "up", func(a *model.Artefact) { a.SchemaHash = "0000000000000000" })
	r.promote(t, other, otherFile, closed.Add(1))
	r.cfg.Schemas = map[string]string{schemas.WindowDay: schema}
	r.Publish(t, vector(schemas.WindowDay, "AAPL", closed, 1))
	r.store.turn(true)
	r.start(t)
	streamstest.Eventually(t, "the complaint", func() bool { return r.logged("tried again") > 0 })
	if _, order := r.predictions(t); len(order) != 0 {
		t.Errorf("got %q while the store is away, want nothing", order)
	}
	r.store.turn(false) // and no vector was passed over
	if id := r.awaitPredictions(t, 1)[0]; !strings.HasPrefix(id, "up:"+good.Version+":") {
		t.Errorf("got %s, want version %s", id, good.Version)
	}
	if got := r.logged("model refused, the"); got != 1 {
		t.Errorf("got %d refusals in the log, want 1", got)
	}
}

func TestVectorsOfAnotherSchemaAreNotPredicted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, file := trained(t, "up", func(a *model.Artefact) { a.SchemaHash = "0000000000000000" })
	r.promote(t, m, file, closed)
	same, sameFile := trained(t, "down", nil)
	r.promote(t, same, sameFile, closed)
	r.start(t)
	r.Publish(t, vector(schemas.WindowDay, "AAPL", closed, 1), vector(schemas.WindowDay, "AAPL", closed, 2))
	for _, id := range r.awaitPredictions(t, 2) {
		if !strings.HasPrefix(id, "down:") {
			t.Errorf("got %s, want predictions of down alone", id)
		}
	}
	if got := r.logged("model cannot read the vectors"); got != 1 {
		t.Errorf("got %d complaints, want 1", got)
	}
}

func TestWhatIsNoVectorIsBuried(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m, file := trained(t, "up", nil)
	r.promote(t, m, file, closed)
	for _, bad := range []string{`{}`, `{"type":"cashtag.clock.v1","data":{},"time":"2026-01-01T00:00:00Z"}`, "no JSON"} {
		if _, err := r.Client.JS.Publish(t.Context(), "features.day.AAPL", []byte(bad)); err != nil {
			t.Fatal(err)
		}
	}
	r.Publish(t, vector(schemas.WindowDay, "AAPL", closed, 1))
	r.start(t)
	r.awaitPredictions(t, 1)
	streamstest.Eventually(t, "the dead letters", func() bool {
		stream, err := r.Client.JS.Stream(t.Context(), streams.Dead)
		if err != nil {
			t.Fatal(err)
		}
		return stream.CachedInfo().State.Msgs == 3
	})
}
