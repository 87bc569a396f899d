package schemas_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cashtag/schemas"
)

// property is what of a JSON Schema this test looks at.
type property struct {
	ID                   string               `json:"$id"`
	Ref                  string               `json:"$ref"`
	Description          string               `json:"description"`
	Type                 string               `json:"type"`
	Format               string               `json:"format"`
	Enum                 []string             `json:"enum"`
	Const                any                  `json:"const"`
	ContentEncoding      string               `json:"contentEncoding"`
	Items                *property            `json:"items"`
	Required             []string             `json:"required"`
	Properties           map[string]*property `json:"properties"`
	AdditionalProperties any                  `json:"additionalProperties"`
	Defs                 map[string]*property `json:"$defs"`
}

func readSchema(t *testing.T, kind schemas.Type) *property {
	t.Helper()
	file, err := schemas.JSON.ReadFile("json/" + string(kind) + ".json")
	if err != nil {
		t.Fatal(err)
	}
	schema := new(property)
	if err := json.Unmarshal(file, schema); err != nil {
		t.Fatalf("schema of %s: %v", kind, err)
	}
	return schema
}

// requiredPaths lists the required fields of a type, those of optional objects
// included.
func requiredPaths(t *testing.T, kind schemas.Type) []string {
	t.Helper()
	var found []string
	var walk func(prefix string, schema *property)
	walk = func(prefix string, schema *property) {
		for _, name := range schema.Required {
			found = append(found, prefix+name)
		}
		for name, child := range schema.Properties {
			walk(prefix+name+".", child)
		}
	}
	walk("", readSchema(t, kind))
	return found
}

// goTypes finds the Go type of every event type through Decode.
func goTypes(t *testing.T) map[schemas.Type]reflect.Type {
	t.Helper()
	found := map[schemas.Type]reflect.Type{}
	for _, kind := range schemas.Types() {
		event, err := schemas.Decode([]byte(`{"type":"` + string(kind) + `","data":{},"time":"2026-01-01T00:00:00Z"}`))
		if err != nil {
			t.Fatalf("decode an empty %s: %v", kind, err)
		}
		if got := event.Data.EventType(); got != kind {
			t.Fatalf("event type of decoded %s: got %s", kind, got)
		}
		found[kind] = reflect.TypeOf(event.Data).Elem()
	}
	return found
}

func TestSchemasAgreeWithGoTypes(t *testing.T) {
	for kind, data := range goTypes(t) {
		t.Run(string(kind), func(t *testing.T) {
			schema := readSchema(t, kind)
			if schema.ID != kind.Schema() {
				t.Errorf("$id: got %q, want %q", schema.ID, kind.Schema())
			}
			agree(t, "", schema, reflect.TypeFor[schemas.Event](), data)
		})
	}
}

// agree compares an object of a schema with a struct, field by field and both
// ways. data stands in for the interface of Event.Data.
func agree(t *testing.T, at string, schema *property, structure, data reflect.Type) {
	t.Helper()
	if schema.Type != "object" {
		t.Errorf("%s: type is %q, want object for %s", at, schema.Type, structure)
	}
	if at != "" && schema.AdditionalProperties != false {
		t.Errorf("%s: additionalProperties is %v, want false", at, schema.AdditionalProperties)
	}
	fields := map[string]bool{}
	for field := range structure.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[name] = true
		child := schema.Properties[name]
		path := at + name
		if child == nil {
			t.Errorf("%s: a field of %s, not of the schema", path, structure)
			continue
		}
		if got, want := slices.Contains(schema.Required, name), options != "omitempty"; got != want {
			t.Errorf("%s: required in the schema is %t, in %s it is %t", path, got, structure, want)
		}
		if child.Description == "" {
			t.Errorf("%s: has no description", path)
		}
		kind := field.Type
		if kind.Kind() == reflect.Interface {
			kind = data
		}
		agreeValue(t, path, child, kind)
	}
	for name := range schema.Properties {
		if !fields[name] {
			t.Errorf("%s%s: a property of the schema, not of %s", at, name, structure)
		}
	}
}

func agreeValue(t *testing.T, at string, schema *property, kind reflect.Type) {
	t.Helper()
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	got := schema.Type
	if len(schema.Enum) > 0 {
		got = "string"
	}
	if _, ok := schema.Const.(string); ok {
		got = "string"
	}
	if schema.Ref != "" {
		got = schema.Ref
	}
	var want string
	switch {
	case kind == reflect.TypeFor[time.Time]():
		want = "#/$defs/time"
	case kind == reflect.TypeFor[[]byte]():
		want = "string"
		if schema.ContentEncoding != "base64" {
			t.Errorf("%s: contentEncoding is %q, want base64", at, schema.ContentEncoding)
		}
	case kind.Kind() == reflect.Struct:
		agree(t, at+".", schema, kind, nil)
		return
	case kind.Kind() == reflect.Slice:
		want = "array"
		if schema.Items == nil {
			t.Fatalf("%s: has no items", at)
		}
		agreeValue(t, at+"[]", schema.Items, kind.Elem())
	case kind.Kind() == reflect.Map:
		want = "object"
	default:
		want = scalar(kind)
	}
	if got != want {
		t.Errorf("%s: type is %q, want %q for %s", at, got, want, kind)
	}
}

func scalar(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int64, reflect.Uint64:
		return "integer"
	case reflect.Float64:
		return "number"
	default:
		return fmt.Sprintf("nothing that JSON has for %s", kind)
	}
}

func TestDatesAreNamedAsDates(t *testing.T) {
	for _, kind := range schemas.Types() {
		schema := readSchema(t, kind)
		if got := schema.Defs["time"]; got == nil || got.Format != "date-time" {
			t.Errorf("%s: $defs/time is %+v, want format date-time", kind, got)
		}
		dates := 0
		var walk func(at string, schema *property)
		walk = func(at string, schema *property) {
			for name, child := range schema.Properties {
				isDate := child.Ref == "#/$defs/time" || child.Format == "date-time"
				named := name == "time" || strings.HasSuffix(name, "_at")
				if isDate != named {
					t.Errorf("%s: %s%s is a date: %t, is named as one: %t", kind, at, name, isDate, named)
				}
				if isDate {
					dates++
				}
				walk(at+name+".", child)
			}
		}
		walk("", schema)
		if dates == 0 {
			t.Errorf("%s: no date found, not even the envelope's", kind)
		}
	}
}

// TestEnvelopesAreOne holds the copies of the envelope together: every schema
// stands alone, so that any validator reads it without a registry.
func TestEnvelopesAreOne(t *testing.T) {
	envelope := func(kind schemas.Type) string {
		file, err := schemas.JSON.ReadFile("json/" + string(kind) + ".json")
		if err != nil {
			t.Fatal(err)
		}
		schema := map[string]any{}
		if err := json.Unmarshal(file, &schema); err != nil {
			t.Fatal(err)
		}
		for _, own := range []string{"$id", "title", "description"} {
			if schema[own] == "" {
				t.Errorf("%s: has no %s", kind, own)
			}
			delete(schema, own)
		}
		properties := schema["properties"].(map[string]any)
		delete(properties, "data")
		for name, want := range map[string]string{"type": string(kind), "dataschema": kind.Schema()} {
			if got := properties[name].(map[string]any)["const"]; got != want {
				t.Errorf("%s: %s is %v, want %s", kind, name, got, want)
			}
			delete(properties[name].(map[string]any), "const")
		}
		text, err := json.MarshalIndent(schema, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	want := envelope(schemas.TypeTweet)
	for _, kind := range schemas.Types() {
		if got := envelope(kind); got != want {
			t.Errorf("envelope of %s:\ngot  %s\nwant %s", kind, got, want)
		}
	}
}
