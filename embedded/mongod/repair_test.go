package mongod_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/embedded/mongod/mongodtest"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// Each state is what a kill between two of FerretDB's commits leaves behind.
func TestKillBetweenCommitsIsUndone(t *testing.T) {
	const (
		catalogue = `CREATE TABLE "_ferretdb_collections" (name TEXT NOT NULL UNIQUE CHECK(name != ''),
			table_name TEXT NOT NULL UNIQUE CHECK(table_name != ''), settings TEXT NOT NULL CHECK(settings != '')) STRICT`
		table = `CREATE TABLE "events_12d8e384" (_ferretdb_sjson TEXT NOT NULL CHECK(_ferretdb_sjson != '')) STRICT`
		entry = `INSERT INTO "_ferretdb_collections" VALUES ('events', 'events_12d8e384', '{}')`
		index = `CREATE UNIQUE INDEX "events_12d8e384__id_" ON "events_12d8e384" (_ferretdb_sjson->"_id")`
		full  = `UPDATE "_ferretdb_collections" SET settings = '{"uuid":"4dc2f3a5-0c1f-4f0c-8a43-9a1a5c2f1f4e","indexes":[
			{"name":"_id_","key":[{"field":"_id","descending":false}],"unique":true}],"cappedSize":0,"cappedDocuments":0}'`
		slug = `CREATE UNIQUE INDEX "events_12d8e384_slug_1" ON "events_12d8e384" (_ferretdb_sjson->"slug")`
	)
	tests := []struct {
		name       string
		statements []string
	}{
		{"file alone", nil},
		{"catalogue alone", []string{catalogue}},
		{"table without entry", []string{catalogue, table}},
		{"entry without settings", []string{catalogue, table, entry}},
		{"index on _id without settings", []string{catalogue, table, entry, index}},
		{"another index without settings", []string{catalogue, table, entry, index, full, slug}},
		{"complete", []string{catalogue, table, entry, index, full}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			execute(t, filepath.Join(dir, "cashtag.sqlite"), tt.statements...)
			client := connect(t, start(t, dir).URI())
			events := client.Database("cashtag").Collection("events")

			insert(t, events, "a")
			_, err := events.InsertMany(t.Context(), documents("a"))
			if got := takenIndexes(t, err); !slices.Equal(got, []int{0}) {
				t.Errorf("got code %d at indexes %v, want [0]", duplicate, got)
			}
			model := mongo.IndexModel{Keys: bson.D{{Key: "slug", Value: 1}}}
			if _, err := events.Indexes().CreateOne(t.Context(), model); err != nil {
				t.Errorf("create index: got %v, want nil", err)
			}
			if got, want := stored(t, events), []string{"a"}; !slices.Equal(got, want) {
				t.Errorf("got documents %v, want %v", got, want)
			}
		})
	}
}

func TestDocumentsAreFoundByIndex(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir)
	client := connect(t, server.URI())
	database := client.Database("cashtag")
	insert(t, database.Collection("events"), "a", "b")
	awaitPlan(t, database, "events")
	insert(t, database.Collection("scores"), "a", "b")
	awaitPlan(t, database, "scores")

	if err := database.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	insert(t, database.Collection("events"), "c")
	awaitPlan(t, database, "events")
	disconnect(t, client)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}

	events := connect(t, start(t, dir).URI()).Database("cashtag").Collection("events")
	if got, want := stored(t, events), []string{"c"}; !slices.Equal(got, want) {
		t.Errorf("after a drop and a restart: got documents %v, want %v", got, want)
	}
}

// awaitPlan waits until the database means to find a document by an index.
// The find before it makes SQLite notice that there is a new one.
func awaitPlan(tb testing.TB, database *mongo.Database, collection string) {
	tb.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for {
		_ = database.Collection(collection).FindOne(tb.Context(), bson.D{{Key: "_id", Value: "b"}})
		var plan bson.Raw
		find := bson.D{{Key: "find", Value: collection}, {Key: "filter", Value: bson.D{{Key: "_id", Value: "b"}}}}
		if err := database.RunCommand(tb.Context(), bson.D{{Key: "explain", Value: find}}).Decode(&plan); err != nil {
			tb.Fatal(err)
		}
		if strings.Contains(plan.String(), "USING INDEX") {
			return
		}
		select {
		case <-ticker.C:
		case <-deadline.C:
			tb.Fatalf("collection %s: got plan %s, want an index in it", collection, plan)
		}
	}
}

// execute makes a database file and runs statements on it.
func execute(tb testing.TB, file string, statements ...string) {
	tb.Helper()
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		tb.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(wal)")
	if err != nil {
		tb.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(tb.Context(), statement); err != nil {
			tb.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		tb.Fatal(err)
	}
}

// The figures that the package's readers ask for: documents inserted in
// batches, and updates that find their document by _id.
func BenchmarkInsert(b *testing.B) {
	events := connect(b, mongodtest.Start(b)).Database("cashtag").Collection("events")
	const batch = 500
	n := 0
	for b.Loop() {
		ids := make([]string, batch)
		for i := range ids {
			n++
			ids[i] = "x:" + time.Duration(n).String()
		}
		insert(b, events, ids...)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "docs/s")
}

func BenchmarkReplaceByID(b *testing.B) {
	database := connect(b, mongodtest.Start(b)).Database("cashtag")
	events := database.Collection("events")
	ids := make([]string, 20_000)
	for i := range ids {
		ids[i] = "x:" + time.Duration(i).String()
	}
	insert(b, events, ids...)
	awaitPlan(b, database, "events")
	n := 0
	for b.Loop() {
		n++
		id := ids[n*7919%len(ids)]
		if _, err := events.ReplaceOne(b.Context(), bson.D{{Key: "_id", Value: id}}, bson.D{{Key: "erased", Value: true}}); err != nil {
			b.Fatal(err)
		}
	}
}
