//go:build !external

package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/s3d/s3dtest"
	"cashtag/internal/calendar"
	"cashtag/internal/model"
	"cashtag/schemas"
	"cashtag/services/archive"
	"cashtag/services/predictor"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"
)

// season is the sessions that the tests of training again live in.
func season() []calendar.Session {
	return slices.Collect(calendar.XNYS().Range(calendar.NewDate(2014, 3, 3), calendar.NewDate(2014, 8, 29)))
}

var seasonTickers = []string{"AAA", "BBB", "CCC", "DDD", "EEE", "FFF"}

// seasonDay is everything up to the close of a session and after the one before:
// posts, whose number tells a little of the next movement, bars, ticks, and last the
// close.
func seasonDay(day int) []schemas.Event {
	all := season()
	before, session := all[day-1], all[day]
	var events []schemas.Event
	for k, ticker := range seasonTickers {
		next := seasonMovement(day+1, k)
		price := 50.0
		for d := range day + 1 {
			price *= 1 + seasonMovement(d, k)
		}
		quote := &schemas.Quote{
			Feed: schemas.FeedStockNet, Kind: schemas.KindBar, Ticker: ticker, Delay: schemas.DelayEndOfDay, QuotedAt: session.Close, Price: price,
			Bar: &schemas.Bar{
				IntervalS: int64(session.Close.Sub(session.Open).Seconds()), Open: price, High: price * 1.01, Low: price * 0.99,
				Close: price, AdjClose: price, Volume: int64(1000 + day%7),
			},
		}
		events = append(events, schemas.New(schemas.QuoteID(quote), schemas.SourceStockNet, ticker, session.Close, quote))
		dice := rand.New(rand.NewPCG(uint64(day), uint64(100+k)))
		for i := range max(int(math.Round(5+1.8*(45*next+dice.NormFloat64()))), 1) {
			at := session.Open.Add(time.Duration(dice.IntN(360)) * time.Minute)
			events = append(events, seasonPost(fmt.Sprintf("%d%02d%03d", day+1, k, i), ticker, at))
		}
	}
	for at := before.Close.Add(30 * time.Minute); at.Before(session.Close); at = at.Add(30 * time.Minute) {
		events = append(events, calendar.XNYS().Tick(at))
	}
	events = append(events, calendar.XNYS().Tick(session.Close))
	slices.SortStableFunc(events, func(a, b schemas.Event) int { return a.Time.Compare(b.Time) })
	return append(events, session.Closed())
}

func seasonMovement(day, ticker int) float64 {
	return 0.01 * rand.New(rand.NewPCG(uint64(day), uint64(ticker))).NormFloat64()
}

func seasonPost(id, ticker string, at time.Time) schemas.Event {
	return schemas.New(schemas.TweetID(schemas.PlatformX, id), schemas.SourceX, ticker, at, &schemas.Tweet{
		Platform: schemas.PlatformX, PostID: id, CreatedAt: at, Text: "$" + ticker + " is good",
		Tickers: []string{ticker}, Cashtags: []string{ticker}, Author: schemas.Author{ID: "u" + strconv.Itoa(len(id)%7)},
	})
}

// retrainYAML is a file that keeps one model.
const retrainYAML = `data: {cutoff: "16:00"}
targets: [direction]
configurations: [{name: counts, columns: [posts_log]}]
c: [0.1]
bootstrap_draws: 200
models: [{name: direction, target: direction, configuration: counts}]
`

func retrainFileOf(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "analysis.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// bucketInFront is an S3 stand-in behind a proxy, which can keep to itself that a
// model was stored.
type bucketInFront struct {
	url   string
	store *archive.Store

	mu     sync.Mutex
	stored []string      // paths of models
	silent chan struct{} // closed once a model was stored whose answer is withheld
}

func newBucketInFront(t *testing.T) *bucketInFront {
	t.Helper()
	server := s3dtest.Start(t)
	user := server.Credentials()
	t.Setenv("AWS_ACCESS_KEY_ID", user.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", user.SecretKey)
	far, err := url.Parse(server.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	b := &bucketInFront{}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { // signed for the host that was asked
			r.Out.URL.Scheme, r.Out.URL.Host = far.Scheme, far.Host
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(response *http.Response) error {
			if silent := b.take(response.Request); silent != nil {
				close(silent)
				<-response.Request.Context().Done()
				return response.Request.Context().Err()
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	b.url = front.URL
	cfg := archive.DefaultConfig()
	cfg.Endpoint, cfg.PathStyle, cfg.Create = b.url, true, true
	if b.store, err = archive.NewStore(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if err := b.store.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

// hush withholds the next answer to a model that was stored, and returns what is closed
// when that has come.
func (b *bucketInFront) hush() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.silent = make(chan struct{})
	return b.silent
}

func (b *bucketInFront) take(r *http.Request) chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/models/") {
		return nil
	}
	if !slices.Contains(b.stored, r.URL.Path) {
		b.stored = append(b.stored, r.URL.Path)
	}
	silent := b.silent
	b.silent = nil
	return silent
}

// trainer is a cluster and a bucket that the service works on.
type trainer struct {
	*cluster

	bucket *bucketInFront
	file   string
}

func newTrainer(t *testing.T) *trainer {
	t.Helper()
	return &trainer{cluster: newCluster(t), bucket: newBucketInFront(t), file: retrainFileOf(t, retrainYAML)}
}

// worker is `cashtag run analysis` in a process of its own.
type worker struct {
	cmd *exec.Cmd
	log *safeLog
}

type safeLog struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

// lines are those with a text in them.
func (l *safeLog) lines(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for line := range strings.Lines(l.out.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}

// start runs the real program until it is killed, and waits for its durable.
func (c *trainer) start(t *testing.T) *worker {
	t.Helper()
	w := &worker{log: &safeLog{}}
	w.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0],
		"run", "analysis", "--retrain", c.file, "--s3-endpoint", c.bucket.url, "--http", "", "--nats-url", c.url)
	w.cmd.Env = append(os.Environ(), "CASHTAG_TEST_MAIN=1")
	w.cmd.Stderr = w.log
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.kill()
		if t.Failed() {
			t.Logf("the service wrote\n%s", strings.Join(w.log.lines(""), ""))
		}
	})
	w.awaits(t, "services started")
	streamstest.Eventually(t, "the durable", func() bool {
		_, err := c.client.JS.Consumer(t.Context(), streams.Market, retrainConsumer.Service)
		return err == nil
	})
	return w
}

// kill ends the process as kill -9 does.
func (w *worker) kill() {
	if w.cmd.ProcessState == nil {
		_ = w.cmd.Process.Kill()
		_ = w.cmd.Wait()
	}
}

// takeBack makes the server deliver at once what a killed worker had in hand.
func (c *trainer) takeBack(t *testing.T) {
	t.Helper()
	if _, err := c.client.JS.ResetConsumer(t.Context(), streams.Market, retrainConsumer.Service); err != nil {
		t.Fatal(err)
	}
}

var retrainConsumer = streams.Consumer{Service: streams.ServiceAnalysis + "-retrain", Stream: streams.Market}

// settled waits until all that was published is done with.
func (c *trainer) settled(t *testing.T) {
	t.Helper()
	streamstest.Eventually(t, "everything to be settled", func() bool {
		figures, err := durable.Inspect(t.Context(), c.client, retrainConsumer)
		if err != nil {
			t.Fatal(err)
		}
		return figures.Pending == 0 && figures.Buried == 0
	})
}

// shelf is the registry as the service sees it.
func (c *trainer) shelf() modelShelf {
	return modelShelf{ledger: modelsLedger(c.client), store: modelObjects{archive.NewObjects(c.bucket.store)}, publisher: c.publisher}
}

// objects are the models that were stored.
func (c *trainer) objects() []string {
	c.bucket.mu.Lock()
	defer c.bucket.mu.Unlock()
	return slices.Clone(c.bucket.stored)
}

// versions are those of the model, the newest first.
func (c *trainer) versions(t *testing.T) []predictor.Version {
	t.Helper()
	registry, err := c.shelf().registry(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return registry.Versions("direction")
}

// install promotes a model that is like a version, with another sign and another last
// day of training.
func (c *trainer) install(t *testing.T, like schemas.Model, sign float64, trainedTo string) string {
	t.Helper()
	a, err := predictor.Load(t.Context(), c.shelf().store, like, nil)
	if err != nil {
		t.Fatal(err)
	}
	a.Linear.Weights = slices.Clone(a.Linear.Weights)
	a.Linear.Weights[0] *= sign
	a.TrainedTo = trainedTo
	return c.promoted(t, a)
}

func (c *trainer) promoted(t *testing.T, a *model.Artefact) string {
	t.Helper()
	file, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := predictor.Trained("direction", file, "ada", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := predictor.Push(t.Context(), c.shelf().store, c.publisher, m, file); err != nil {
		t.Fatal(err)
	}
	c.publish(t, predictor.Stated(*m, schemas.VerbPromoted, "ada", time.Now()))
	return m.Version
}

// promotedNow is the version that is promoted.
func (c *trainer) promotedNow(t *testing.T) string {
	t.Helper()
	for _, v := range c.versions(t) {
		if v.Promoted {
			return v.Model.Version
		}
	}
	return ""
}

// verbs are what MODELS says, in order.
func (c *trainer) verbs(t *testing.T) []string {
	t.Helper()
	var verbs []string
	_, err := streams.ReadSince(t.Context(), c.client, streams.Models, 0, func(_ uint64, data []byte) {
		event, err := schemas.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		verbs = append(verbs, event.Data.(*schemas.Model).Verb)
	})
	if err != nil {
		t.Fatal(err)
	}
	return verbs
}

// set stores a setting as a person would.
func (c *trainer) set(t *testing.T, key, value string) {
	t.Helper()
	bucket, err := c.client.JS.KeyValue(t.Context(), streams.BucketConfig)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.PutString(t.Context(), key, value); err != nil {
		t.Fatal(err)
	}
}

// awaits waits for a line in the log.
func (w *worker) awaits(t *testing.T, text string) {
	t.Helper()
	streamstest.Eventually(t, text, func() bool { return len(w.log.lines(text)) > 0 })
}
