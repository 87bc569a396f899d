package retrain_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/internal/calendar"
	"cashtag/internal/model"
	"cashtag/services/analysis"
	"cashtag/services/analysis/retrain"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/streamstest"
)

// sessions are those of 2014.
func sessions() []calendar.Session {
	return slices.Collect(calendar.XNYS().Range(calendar.NewDate(2014, 1, 2), calendar.NewDate(2014, 12, 31)))
}

// market is rows of four tickers whose hint tells the next movement a little: those of
// the sessions up to a close.
type market struct {
	mu    sync.Mutex
	asked []string // closes
	err   error    // of the next answer
}

func (m *market) Table(_ context.Context, of retrain.Close, cutoff string) (*analysis.Table, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, of.Date)
	if err := m.err; err != nil {
		m.err = nil
		return nil, err
	}
	random := rand.New(rand.NewPCG(3, 3))
	t := &analysis.Table{Columns: []string{"hint"}, Source: "market", Cutoff: cutoff, Schema: "9f86d081884c7d65", Window: "day"}
	for at, session := range sessions() {
		if at == 0 || session.Date.String() > of.Date {
			continue
		}
		before, nan := sessions()[at-1].Close, math.NaN()
		for _, ticker := range []string{"AAA", "BBB", "CCC", "DDD"} {
			movement := 0.01 * random.NormFloat64()
			t.Rows = append(t.Rows, analysis.Row{
				Ticker: ticker, Date: session.Date, Cutoff: before, LatestInput: before,
				Values: []float64{50*movement + random.NormFloat64()},
				Outcome: analysis.Outcome{
					Return: movement, Large: nan, Volume: nan, Relative: nan, CloseToClose: movement, LargeClose: nan, Gap: 0.001 * random.NormFloat64(), SameDay: nan,
				},
			})
		}
	}
	return t, nil
}

// fail makes the next answer an error.
func (m *market) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *market) closes() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.asked)
}

// shelf keeps models, and dies where it is told to.
type shelf struct {
	mu       sync.Mutex
	files    map[string][]byte // by version
	stated   []string          // what was stated, in order
	promoted string
	refused  error
	pushed   []string     // names, in order
	die      func() error // before the next statement
	dieAt    string       // of a name alone; "" for any
}

func (s *shelf) Push(_ context.Context, name string, file []byte, st retrain.Statement) (string, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version := model.ArtefactHash(file)[:8]
	_, stored := s.files[version]
	s.files[version], s.pushed = file, append(s.pushed, name)
	if die := s.die; die != nil && (s.dieAt == "" || s.dieAt == name) {
		s.die = nil
		return "", false, die()
	}
	verb := fmt.Sprintf("%s trained by %s", name, st.By)
	if stored && slices.Contains(s.stated, version+" "+verb) {
		return version, true, nil
	}
	s.stated = append(s.stated, version+" "+verb)
	return version, false, nil
}

func (s *shelf) Promoted(context.Context, string) (retrain.Served, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.promoted == "" {
		return retrain.Served{}, nil
	}
	a, err := model.DecodeArtefact(s.files[s.promoted])
	return retrain.Served{Version: s.promoted, Artefact: a, Refused: s.refused}, err
}

func (s *shelf) Promote(_ context.Context, name, version string, st retrain.Statement) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.promoted = version
	s.stated = append(s.stated, fmt.Sprintf("%s %s promoted by %s", version, name, st.By))
	return nil
}

// pushes are the names of what was pushed, in order.
func (s *shelf) pushes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.pushed)
}

// served is the version that is promoted.
func (s *shelf) served() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.promoted
}

func (s *shelf) statements() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.stated)
}

// put promotes a model of the sessions up to a date, whose weights are times a factor.
func (s *shelf) put(t *testing.T, date string, factor float64) string {
	t.Helper()
	table, err := new(market).Table(t.Context(), retrain.Close{Date: date}, analysis.CutoffClose)
	if err != nil {
		t.Fatal(err)
	}
	a, err := analysis.Train(t.Context(), analysis.Input{Table: table, Version: "test"}, file().Config, "hint", analysis.Direction)
	if err != nil {
		t.Fatal(err)
	}
	a.Linear.Weights[0] *= factor
	body, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s.promoted = model.ArtefactHash(body)[:8]
	s.files[s.promoted] = body
	return s.promoted
}

// rule is settings that may be changed meanwhile.
type rule struct {
	mu    sync.Mutex
	every int
	word  string
}

func (r *rule) Every() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.every
}

func (r *rule) Rule() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.word
}

func (r *rule) set(every int, word string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.every, r.word = every, word
}

func file() retrain.File {
	c := analysis.DefaultConfig()
	c.C, c.Draws = []float64{0.1}, 200
	c.Configurations = []analysis.Configuration{{Name: "hint", Columns: []string{"hint"}}}
	c.Models = []analysis.Kept{{Name: "up", Target: analysis.Direction, Configuration: "hint"}}
	return retrain.File{Path: "analysis.yaml", Config: c}
}

// rig is a server, and what a worker works with.
type rig struct {
	server   *streamstest.Server
	rows     *market
	shelf    *shelf
	settings *rule
	cfg      retrain.Config
	log      streamstest.Log
}

func newRig(t *testing.T) *rig {
	t.Helper()
	cfg := retrain.DefaultConfig()
	cfg.Files, cfg.Version = []retrain.File{file()}, "test"
	return &rig{
		server: streamstest.Start(t), rows: &market{}, shelf: &shelf{files: make(map[string][]byte)},
		settings: &rule{every: 1, word: retrain.RuleNever}, cfg: cfg,
	}
}

var consumer = streams.Consumer{Service: streams.ServiceAnalysis + "-retrain", Stream: streams.Market}

// start runs a worker with the service's own permissions.
func (r *rig) start(t *testing.T) *streamstest.Running {
	t.Helper()
	sink, err := retrain.New(r.cfg, r.rows, r.shelf, r.settings, r.log.Logger())
	if err != nil {
		t.Fatal(err)
	}
	client := r.server.ConnectAs(t, streams.ServiceAnalysis)
	cfg := durable.DefaultConfig(consumer)
	cfg.Alone, cfg.Linger, cfg.Grace = true, 5*time.Millisecond, 0
	runner, err := durable.New(client, streamstest.NewPublisher(t, client), sink, streamstest.NewSwitch(true), r.log.Logger(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return streamstest.Run(t, runner.Run)
}

// closed publishes a session as the market states it: opened, ticks, closed.
func (r *rig) closed(t *testing.T, session calendar.Session) {
	t.Helper()
	r.server.Publish(t, session.Opened(), calendar.XNYS().Tick(session.Open), calendar.XNYS().Tick(session.Close), session.Closed())
}

// settled waits until everything published was acknowledged.
func (r *rig) settled(t *testing.T) {
	t.Helper()
	streamstest.Eventually(t, "everything to be settled", func() bool {
		figures, err := durable.Inspect(t.Context(), r.server.Client, consumer)
		if err != nil {
			t.Fatal(err)
		}
		return figures.Ran && figures.Pending == 0
	})
}

// lines are those of the log with a text in them.
func (r *rig) lines(text string) []string {
	var found []string
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, text) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

var errAway = errors.New("connection refused")
