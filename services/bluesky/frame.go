package bluesky

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Version is a version of Jetstream's protocol.
type Version int

// The versions.
const (
	V1 Version = 1
	V2 Version = 2
)

const (
	collection = "app.bsky.feed.post"
	typeTag    = "app.bsky.richtext.facet#tag"

	kindCommit = "commit"
	kindInfo   = "info"

	operationCreate = "create"
	operationDelete = "delete"
)

// frame is what is read of a frame of either version.
type frame struct {
	kind   string
	did    string
	seq    int64 // v2
	micros int64 // when the instance saw it, Unix time in microseconds
	commit commit
	name   string // of an advice or of an error
	text   string // what the server says beside it
}

type commit struct {
	Operation  string         `json:"operation"`
	Collection string         `json:"collection"`
	RKey       string         `json:"rkey"`
	Record     jsontext.Value `json:"record"`
}

type frameV1 struct {
	DID    string `json:"did"`
	TimeUS int64  `json:"time_us"`
	Kind   string `json:"kind"`
	Commit commit `json:"commit"`
}

type frameV2 struct {
	Type    string `json:"$type"`
	Error   string `json:"error"`
	Message string `json:"message"`
	Payload struct {
		Type      string `json:"$type"`
		Seq       int64  `json:"seq"`
		DID       string `json:"did"`
		Time      string `json:"time"`
		Witnessed string `json:"witnessedAt"`
		Name      string `json:"name"`
		Message   string `json:"message"`
		commit
	} `json:"payload"`
}

// tolerant reads what the network really carries: records that nobody checked.
var tolerant = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// maxMicros is the year 9999.
const maxMicros = 253_402_300_799_000_000

func readFrame(version Version, raw []byte) (frame, error) {
	if version == V1 {
		return readV1(raw)
	}
	return readV2(raw)
}

func readV1(raw []byte) (frame, error) {
	var w frameV1
	if err := json.Unmarshal(raw, &w, tolerant); err != nil {
		return frame{}, fmt.Errorf("decode v1 frame: %w", err)
	}
	if w.TimeUS <= 0 || w.TimeUS > maxMicros {
		return frame{}, fmt.Errorf("v1 frame: time_us is %d: want microseconds", w.TimeUS)
	}
	return frame{kind: w.Kind, did: w.DID, micros: w.TimeUS, commit: w.Commit}, nil
}

func readV2(raw []byte) (frame, error) {
	var w frameV2
	if err := json.Unmarshal(raw, &w, tolerant); err != nil {
		return frame{}, fmt.Errorf("decode v2 frame: %w", err)
	}
	if w.Type == "error" {
		return frame{}, &streamError{name: w.Error, message: w.Message}
	}
	p := &w.Payload
	_, kind, ok := strings.Cut(p.Type, "#")
	if w.Type != "message" || !ok {
		return frame{}, fmt.Errorf("v2 frame: type is %.40q with a payload of type %.80q: want a message", w.Type, p.Type)
	}
	if kind == kindInfo {
		return frame{kind: kindInfo, name: p.Name, text: p.Message}, nil
	}
	// What the instance itself saw is what a cursor is compared with.
	seen := p.Witnessed
	if seen == "" {
		seen = p.Time
	}
	at, err := time.Parse(time.RFC3339Nano, seen)
	if err != nil || p.Seq <= 0 || at.UnixMicro() <= 0 || at.UnixMicro() > maxMicros {
		return frame{}, fmt.Errorf("v2 frame: seq is %d and time %.40q: want a place", p.Seq, seen)
	}
	return frame{kind: kind, did: p.DID, seq: p.Seq, micros: at.UnixMicro(), commit: p.commit}, nil
}

// streamError is what a server says before it closes the connection.
type streamError struct{ name, message string }

func (e *streamError) Error() string {
	return fmt.Sprintf("the server ended the stream: %.60q: %.200q", e.name, e.message)
}

var (
	escapedDollar = []byte(`\u0024`)
	quotedCreate  = []byte(`"create"`)
	quotedDelete  = []byte(`"delete"`)
	// keys are the names that JSON of AT Protocol has behind a $.
	keys = [][]byte{[]byte(`type":`), []byte(`link":`), []byte(`bytes":`)}
)

// mayName reports whether a frame may hold a cashtag: a $ before a letter that is
// not the beginning of a key. It says yes too often, never too rarely.
func mayName(raw []byte) bool {
	for rest := raw; ; {
		i := bytes.IndexByte(rest, '$')
		if i < 0 {
			return bytes.Contains(raw, escapedDollar)
		}
		quoted := i > 0 && rest[i-1] == '"'
		rest = rest[i+1:]
		if len(rest) > 0 && isLetter(rest[0]) && (!quoted || !isKey(rest)) {
			return true
		}
	}
}

func isKey(rest []byte) bool {
	for _, key := range keys {
		if bytes.HasPrefix(rest, key) {
			return true
		}
	}
	return false
}

// looksWhole reports whether a frame begins and ends as a JSON object does.
func looksWhole(raw []byte) bool {
	return len(raw) > 1 && raw[0] == '{' && raw[len(raw)-1] == '}'
}
