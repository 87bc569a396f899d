package mongo_test

import (
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cashtag/embedded/child"
	"cashtag/embedded/mongod"
	"cashtag/embedded/mongod/mongodtest"
	"cashtag/schemas"
	"cashtag/services/mongo"
	"cashtag/streams"
	"cashtag/streams/durable"
	"cashtag/streams/durable/sinktest"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

func TestMain(m *testing.M) {
	child.Main(mongod.Child())
	m.Run()
}

// wire stands between a driver and a server and can be cut.
type wire struct {
	target string
	addr   string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func newWire(t *testing.T, target string) *wire {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{target: target, addr: listener.Addr().String()}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			w.join(t, &serving, conn)
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		w.set(true)
		serving.Wait()
	})
	return w
}

// join connects conn with the server, unless the wire is cut.
func (w *wire) join(t *testing.T, serving *sync.WaitGroup, conn net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	far, err := new(net.Dialer).DialContext(t.Context(), "tcp", w.target)
	if err != nil || w.cut {
		_ = conn.Close()
		return
	}
	w.conns = append(w.conns, conn, far)
	pump := func(from, to net.Conn) {
		_, _ = to.(*net.TCPConn).ReadFrom(from)
		_ = from.Close()
		_ = to.Close()
	}
	serving.Go(func() { pump(conn, far) })
	serving.Go(func() { pump(far, conn) })
}

func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	for _, conn := range w.conns {
		_ = conn.Close()
	}
	w.conns = nil
}

func TestConformance(t *testing.T) {
	t.Parallel()
	uri := mongodtest.Start(t)
	host := strings.TrimSuffix(strings.TrimPrefix(uri, "mongodb://"), "/")
	var number int
	sinktest.Run(t, sinktest.Suite{
		Consumer: streams.Consumer{Service: streams.ServiceMongo, Stream: streams.Tweets},
		Poison:   []byte("no event at all"),
		Open: func(t *testing.T) sinktest.FarEnd {
			number++
			database := "test" + string(rune('a'+number)) // an empty one for each test
			line := newWire(t, host)
			fresh := func(t *testing.T) durable.Sink {
				sink := newSink(t, "mongodb://"+line.addr+"/?directConnection=true", func(cfg *mongo.Config) { cfg.Database = database })
				if err := sink.Ensure(t.Context()); err != nil {
					t.Fatalf("ensure: %v", err)
				}
				return sink
			}
			return sinktest.FarEnd{
				Sink:   fresh(t),
				Reopen: fresh,
				Stored: func(t *testing.T) []string { return storedIDs(t, uri, database) },
				Outage: func(_ *testing.T, on bool) { line.set(on) },
			}
		},
	})
}

func connect(t *testing.T, uri string) *driver.Client {
	t.Helper()
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(t.Context()) })
	return client
}

func storedIDs(t *testing.T, uri, database string) []string {
	t.Helper()
	cursor, err := connect(t, uri).Database(database).Collection("tweets").Find(t.Context(), bson.D{}, options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		t.Fatalf("find: %v", err)
	}
	var documents []struct {
		ID string `bson:"_id"`
	}
	if err := cursor.All(t.Context(), &documents); err != nil {
		t.Fatalf("read: %v", err)
	}
	ids := make([]string, len(documents))
	for i, document := range documents {
		ids[i] = document.ID
	}
	return ids
}

// TestRealServer writes what servers are known to differ in, and reads it back
// with the official driver.
func TestRealServer(t *testing.T) {
	t.Parallel()
	uri := mongodtest.Start(t)
	store := newStore(t, uri, slog.New(slog.DiscardHandler), func(cfg *mongo.Config) { cfg.TTL = map[string]time.Duration{streams.Logs: time.Hour} })
	sink := store.Sink(streams.Logs)
	for range 2 { // the second time the indexes exist
		if err := sink.Ensure(t.Context()); err != nil {
			t.Fatalf("ensure: %v", err)
		}
	}
	event := schemas.New("demo:log:1", "/demo/logs", "mongo", storedAt, &schemas.Log{
		Service: "mongo", Level: schemas.LevelWarn, Message: "slow", Attributes: map[string]any{
			"http.status": 500, "$ref": true, "took_ms": 1.5, "": "empty", "nested": map[string]any{"a.b": []any{1, "x"}},
		},
	})
	data, err := event.Encode()
	if err != nil {
		t.Fatal(err)
	}
	batch := []durable.Message{
		message("demo:log:1", string(data)),
		message("bad", `{"id":"bad","data":[[1]]}`), // FerretDB refuses lists in lists, MongoDB does not
		message("demo:log:1", string(data)),
	}
	for range 2 {
		errs := sink.Write(t.Context(), batch)
		sinktest.WantKinds(t, errs, "stored", "poison", "stored")
	}
	var document bson.D
	if err := connect(t, uri).Database("cashtag").Collection("logs").FindOne(t.Context(), bson.D{{Key: "_id", Value: "demo:log:1"}}).Decode(&document); err != nil {
		t.Fatalf("find: %v", err)
	}
	raw, err := bson.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	got := bson.Raw(raw)
	for path, want := range map[string]string{
		"time":                           `{"$date":{"$numberLong":"1773844200123"}}`,
		"stored_at":                      `{"$date":{"$numberLong":"1773844200123"}}`,
		"sequence":                       `{"$numberLong":"7"}`,
		"data/attributes/http%2Estatus":  `{"$numberLong":"500"}`,
		"data/attributes/%24ref":         `true`,
		"data/attributes/took_ms":        `{"$numberDouble":"1.5"}`,
		"data/attributes/nested/a%2Eb/1": `"x"`,
	} {
		if got := got.Lookup(strings.Split(path, "/")...).String(); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	names := indexNames(t, uri)
	if !slices.Contains(names, "subject_1_time_1") {
		t.Errorf("got indexes %q, want one of subject and time", names)
	}
}

func indexNames(t *testing.T, uri string) []string {
	t.Helper()
	specs, err := connect(t, uri).Database("cashtag").Collection("logs").Indexes().ListSpecifications(t.Context())
	if err != nil {
		t.Fatalf("list indexes: %v", err)
	}
	names := make([]string, len(specs))
	for i, spec := range specs {
		names[i] = spec.Name
	}
	return names
}
