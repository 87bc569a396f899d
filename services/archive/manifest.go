package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cashtag/streams/durable"
)

const (
	// formatVersion is the layout that this package writes, and the only one yet.
	formatVersion = 1
	formatName    = "ndjson+zstd"

	objectSuffix   = ".ndjson.zst"
	manifestSuffix = ".manifest.json"
)

// Manifest says what a block is. Nothing in it depends on when or by whom the
// block was stored.
type Manifest struct {
	Version          int       `json:"version"`           // 1
	Format           string    `json:"format"`            // ndjson+zstd
	Stream           string    `json:"stream"`            // such as TWEETS
	StreamCreatedAt  time.Time `json:"stream_created_at"` // tells a stream from a later one of its name
	First            uint64    `json:"first"`             // first sequence of the block
	Last             uint64    `json:"last"`              // last sequence of the block
	Events           uint64    `json:"events"`            // lines in the object
	Gaps             uint64    `json:"gaps"`              // sequences that the stream did not have any more
	Invalid          uint64    `json:"invalid"`           // lines that hold a payload that is no JSON
	FirstStoredAt    time.Time `json:"first_stored_at"`   // when the stream stored the first of them
	LastStoredAt     time.Time `json:"last_stored_at"`    // and the last
	Object           string    `json:"object"`            // name of the object in the bucket
	Bytes            uint64    `json:"bytes"`             // of the lines, with their ends
	SHA256           string    `json:"sha256"`            // of the lines, in hex
	CompressedBytes  uint64    `json:"compressed_bytes"`  // of the object
	CompressedSHA256 string    `json:"compressed_sha256"` // of the object, in hex
}

// names are those of a block's objects.
type names struct{ object, manifest string }

func (c Config) names(stream string, first uint64) names {
	base := c.folder(stream) + fmt.Sprintf("%020d", first)
	return names{object: base + objectSuffix, manifest: base + manifestSuffix}
}

func (c Config) folder(stream string) string { return c.Prefix + stream + "/" }

// firstOf is the first sequence of the block whose manifest has that name.
func (c Config) firstOf(stream, name string) (uint64, bool) {
	digits, ok := strings.CutSuffix(strings.TrimPrefix(name, c.folder(stream)), manifestSuffix)
	if !ok {
		return 0, false
	}
	first, err := strconv.ParseUint(digits, 10, 64)
	return first, err == nil && c.names(stream, first).manifest == name
}

func newManifest(block durable.Block) Manifest {
	return Manifest{
		Version:         formatVersion,
		Format:          formatName,
		Stream:          block.Stream,
		StreamCreatedAt: block.CreatedAt.UTC(),
		First:           block.First,
		Last:            block.Last,
		Events:          block.Events,
		Gaps:            block.Gaps(),
		FirstStoredAt:   block.FirstAt.UTC(),
		LastStoredAt:    block.LastAt.UTC(),
	}
}

func (m Manifest) encode() ([]byte, error) {
	line, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode manifest %d: %w", m.First, err)
	}
	return append(line, '\n'), nil
}

func decodeManifest(data []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return Manifest{}, err
	}
	switch {
	case m.Version != formatVersion || m.Format != formatName:
		return Manifest{}, fmt.Errorf("is of version %d and format %q: this program reads version %d and %q",
			m.Version, m.Format, formatVersion, formatName)
	case m.First == 0 || m.Last < m.First || m.Events > m.Last-m.First+1:
		return Manifest{}, fmt.Errorf("has %d events from %d to %d", m.Events, m.First, m.Last)
	case m.Object == "":
		return Manifest{}, errors.New("names no object")
	}
	return m, nil
}
