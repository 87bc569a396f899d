package schemas_test

import (
	"bytes"
	"strings"
	"testing"

	"cashtag/schemas"
)

// FuzzDecode holds Decode to what the package promises: whatever this package
// takes for valid also is by the JSON Schema once it is encoded, and encodes to
// the same bytes each time.
func FuzzDecode(f *testing.F) {
	for _, folder := range []string{"good", "bad"} {
		for _, seed := range examples(f, folder) {
			f.Add(seed.event)
		}
	}
	for _, data := range []string{
		`"type":"cashtag.log.v1","data":{"service":"m","level":"info","message":"m","attributes":{"n":1e999,"m":-0.0,"a":{"b":[null]}}}`,
		`"type":"cashtag.log.v1","data":{"service":"m","level":"info","message":"\ud800\u0000","attributes":null}`,
		`"type":"cashtag.dead.v1","data":{"consumer":"m","stream":"S","sequence":1,"subject":"s","payload":"","reason":"r","tries":1,"headers":{"a":null},"buried_at":"2026-01-01T00:00:00Z"}`,
		`"TYPE":"cashtag.clock.v1","Data":{"MIC":"XNYS","open":true,"open":false}`,
		`"type":"cashtag.clock.v1","data":{"mic":"XNYS"}`,
	} {
		f.Add([]byte(`{"specversion":"1.0","id":"1","source":"/m","subject":"m","time":"2026-01-01T00:00:00.100Z","datacontenttype":"application/json","dataschema":"urn:cashtag:schema:` +
			strings.TrimPrefix(strings.SplitN(data, `"`, 5)[3], "cashtag.") + `",` + data + `}`))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		event, err := schemas.Decode(line)
		if err != nil || event.Validate() != nil {
			return
		}
		first, err := event.Encode()
		if err != nil {
			t.Fatalf("encode a valid event: %v", err)
		}
		if err := checkSchema(t, event.Type, first); err != nil {
			t.Fatalf("valid to Go, not by the JSON Schema: %v\n%s", err, first)
		}
		again, err := schemas.Decode(first)
		if err != nil {
			t.Fatalf("decode what was encoded: %v\n%s", err, first)
		}
		second, err := again.Encode()
		if err != nil {
			t.Fatalf("encode again: %v", err)
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("encoded twice:\ngot  %s\nwant %s", second, first)
		}
	})
}
