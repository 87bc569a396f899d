package main

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cashtag/streams"
)

// TestEveryServiceCanRun holds what this program can run against who may connect.
func TestEveryServiceCanRun(t *testing.T) {
	t.Parallel()
	known := streams.Services()
	for _, name := range runNames() {
		if !slices.Contains(known, name) {
			t.Errorf("%s can run and has no permissions: give it some in streams", name)
		}
	}
	// api is every process's own, and replay is what `up` and `tape play` do.
	others := []string{streams.ServiceAPI, streams.ServiceReplay}
	for _, name := range known {
		if !slices.Contains(runNames(), name) && !slices.Contains(others, name) {
			t.Errorf("%s has permissions and cannot run: give it a recipe", name)
		}
	}
}

func TestHelpNamesEveryService(t *testing.T) {
	t.Parallel()
	help := strings.Join(strings.Fields(helpOf(t, "run")), " ")
	if list := strings.Join(runNames(), ", "); !strings.Contains(help, list) {
		t.Errorf("cashtag run --help: got\n%s\nwant %q in it", help, list)
	}
	for _, each := range recipes() {
		if !strings.Contains(help, each.name+" "+each.does) {
			t.Errorf("cashtag run --help: got nothing of what %s does", each.name)
		}
	}
	c := &cluster{url: "nats://" + nobody}
	for _, args := range [][]string{{"run", "redis"}, {"run", "mongo", "redis"}} {
		c.cashtag(t, args...).want(t, exitUsage, `service "redis" is not known: choose from `+strings.Join(runNames(), ", "))
	}
}

// helpOf is what `--help` of a command prints.
func helpOf(t *testing.T, command ...string) string {
	t.Helper()
	var out, err bytes.Buffer
	if code := Main(t.Context(), append(command, "--help"), Console{Out: &out, Err: &err}); code != exitDone || err.Len() > 0 {
		t.Fatalf("%q --help: got exit code %d and %q", command, code, err.String())
	}
	return out.String()
}

// TestEveryHelpHasAnExample runs --help of each command, and wants one that can be
// copied from it, set apart from the text.
func TestEveryHelpHasAnExample(t *testing.T) {
	t.Parallel()
	var cli CLI
	parser, err := newParser(&cli, Console{})
	if err != nil {
		t.Fatal(err)
	}
	leaves := parser.Model.Leaves(true)
	if len(leaves) < 20 {
		t.Fatalf("got %d commands, want all", len(leaves))
	}
	for _, leaf := range leaves {
		path := strings.Fields(leaf.Path())
		path = slices.DeleteFunc(path, func(word string) bool {
			return strings.HasPrefix(word, "<") || strings.HasPrefix(word, "[") || word == "..."
		})
		help := helpOf(t, path...)
		example := regexp.MustCompile(`(?m)^    (\S+=\S+ |\S+ \S+ \| )?cashtag (models )?` + path[0] + `\b`)
		if !example.MatchString(help) {
			t.Errorf("cashtag %s --help: got no example in\n%s", strings.Join(path, " "), help)
		}
		if strings.Contains(help, "=STRING") {
			t.Errorf("cashtag %s --help: got STRING for what a flag takes, want a word that says it in\n%s", strings.Join(path, " "), help)
		}
	}
}
