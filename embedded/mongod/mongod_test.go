package mongod_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"cashtag/embedded/child"
	"cashtag/embedded/mongod"
	"cashtag/embedded/mongod/mongodtest"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"
)

func TestMain(m *testing.M) {
	child.Main(mongod.Child())
	os.Exit(m.Run())
}

func TestUnorderedInsert(t *testing.T) {
	tests := []struct {
		name        string
		stored, ids []string
		taken       []int // indexes of ids
	}{
		{"all new", nil, []string{"a", "b", "c"}, nil},
		{"some stored before", []string{"b", "d"}, []string{"a", "b", "c", "d", "e"}, []int{1, 3}},
		{"all stored before", []string{"a", "b"}, []string{"a", "b"}, []int{0, 1}},
		{"twice in one batch", nil, []string{"a", "b", "a"}, []int{2}},
	}
	client := connect(t, mongodtest.Start(t))
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			events := client.Database("cashtag").Collection(fmt.Sprintf("events%d", i))
			if len(tt.stored) > 0 {
				insert(t, events, tt.stored...)
			}
			_, err := events.InsertMany(t.Context(), documents(tt.ids...), options.InsertMany().SetOrdered(false))
			if got := takenIndexes(t, err); !slices.Equal(got, tt.taken) {
				t.Errorf("got code %d at indexes %v, want %v", duplicate, got, tt.taken)
			}
			want := slices.Compact(slices.Sorted(slices.Values(append(tt.stored, tt.ids...))))
			if got := stored(t, events); !slices.Equal(got, want) {
				t.Errorf("got documents %v, want %v", got, want)
			}
		})
	}
}

func TestIndexes(t *testing.T) {
	events := connect(t, mongodtest.Start(t)).Database("cashtag").Collection("events")
	models := []mongo.IndexModel{
		{Keys: bson.D{{Key: "subject", Value: 1}, {Key: "time", Value: -1}}},
		{Keys: bson.D{{Key: "slug", Value: 1}}, Options: options.Index().SetUnique(true)},
	}
	for range 2 { // as every start of a sink does
		for _, model := range models {
			if _, err := events.Indexes().CreateOne(t.Context(), model); err != nil {
				t.Fatal(err)
			}
		}
	}
	listed, err := events.Indexes().ListSpecifications(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, index := range listed {
		got = append(got, index.Name)
	}
	if want := []string{"_id_", "slug_1", "subject_1_time_-1"}; !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		t.Errorf("got indexes %v, want %v", got, want)
	}

	_, err = events.InsertMany(t.Context(), []any{
		bson.M{"_id": "a", "slug": "one"}, bson.M{"_id": "b", "slug": "one"},
	}, options.InsertMany().SetOrdered(false))
	if got, want := takenIndexes(t, err), []int{1}; !slices.Equal(got, want) {
		t.Errorf("unique index: got code %d at indexes %v, want %v", duplicate, got, want)
	}
}

// A path may hold whatever a file system allows: FerretDB takes it as a URL
// and as a pattern.
func TestRestartKeepsDocuments(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "50% [of] #what?")
	for run, want := range [][]string{{"a"}, {"a", "b"}, {"a", "b", "c"}} {
		server := start(t, dir)
		client := connect(t, server.URI())
		events := client.Database("cashtag").Collection("events")
		insert(t, events, want[run])
		_, err := events.InsertMany(t.Context(), documents("a"))
		if got := takenIndexes(t, err); !slices.Equal(got, []int{0}) {
			t.Errorf("run %d: got code %d at indexes %v, want [0]", run, duplicate, got)
		}
		if got := stored(t, events); !slices.Equal(got, want) {
			t.Errorf("run %d: got documents %v, want %v", run, got, want)
		}
		disconnect(t, client)
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKillKeepsAcknowledged(t *testing.T) {
	const (
		writers   = 4
		batch     = 50
		enough    = 40 // acknowledged batches before the kill
		batchesOf = 1000
	)
	dir := t.TempDir()
	server := start(t, dir)
	events := connect(t, server.URI()).Database("cashtag").Collection("events")

	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-server.Done()
		cancel() // the driver would look for another server
	}()
	var acknowledged atomic.Int64
	done := make([][]string, writers)
	var group errgroup.Group
	for w := range writers {
		group.Go(func() error {
			for b := range batchesOf {
				ids := make([]string, batch)
				for i := range ids {
					ids[i] = fmt.Sprintf("%d-%d-%d", w, b, i)
				}
				if _, err := events.InsertMany(ctx, documents(ids...)); err != nil {
					return nil // the server is gone
				}
				done[w] = append(done[w], ids...)
				if acknowledged.Add(1) == enough {
					return syscall.Kill(server.Pid(), syscall.SIGKILL)
				}
			}
			return errors.New("wrote everything before the kill")
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	<-server.Done()

	again := start(t, dir)
	got := stored(t, connect(t, again.URI()).Database("cashtag").Collection("events"))
	want := slices.Concat(done...)
	if len(want) < enough*batch {
		t.Fatalf("got %d documents acknowledged, want at least %d", len(want), enough*batch)
	}
	for _, id := range want {
		if _, found := slices.BinarySearch(got, id); !found {
			t.Fatalf("document %s was acknowledged, got %d documents without it", id, len(got))
		}
	}
	if len(got)%batch != 0 {
		t.Errorf("got %d documents, want whole batches of %d", len(got), batch)
	}
}

func TestStartFails(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, "notes.sqlite"), []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	busy := listener.Addr().String()

	tests := []struct {
		name, dir, addr, want string
	}{
		{"no directory", "", "", `mongod: Dir is "", want a directory for the database files`},
		{"all interfaces", t.TempDir(), "0.0.0.0:0", `mongod: Addr is "0.0.0.0:0", want a loopback host and port`},
		{"directory is a file", file, "", "start mongod: mongod: make directory: mkdir " + file + ": not a directory"},
		{"address in use", t.TempDir(), busy, "start mongod: mongod: listen tcp " + busy + ": bind: address already in use"},
		{"file of another kind", foreign, "", "start mongod: mongod: open notes.sqlite: file is not a database"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, err := mongod.Start(t.Context(), mongod.Config{Dir: tt.dir, Addr: tt.addr})
			if err == nil {
				_ = server.Close()
				t.Fatalf("got no error, want %q", tt.want)
			}
			if got := err.Error(); !strings.HasPrefix(got, tt.want) || strings.Contains(got, "\n") {
				t.Errorf("got error %q, want one line that begins with %q", got, tt.want)
			}
		})
	}
}

func TestListensOnLoopbackOnly(t *testing.T) {
	uri, err := url.Parse(mongodtest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := uri.Hostname(), "127.0.0.1"; got != want {
		t.Errorf("got host %s, want %s", got, want)
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, addr := range addrs {
		network, ok := addr.(*net.IPNet)
		if !ok || network.IP.IsLoopback() || network.IP.To4() == nil {
			continue
		}
		outside := net.JoinHostPort(network.IP.String(), uri.Port())
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", outside)
		if err == nil {
			_ = conn.Close()
			t.Errorf("got a connection to %s, want none", outside)
		}
	}
}
