package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/internal/model"
	"cashtag/internal/window"
	"cashtag/schemas"
	"cashtag/services/outcomes"
	"cashtag/services/predictor"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/merge"
	"cashtag/streams/streamstest"
)

// files keeps the files of models.
type files map[string][]byte

// Get implements predictor.ObjectStore.
func (f files) Get(_ context.Context, name string, _ int64) ([]byte, error) {
	if file, ok := f[name]; ok {
		return file, nil
	}
	return nil, fmt.Errorf("get %s: %w", name, predictor.ErrNoObject)
}

// Put implements predictor.ObjectStore.
func (f files) Put(_ context.Context, name string, data []byte) error {
	f[name] = data
	return nil
}

// exchange is the trading days from the 1st of June 2026 on.
type exchange struct{ first window.Day }

func newExchange() exchange {
	return exchange{window.XNYS().Day(time.Date(2026, 6, 1, 15, 0, 0, 0, time.UTC).UnixNano())}
}

func (e exchange) open(day int) time.Time {
	return time.Unix(0, window.XNYS().Open(e.first+window.Day(day))).UTC()
}

func (e exchange) close(day int) time.Time {
	return time.Unix(0, window.XNYS().Close(e.first+window.Day(day))).UTC()
}

// vector is what was known of a ticker before the open.
func (e exchange) vector(day int, ticker string, posts float64) schemas.Event {
	f := &schemas.Feature{
		Window: schemas.WindowPreopen, Ticker: ticker, StartAt: e.open(day).Add(-time.Hour), EndAt: e.open(day), Revision: 1,
		Schema: strings.Repeat("0", 16), Scorer: "cdipaolo", ScorerVersion: "1",
		Names: []string{"posts_log"}, Values: []float64{posts},
	}
	return schemas.New(schemas.FeatureID(f), schemas.ServiceSource("features"), ticker, f.EndAt, f)
}

// falls is a session in which a ticker falls, and its end.
func (e exchange) falls(day int, ticker string) []schemas.Event {
	q := &schemas.Quote{
		Feed: schemas.FeedStockNet, Kind: schemas.KindBar, Ticker: ticker, Delay: schemas.DelayEndOfDay, QuotedAt: e.close(day), Price: 99,
		Bar: &schemas.Bar{IntervalS: int64(e.close(day).Sub(e.open(day)).Seconds()), Open: 100, High: 100, Low: 99, Close: 99, Volume: 5},
	}
	at := e.close(day)
	return []schemas.Event{
		schemas.New(schemas.QuoteID(q), schemas.SourceStockNet, ticker, at, q),
		schemas.New("clock:"+at.Format(time.RFC3339), schemas.SourceXNYS, "XNYS", at, &schemas.Clock{MIC: schemas.MICXNYS}),
	}
}

// runLive runs predictor and outcomes, with their own permissions, on a server until
// so many predictions are made and all there is was read, and returns what they logged.
func runLive(t *testing.T, server *streamstest.Server, store files, predictions uint64) string {
	t.Helper()
	var log streamstest.Log
	runPredictor(t, server, store, predictions, &log)
	client := server.ConnectAs(t, streams.ServiceOutcomes)
	handler, err := outcomes.NewHandler(outcomes.DefaultConfig(), outcomes.Ledger(modelsLedger(client)), log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	cfg := outcomes.Reading()
	cfg.Poll, cfg.CommitPause = 5*time.Millisecond, 0
	reader, err := merge.New(client, streamstest.NewPublisher(t, client), handler, streamstest.NewSwitch(true), log.Logger(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	running := streamstest.Run(t, reader.Run)
	for _, name := range cfg.Streams {
		if err := reader.Flush(t.Context(), name, server.Last(t, name)); err != nil {
			t.Errorf("flush %s: %v", name, err)
		}
	}
	if err := running.Stop(t); err != nil {
		t.Errorf("outcomes: %v", err)
	}
	return log.String()
}

func runPredictor(t *testing.T, server *streamstest.Server, store files, predictions uint64, log *streamstest.Log) {
	t.Helper()
	client := server.ConnectAs(t, streams.ServicePredictor)
	publisher := streamstest.NewPublisher(t, client)
	service := predictor.New(modelsLedger(client), store, publisher, log.Logger(), predictor.Config{})
	cfg := durable.DefaultConfig(streams.Consumer{Service: streams.ServicePredictor, Stream: streams.Features})
	cfg.Alone = true
	runner, err := durable.New(client, publisher, service.Sink(), streamstest.NewSwitch(true), log.Logger(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	running := streamstest.Run(t, func(ctx context.Context) error { return service.Run(ctx, runner, nil) })
	streamstest.Eventually(t, "all predictions", func() bool { return server.Last(t, streams.Predictions) >= predictions })
	if err := running.Stop(t); err != nil {
		t.Errorf("predictor: %v", err)
	}
}

// promoted stores a model of the direction after the open and promotes it.
func promoted(t *testing.T, server *streamstest.Server, store files, name string, edit func(*model.Artefact)) *schemas.Model {
	t.Helper()
	base := 0.5
	a := &model.Artefact{
		Name: name, Target: "direction", Kind: model.KindLogistic, Window: schemas.WindowPreopen, HorizonS: 23400,
		SchemaHash: strings.Repeat("0", 16), Columns: []string{"posts_log"},
		Scaler: model.Scaler{Mean: []float64{0}, Scale: []float64{1}}, Linear: model.Linear{Weights: []float64{0}},
		DataHash: "d1", TrainedFrom: "2026-01-02", TrainedTo: "2026-05-29", CodeVersion: "test", Baseline: &base,
	}
	edit(a)
	file, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	at := newExchange().open(0).Add(-24 * time.Hour)
	m, err := predictor.Trained(name, file, "ada", at)
	if err != nil {
		t.Fatal(err)
	}
	store[m.Object] = file
	server.Publish(t, predictor.Stated(*m, schemas.VerbTrained, "ada", at), predictor.Stated(*m, schemas.VerbPromoted, "ada", at))
	return m
}

// TestALiveModelIsJudged lets two promoted models predict from vectors what never
// happens: the one that is nearly sure of it is said to be worse than its baseline.
func TestALiveModelIsJudged(t *testing.T) {
	t.Parallel()
	server, store, days := streamstest.Start(t), files{}, newExchange()
	promoted(t, server, store, "worse", func(a *model.Artefact) { a.Linear.Intercept = 3 })
	promoted(t, server, store, "better", func(a *model.Artefact) { a.Linear.Intercept = -3 })
	for day := range 22 {
		server.Publish(t, days.vector(day, "AAPL", 1))
		server.Publish(t, days.falls(day, "AAPL")...)
	}
	log := runLive(t, server, store, 2*22)
	if got := strings.Count(log, `"a live model is worse than its baseline" model=worse`); got != 2 {
		t.Errorf("said %d times, want once for each of the two days from the 20th that are over: %s", got, log)
	}
	if strings.Contains(log, "baseline\" model=better") || strings.Contains(log, "cannot be judged") {
		t.Errorf("got\n%s\nwant nothing said of the better model", log)
	}
}

// TestALiveFeatureDrifts lets a model that saw few posts in training predict from
// vectors of many. What is said of it is the same on a second replay, whose vectors come
// in another order and whose clock is ahead of them.
func TestALiveFeatureDrifts(t *testing.T) {
	t.Parallel()
	days := newExchange()
	replay := func(clockFirst bool) []string {
		server, store := streamstest.Start(t), files{}
		promoted(t, server, store, "drifting", func(a *model.Artefact) {
			a.Training = []model.Distribution{{Cuts: []float64{2, 4}, Rows: []int64{200, 200, 200, 0}, Days: 60, Noise: 0.02}}
		})
		var vectors, told []schemas.Event
		tickers := []string{"AAPL", "MSFT", "TSLA"}
		for day := range 22 {
			if clockFirst {
				slices.Reverse(tickers)
			}
			for at, ticker := range tickers {
				vectors = append(vectors, days.vector(day, ticker, float64(3+(day+at)%10)))
			}
			told = append(told, days.falls(day, "AAPL")...)
		}
		if clockFirst {
			vectors, told = told, vectors
		}
		server.Publish(t, vectors...)
		server.Publish(t, told...)
		var said []string
		for line := range strings.Lines(runLive(t, server, store, 3*22)) {
			if strings.Contains(line, "drifted") {
				said = append(said, line)
			}
		}
		return said
	}
	once := replay(false)
	if len(once) != 2 || !strings.Contains(once[0], `a live feature has drifted from training" model=drifting`) ||
		!strings.Contains(once[0], "feature=posts_log") || !strings.Contains(once[0], "most=0.25") {
		t.Fatalf("got %q, want two warnings that posts_log drifted", once)
	}
	if again := replay(true); !slices.Equal(again, once) {
		t.Errorf("got %q on a second replay, want %q", again, once)
	}
}

// TestAModelThatIsNeverJudgedIsNotPromoted states a version as programs before this one
// could.
func TestAModelThatIsNeverJudgedIsNotPromoted(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	m := trainedModel().Data.(*schemas.Model)
	m.Window, m.Target = schemas.Window20m, "large_move"
	c.publish(t, predictor.Stated(*m, schemas.VerbTrained, "ada", m.StatedAt))
	c.cashtag(t, "models", "promote", m.Name, m.Version).want(t, exitFailed, "large_move from 20m has no outcome")
	if got := c.messages(t, "MODELS"); got != 1 {
		t.Errorf("got %d events of models, want the one that was there", got)
	}
}
