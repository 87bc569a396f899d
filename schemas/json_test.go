package schemas_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"cashtag/schemas"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiled holds the JSON Schema of every type, with formats and content
// asserted.
var compiled = sync.OnceValues(func() (map[schemas.Type]*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.AssertContent()
	found := map[schemas.Type]*jsonschema.Schema{}
	for _, kind := range schemas.Types() {
		file, err := schemas.JSON.ReadFile("json/" + string(kind) + ".json")
		if err != nil {
			return nil, err
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(file))
		if err != nil {
			return nil, err
		}
		if err := compiler.AddResource(kind.Schema(), document); err != nil {
			return nil, err
		}
		if found[kind], err = compiler.Compile(kind.Schema()); err != nil {
			return nil, err
		}
	}
	return found, nil
})

// checkSchema validates an event against the JSON Schema of its type.
func checkSchema(t *testing.T, kind schemas.Type, event []byte) error {
	t.Helper()
	found, err := compiled()
	if err != nil {
		t.Fatalf("compile the schemas: %v", err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(event))
	if err != nil {
		t.Fatalf("parse %s: %v", event, err)
	}
	return found[kind].Validate(value)
}

// checkGo validates an event with this package.
func checkGo(event []byte) error {
	decoded, err := schemas.Decode(event)
	if err != nil {
		return err
	}
	return decoded.Validate()
}

type example struct {
	name  string
	kind  schemas.Type
	event []byte
}

// examples reads json/examples/good or bad.
func examples(tb testing.TB, folder string) []example {
	tb.Helper()
	names, err := fs.Glob(schemas.JSON, "json/examples/"+folder+"/*.json")
	if err != nil {
		tb.Fatal(err)
	}
	var found []example
	for _, name := range names {
		event, err := schemas.JSON.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		parts := strings.SplitN(path.Base(name), ".", 4)
		if len(parts) != 4 {
			tb.Fatalf("example %s: its name must be <type>.<what>.json", name)
		}
		found = append(found, example{path.Base(name), schemas.Type(strings.Join(parts[:3], ".")), event})
	}
	return found
}

func TestGoodExamples(t *testing.T) {
	seen := map[schemas.Type]bool{}
	for _, good := range examples(t, "good") {
		seen[good.kind] = true
		t.Run(good.name, func(t *testing.T) {
			if err := checkSchema(t, good.kind, good.event); err != nil {
				t.Errorf("JSON Schema: %v", err)
			}
			event, err := schemas.Decode(good.event)
			if err != nil {
				t.Fatalf("Decode: %v", err)
			}
			if err := event.Validate(); err != nil {
				t.Errorf("Validate: %v", err)
			}
			again, err := event.Encode()
			if err != nil {
				t.Fatalf("Encode: %v", err)
			}
			if got, want := parse(t, again), parse(t, good.event); !reflect.DeepEqual(got, want) {
				t.Errorf("re-encoded:\ngot  %v\nwant %v", got, want)
			}
		})
	}
	for _, kind := range schemas.Types() {
		if !seen[kind] {
			t.Errorf("type %s has no good example", kind)
		}
	}
}

func TestBadExamples(t *testing.T) {
	seen := map[schemas.Type]bool{}
	for _, bad := range examples(t, "bad") {
		seen[bad.kind] = true
		t.Run(bad.name, func(t *testing.T) {
			if err := checkSchema(t, bad.kind, bad.event); err == nil {
				t.Error("JSON Schema: accepted")
			}
			if err := checkGo(bad.event); err == nil {
				t.Error("Decode and Validate: accepted")
			}
		})
	}
	for _, kind := range schemas.Types() {
		if !seen[kind] {
			t.Errorf("type %s has no bad example", kind)
		}
	}
}

// TestBrokenExamples breaks every good example at every place: a wrong kind of
// value is refused by both, a missing field or one too many by the JSON Schema.
func TestBrokenExamples(t *testing.T) {
	for _, good := range examples(t, "good") {
		t.Run(good.name, func(t *testing.T) {
			required := requiredPaths(t, good.kind)
			for _, at := range paths(parse(t, good.event), nil) {
				name := strings.Join(at, ".")
				if strings.HasPrefix(name, "data.attributes.") {
					continue // anything goes
				}
				wrong := change(t, good.event, at, func(object map[string]any, key string) {
					if _, isBool := object[key].(bool); isBool {
						object[key] = "wrong"
					} else {
						object[key] = true
					}
				})
				if checkSchema(t, good.kind, wrong) == nil || checkGo(wrong) == nil {
					t.Errorf("%s of a wrong kind: accepted", name)
				}
				less := change(t, good.event, at, func(object map[string]any, key string) { delete(object, key) })
				if err := checkSchema(t, good.kind, less); slices.Contains(required, name) && err == nil {
					t.Errorf("%s missing: accepted by the JSON Schema", name)
				}
			}
			more := change(t, good.event, []string{"data", "additional"}, func(object map[string]any, key string) { object[key] = 1 })
			if checkSchema(t, good.kind, more) == nil {
				t.Error("unknown field in data: accepted by the JSON Schema")
			}
			if err := checkGo(more); err != nil {
				t.Errorf("unknown field in data: Decode must ignore it, got %v", err)
			}
		})
	}
}

// parse reads JSON with its numbers as they are written.
func parse(t *testing.T, data []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("parse %s: %v", data, err)
	}
	return value
}

// paths lists every key of an object and of the objects within it.
func paths(value any, prefix []string) [][]string {
	object, _ := value.(map[string]any)
	var found [][]string
	for key, child := range object {
		at := append(slices.Clone(prefix), key)
		if len(prefix) > 0 && prefix[len(prefix)-1] == "headers" {
			continue // free keys
		}
		found = append(found, at)
		found = append(found, paths(child, at)...)
	}
	return found
}

// change returns the event with the object at a path edited.
func change(t *testing.T, event []byte, at []string, edit func(object map[string]any, key string)) []byte {
	t.Helper()
	root := parse(t, event)
	object := root.(map[string]any)
	for _, key := range at[:len(at)-1] {
		object = object[key].(map[string]any)
	}
	edit(object, at[len(at)-1])
	changed, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}
