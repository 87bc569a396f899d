package main

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cashtag/streams"
	"cashtag/streams/flag"
)

// architecture is docs/architecture.md, from a heading to the next one of its kind;
// "" is all of it.
func architecture(t *testing.T, heading string) string {
	t.Helper()
	content, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut("\n"+string(content), "\n"+heading)
	if !found {
		t.Fatalf("docs/architecture.md has no heading %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// TestArchitectureNamesEveryRoom wants each package of the house in its table: by its
// path, or by its last part in the line of its siblings.
func TestArchitectureNamesEveryRoom(t *testing.T) {
	t.Parallel()
	house := architecture(t, "## The house")
	root := os.DirFS("../..")
	for _, floor := range []string{"services", "streams", "internal", "embedded"} {
		rooms, err := fs.ReadDir(root, floor)
		if err != nil {
			t.Fatal(err)
		}
		for _, room := range rooms {
			if !room.IsDir() || room.Name() == "testdata" {
				continue
			}
			full := "`" + path.Join(floor, room.Name()) + "`"
			inFloor := regexp.MustCompile(`(?m)^\| ` + "`" + floor + `\b.*` + "`" + room.Name() + "`")
			if !strings.Contains(house, full) && !inFloor.MatchString(house) {
				t.Errorf("docs/architecture.md: The house has no %s", full)
			}
		}
	}
}

// TestArchitectureNamesTheTopology wants every stream, bucket, durable and flag.
func TestArchitectureNamesTheTopology(t *testing.T) {
	t.Parallel()
	for _, name := range streams.StreamNames() {
		if !strings.Contains(architecture(t, "## Events"), "\n| "+name+" |") {
			t.Errorf("docs/architecture.md: Events has no row of %s", name)
		}
	}
	topology, err := streams.NewTopology(streams.DefaultSize())
	if err != nil {
		t.Fatal(err)
	}
	text := architecture(t, "## Streams")
	for _, bucket := range topology.Buckets {
		if !strings.Contains(text, "\n| `"+bucket.Bucket+"` |") {
			t.Errorf("docs/architecture.md: Streams has no row of the bucket %s", bucket.Bucket)
		}
	}
	rows := regexp.MustCompile("(?m)^\\| (`.*) \\| (.*) \\| .* \\|$").FindAllStringSubmatch(text, -1)
	for _, consumer := range streams.Consumers() {
		listed := slices.ContainsFunc(rows, func(row []string) bool {
			return strings.Contains(row[1], "`"+consumer.Service+"`") && (strings.HasPrefix(row[2], "all but") || slices.Contains(strings.Split(row[2], ", "), consumer.Stream))
		})
		if !listed {
			t.Errorf("docs/architecture.md: Streams has no row of the durable %s on %s", consumer.Service, consumer.Stream)
		}
	}
	without := architecture(t, "## Feature flags")
	for _, name := range runNames() {
		has := slices.ContainsFunc(flag.Table(), func(known flag.Known) bool { return known.Name == name })
		if says := strings.Contains(without, "`"+name+"`, ") || strings.Contains(without, "`"+name+"` and") || strings.Contains(without, "`"+name+"` always"); !has && !says {
			t.Errorf("docs/architecture.md: Feature flags does not say that %s has none", name)
		}
	}
}
